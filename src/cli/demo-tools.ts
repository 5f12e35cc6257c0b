import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import type { EventInput } from '../receipt/event.ts';
import type { Json, JsonObject } from '../receipt/json.ts';

/** What the agent of the demo asks for: a tool by its name, and what it is given. */
export type DemoCall =
  | { readonly tool: 'fs.list' | 'fs.read' | 'fs.hash'; readonly params: { readonly path: string } }
  | {
      readonly tool: 'fs.search';
      readonly params: { readonly path: string; readonly ending: string; readonly text: string };
    }
  | {
      readonly tool: 'proc.run';
      readonly params: { readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> };
    };

/** What came of a call: the event to record, and one line for the reader. */
export interface DemoOutcome {
  readonly call: DemoCall;
  readonly status: 'executed' | 'failed' | 'rejected';
  readonly event: EventInput;
  readonly line: string;
}

/** The longest a subprocess may take. */
const PROCESS_TIMEOUT_MS = 10_000;

/**
 * Do what the agent asks, the way any caller of tools would: refuse what its own rule forbids, run the rest, keep what came of it.
 * Whatever happens becomes an event; nothing is thrown for a tool that fails.
 * @param root the folder that the calls may read, absolute.
 */
export async function perform(call: DemoCall, root: string, agent: string): Promise<DemoOutcome> {
  const { tool } = call;
  const params: JsonObject = { ...call.params };
  const action = 'path' in call.params ? { tool, resource: call.params.path, params } : { tool, params };
  const reason = refusal(call, root);
  if (reason !== null) {
    return {
      call,
      status: 'rejected',
      line: reason,
      event: {
        type: 'tool_blocked',
        agent,
        action,
        effect: 'deny',
        policy: { decision: 'deny', rule: 'paths stay inside the folder' },
        outcome: { status: 'rejected', reason },
      },
    };
  }
  const event = { type: 'tool_call', agent, action, effect: 'allow' } as const;
  const begin = performance.now();
  try {
    const { result, line } = await run(call, root);
    const duration_ms = since(begin);
    return {
      call,
      status: 'executed',
      line,
      event: { ...event, duration_ms, outcome: { status: 'executed', result } },
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const line = String(code ?? 'error');
    // The message of a file system error holds the absolute path, which is nobody's business here.
    const outcome = { status: 'failed', reason: line, error: message.replaceAll(root, '.') } as const;
    return { call, status: 'failed', line, event: { ...event, duration_ms: since(begin), outcome } };
  }
}

/** The caller's own rule. @returns why a call is refused, null when it may run. */
function refusal({ params }: DemoCall, root: string): string | null {
  if (!('path' in params)) return null;
  const path = resolve(root, params.path);
  return path === root || path.startsWith(root + sep) ? null : 'the path leaves the folder';
}

interface Ran {
  readonly result: Json;
  readonly line: string;
}

async function run(call: DemoCall, root: string): Promise<Ran> {
  const { tool, params } = call;
  switch (tool) {
    case 'fs.list': {
      const names = (await readdir(join(root, params.path))).filter((name) => name !== 'node_modules').sort();
      return { result: names, line: `${names.length} names` };
    }
    case 'fs.read': {
      const text = await readFile(join(root, params.path), 'utf8');
      return { result: text, line: `${Buffer.byteLength(text)} bytes` };
    }
    case 'fs.hash': {
      const digest = createHash('sha256')
        .update(await readFile(join(root, params.path)))
        .digest('hex');
      return { result: { sha256: digest }, line: `sha256 ${digest.slice(0, 12)}…` };
    }
    case 'fs.search': {
      const found = await search(root, params);
      const files = new Set(found.map(({ file }) => file)).size;
      return { result: found, line: `${found.length} lines in ${files} files` };
    }
    case 'proc.run': {
      const { stdout } = await promisify(execFile)(process.execPath, [...params.args], {
        cwd: root,
        env: { ...process.env, ...params.env },
        timeout: PROCESS_TIMEOUT_MS,
      });
      return { result: { exit: 0, stdout }, line: `exit 0, stdout ${stdout.trim().split('\n')[0]}` };
    }
  }
}

/** Look for a text in the files below a folder. @returns every line that has it. */
async function search(
  root: string,
  { path, ending, text }: { readonly path: string; readonly ending: string; readonly text: string },
): Promise<{ file: string; line: number }[]> {
  const found: { file: string; line: number }[] = [];
  for (const file of await filesBelow(join(root, path), ending)) {
    const lines = (await readFile(file, 'utf8')).split('\n');
    for (const [i, line] of lines.entries()) {
      if (line.includes(text)) found.push({ file: relative(root, file), line: i + 1 });
    }
  }
  return found;
}

async function filesBelow(folder: string, ending: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile() && entry.name.endsWith(ending)) files.push(path);
    if (entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.')) {
      files.push(...(await filesBelow(path, ending)));
    }
  }
  return files.sort();
}

/** Milliseconds to the microsecond: more digits are noise. */
function since(begin: number): number {
  return Math.round((performance.now() - begin) * 1000) / 1000;
}
