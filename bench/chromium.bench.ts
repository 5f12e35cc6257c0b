import { copyFileSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { toJwk } from '../src/crypto/public-key.ts';
import { findChromium, launch, openTab, serveFolder } from './browser.ts';
import type { PageRun } from './chromium-page.ts';
import { benchKey } from './events.ts';
import { type MadeLog, makeLog } from './make-log.ts';
import { assertThat, median, progress, QUICK, type Row, report, rounded } from './result.ts';

/*
 * Verification of an unsigned log in a page of headless Chromium: a File that the user chose, ways in turn in the same page. The page
 * is built by vite as an application's would be. Every run must have come to the right end.
 */

const ENTRIES = QUICK ? 2000 : 1_000_000;
const ROUNDS = QUICK ? 1 : 3;
const WAYS = ['naive noble', 'naive subtle', 'perdure 1', 'perdure'] as const;
type Way = (typeof WAYS)[number];

const jwk = toJwk(benchKey('ML-DSA-65').publicKey);

const executable = findChromium();
if (executable === null) {
  progress('chromium: not measured, there is no Chromium here (PERDURE_CHROMIUM names one)');
  report({ parameters: { missing: 'Chromium' }, rows: [], ratios: [] });
} else await measure(executable);

async function measure(chromium: string): Promise<void> {
  const folder = mkdtempSync(join(process.env.PERDURE_BENCH_DIR ?? tmpdir(), 'perdure-bench-'));
  const served = await serveFolder(await builtPage());
  const browser = await launch(chromium);
  try {
    progress(`chromium: writing a log of ${ENTRIES} entries`);
    const file = join(folder, 'log.jsonl');
    const made = await makeLog(file, ENTRIES);
    const { page } = await openTab(browser, served.url);
    await page.waitForSelector('body[data-ready]');
    await showThatItLooks(page, file, made);
    await page.setInputFiles('input', file);
    const runs = await timeInTurn(page, made);
    write(runs, made, browser.version());
  } finally {
    await browser.close();
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Build the page beside the compiled sources. @returns the folder to serve. */
async function builtPage(): Promise<string> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const html =
    '<!doctype html><body><input type="file" /><script type="module" src="/bench/chromium-page.js"></script>';
  writeFileSync(join(root, 'index.html'), html);
  const outDir = join(root, 'chromium-page');
  await build({ root, configFile: false, logLevel: 'error', build: { outDir } });
  return outDir;
}

function runOnce(page: Page, way: Way): Promise<PageRun> {
  return page.evaluate(
    ([name, key]) =>
      (globalThis as unknown as { bench: { run(way: unknown, jwk: unknown): Promise<PageRun> } }).bench.run(name, key),
    [way, jwk] as const,
  );
}

async function timeInTurn(page: Page, made: MadeLog): Promise<ReadonlyMap<Way, readonly PageRun[]>> {
  const runs = new Map<Way, PageRun[]>(WAYS.map((way) => [way, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of WAYS) {
      progress(`chromium: round ${round + 1} of ${ROUNDS}, ${way}`);
      const run = await runOnce(page, way);
      assertThat(run.verdict === 'valid', `${way} to find the log valid, got ${run.verdict} ${run.code}`);
      assertThat(run.lines === made.entries && run.head === made.head.hash, `${way} to reach the head of the log`);
      runs.get(way)!.push(run);
    }
  }
  return runs;
}

function write(runs: ReadonlyMap<Way, readonly PageRun[]>, { entries, bytes }: MadeLog, version: string): void {
  const ms = (way: Way): number => median(runs.get(way)!.map((run) => run.ms));
  const naive = ms('naive noble') <= ms('naive subtle') ? 'naive noble' : 'naive subtle';
  const against = (way: Way): number =>
    rounded(median(runs.get(naive)!.map((run, i) => run.ms / runs.get(way)![i]!.ms)));
  const rows = WAYS.map(
    (way): Row => ({
      name: way,
      entries,
      log_bytes: bytes,
      ms: rounded(ms(way)),
      entries_per_second: rounded((1000 * entries) / ms(way)),
      mb_per_second: rounded(bytes / 1000 / ms(way)),
      workers: Math.max(...runs.get(way)!.map((run) => run.workers)),
    }),
  );
  report({
    parameters: { rounds: ROUNDS, chromium: version, cores: availableParallelism(), naive },
    rows,
    ratios: [
      { name: 'naive / perdure, File in Chromium', value: against('perdure'), at_least: 9, goal: 12 },
      { name: 'naive / perdure with one worker, File in Chromium', value: against('perdure 1') },
    ],
  });
}

/** Correct before fast: one byte changed in the middle of a copy must be found by every way. */
async function showThatItLooks(page: Page, file: string, made: MadeLog): Promise<void> {
  const copy = `${file}.changed`;
  copyFileSync(file, copy);
  const handle = openSync(copy, 'r+');
  const block = Buffer.alloc(4096);
  const from = Math.floor(made.bytes / 2);
  readSync(handle, block, 0, block.length, from);
  const at = block.indexOf('"session":"s-') + 13;
  assertThat(at > 13, 'a session in the block');
  block[at] = block[at] === 0x39 ? 0x30 : 0x39;
  writeSync(handle, block, at, 1, from + at);
  await page.setInputFiles('input', copy);
  for (const way of WAYS) {
    const { verdict, code } = await runOnce(page, way);
    assertThat(verdict === 'invalid', `${way} to see one changed byte`);
    assertThat(way.startsWith('naive') || code === 'HASH_MISMATCH', `${way} to say what it is`);
  }
}
