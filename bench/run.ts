import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, root } from './compile.ts';
import { describeMachine, loadNow } from './machine.ts';
import { judged, type Measured, type Ratio, type Result } from './result.ts';
import { writeTable } from './table.ts';
import { installedRivals, installRivals } from './thirdparty.ts';

/*
 * `npm run bench [-- STAGE…] [-- --quick] [-- --slow] [-- --out DIR]`: measure, write one result file a stage, and write the table of the README
 * from the files. Each stage runs in a process of its own, from plain JavaScript. PERDURE_NODE26 names a Node whose node:crypto has
 * ML-DSA (24.7 or later); without one its rows are missing, and the table says so.
 */

/** Stages, and how the second Node runs them, where it does. */
const STAGES: readonly { readonly name: string; readonly native?: readonly string[] }[] = [
  { name: 'engine', native: ['--node26'] },
  { name: 'growth' },
  { name: 'crypto', native: [] },
  { name: 'pipeline' },
  { name: 'append', native: ['--signed-only'] },
  { name: 'batch' },
  { name: 'verify' },
  { name: 'prove' },
  { name: 'startup' },
  { name: 'chromium' },
];

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const outAt = args.indexOf('--out');
const out = outAt < 0 ? join(root, 'bench', 'results') : args[outAt + 1]!;
const named = args.filter((arg, i) => !arg.startsWith('--') && (outAt < 0 || i !== outAt + 1));
const unknown = named.filter((name) => !STAGES.some((stage) => stage.name === name));
if (unknown.length > 0)
  throw new RangeError(`bench: expected stages of ${STAGES.map(({ name }) => name)}, got ${unknown}`);
const native = process.env.PERDURE_NODE26;
const rivals = join(root, 'bench', 'thirdparty');

const compiled = compile();
try {
  mkdirSync(out, { recursive: true });
  for (const stage of STAGES.filter(({ name }) => named.length === 0 || named.includes(name))) {
    process.stderr.write(`${stage.name}\n`);
    // Small sizes measure nothing: they do with what is there.
    if (stage.name === 'engine' && !quick) installRivals(rivals);
    const loadBefore = loadNow();
    let measured = await runStage(process.execPath, stage.name, []);
    const versions: Record<string, string> = { ...versionsOf(process.execPath), ...packages() };
    if (stage.name === 'engine') Object.assign(versions, installedRivals(rivals));
    if (stage.native !== undefined && native !== undefined) {
      measured = together(measured, await runStage(native, stage.name, stage.native));
      versions.node_native = versionsOf(native).node!;
      versions.openssl_native = versionsOf(native).openssl!;
    }
    const machine = describeMachine(process.env.PERDURE_BENCH_DIR ?? tmpdir(), loadBefore);
    const result: Result = {
      schema: 'perdure/bench/v1',
      stage: stage.name,
      date: new Date().toISOString(),
      commit: commit(),
      quick,
      machine,
      versions,
      ...measured,
    };
    writeFileSync(join(out, `${stage.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
    for (const ratio of result.ratios) process.stdout.write(`${ratio.name}: ${ratio.value}${promiseOf(ratio)}\n`);
  }
} finally {
  compiled.dispose();
}
if (!quick && outAt < 0) writeTable();

/** Run one stage under one Node. @returns what it printed last. */
function runStage(node: string, name: string, more: readonly string[]): Promise<Measured> {
  const file = join(compiled.dir, 'bench', `${name}.bench.js`);
  const child = spawn(node, [file, ...more, ...args.filter((arg) => arg === '--quick' || arg === '--slow')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PERDURE_THIRDPARTY: rivals },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code !== 0) reject(new Error(`bench: stage ${name} ended with code ${code}`));
      else resolve(JSON.parse(text.trimEnd().split('\n').at(-1)!) as Measured);
    });
  });
}

function promiseOf(ratio: Ratio): string {
  const { at_least, at_most, goal } = ratio;
  const { must } = judged(ratio);
  if (must === null) return '';
  const mark = at_most === undefined ? `at least ${at_least}` : `at most ${at_most}`;
  return ` (${mark}: ${must ? 'reached' : 'MISSED'}${goal === undefined ? '' : `; goal ${goal}`})`;
}

function together(a: Measured, b: Measured): Measured {
  return { parameters: a.parameters, rows: [...a.rows, ...b.rows], ratios: [...a.ratios, ...b.ratios] };
}

function versionsOf(node: string): Record<string, string> {
  const text = execFileSync(node, ['-p', 'JSON.stringify(process.versions)'], { encoding: 'utf8' });
  const { node: version, v8, openssl } = JSON.parse(text) as Record<string, string>;
  return { node: version!, v8: v8!, openssl: openssl! };
}

/** Versions of ours and of the packages on the measured path, as installed. */
function packages(): Record<string, string> {
  const of = (path: string): string =>
    (JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as { version: string }).version;
  const names = ['@noble/hashes', '@noble/curves', '@noble/post-quantum', 'canonicalize', 'zod', 'uuid', 'benchmark'];
  return { perdure: of('.'), ...Object.fromEntries(names.map((name) => [name, of(`node_modules/${name}`)])) };
}

function commit(): string {
  const git = (...words: string[]): string => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--', 'src', 'bench/*.ts', 'package-lock.json');
    return git('rev-parse', 'HEAD') + (changed === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}
