import { Command } from 'commander';
import { utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import type { RuleExplanation, RulePolicy } from '../gate/policy.ts';
import type { PolicyCall } from '../gate/policy-schema.ts';
import { type Done, newCommand, quiet } from './command.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { parseDocument } from './json-input.ts';
import { jsonText, printable } from './printable.ts';
import { readWhole } from './whole-input.ts';

interface PolicyOptions {
  readonly json?: true;
}

interface ExplainOptions extends PolicyOptions {
  readonly call: string;
}

/** `perdure policy`. */
export function definePolicy(io: Io, done: Done): Command {
  const policy = quiet(io, new Command('perdure policy').description('what a gate allows: check, test, explain'));
  const file = '<file>';
  policy.addCommand(
    newCommand(io, 'check', 'read a policy; every breach with its line and column')
      .argument(file, 'YAML or JSON, or - for standard input')
      .action(async (path: string, options: PolicyOptions) => done(await check(io, path, options))),
  );
  policy.addCommand(
    newCommand(io, 'test', 'run the cases that a policy brings along')
      .argument(file, 'YAML or JSON, or - for standard input')
      .action(async (path: string, options: PolicyOptions) => done(await test(io, path, options))),
  );
  policy.addCommand(
    newCommand(io, 'explain', 'say which rule decides a call, and why the others do not')
      .argument(file, 'YAML or JSON')
      .requiredOption(
        '--call <file>',
        'the call as JSON {agent, tool, role?, tenant?, labels?, params?, at?}; - for standard input',
      )
      .action(async (path: string, options: ExplainOptions) => done(await explain(io, path, options))),
  );
  return policy;
}

async function check(io: Io, path: string, { json }: PolicyOptions): Promise<number> {
  const policy = await open(io, path);
  const probe = policy.forbidden();
  const facts = {
    schema: 'perdure/policy/v1',
    policy_hash: policy.hash,
    rules: policy.rules.length,
    refuses: probe !== null,
  };
  if (json) await io.stdout.write(`${jsonText(facts)}\n`);
  else {
    await io.stdout.write(`policy ${policy.hash}\n  ${policy.rules.length} rules\n`);
    if (probe === null) await io.stderr.write('nothing found that it refuses: a gate will not arm with it\n');
  }
  return EXIT.ok;
}

async function test(io: Io, path: string, { json }: PolicyOptions): Promise<number> {
  const policy = await open(io, path);
  const results = policy.test();
  if (results.length === 0) {
    throw new ReceiptError('USAGE', `${path}: expected cases under tests, got none: nothing was shown`, {
      at: path,
      next: ['add tests: [{ name, call: { agent, tool }, expect }]'],
    });
  }
  const failed = results.filter(({ passed }) => !passed);
  if (json) {
    await io.stdout.write(
      `${jsonText({ schema: 'perdure/policy-test/v1', policy_hash: policy.hash, cases: results, failed: failed.length })}\n`,
    );
  } else {
    for (const { name, expected, found } of failed) {
      await io.stdout.write(`FAILED ${printable(name)}\n  expected ${expected}    found ${found}\n`);
    }
    await io.stdout.write(`${results.length - failed.length} of ${results.length} cases as expected\n`);
  }
  return failed.length === 0 ? EXIT.ok : EXIT.no;
}

async function explain(io: Io, path: string, { call: file, json }: ExplainOptions): Promise<number> {
  const policy = await open(io, path);
  const call = await readCall(io, file);
  const { answer, rules } = policy.explain(call);
  const allowed = answer.effect === 'allow' || answer.effect === 'audit';
  if (json) {
    await io.stdout.write(
      `${jsonText({ schema: 'perdure/policy-explain/v1', policy_hash: policy.hash, ...answer, rules })}\n`,
    );
  } else {
    await io.stdout.write(
      `${answer.effect.toUpperCase()} ${printable(call.tool)} by ${printable(call.agent)}: ${answer.reason}\n`,
    );
    for (const rule of rules) await io.stdout.write(`  ${sentence(rule)}\n`);
  }
  return allowed ? EXIT.ok : EXIT.no;
}

function sentence({ rule, effect, matches, because }: RuleExplanation): string {
  return matches
    ? `${rule} (${effect}): speaks of it`
    : `${rule} (${effect}): does not, by its ${printable(because ?? '')}`;
}

async function open(io: Io, path: string): Promise<RulePolicy> {
  const { bytes, name } = await readWhole(io, path);
  const { readPolicy } = await import('../gate/policy.ts');
  return readPolicy(textOf(bytes, name), name);
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return utf8Text(bytes);
  } catch (cause) {
    throw new ReceiptError('POLICY_MALFORMED', `${name}: expected UTF-8, got other bytes`, { at: name, cause });
  }
}

async function readCall(io: Io, file: string): Promise<PolicyCall> {
  const { bytes, name } = await readWhole(io, file);
  const { callSchema } = await import('../gate/policy-schema.ts');
  const judged = callSchema.safeParse(parseDocument(bytes, name, ['{"agent":"a","tool":"t"}']));
  if (judged.success) return judged.data;
  const at = judged.error.issues.map(({ path }) => `/${path.join('/')}`).join(', ');
  throw new ReceiptError('USAGE', `${name}: expected a call {agent, tool, …}, got a breach at ${at}`, { at });
}
