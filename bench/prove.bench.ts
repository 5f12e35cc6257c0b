import { createReadStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { equalBytes, fromHex, toHex } from '../src/base/bytes.ts';
import { verifyConsistency, verifyInclusion } from '../src/checkpoint/proof.ts';
import { startMerkleKernel } from '../src/crypto/wasm-hash.ts';
import { leafHashes } from '../src/log/leaf-hashes.ts';
import { writeMetadata } from '../src/log/metadata.ts';
import { nodeDisk } from '../src/log/node-disk.ts';
import { openTiles } from '../src/log/open.ts';
import { proveConsistency, proveInclusion } from '../src/log/prove.ts';
import { TileStore } from '../src/log/tile-store.ts';
import { nativeNode, rootByLevels } from './engine-hash.ts';
import { fixedRandom } from './events.ts';
import { logFolder } from './log-runs.ts';
import { makeLog } from './make-log.ts';
import { assertThat, median, progress, QUICK, quantile, type Ratio, type Row, report, rounded } from './result.ts';

/*
 * Proofs from the tiles beside a log: for entries and sizes anywhere in it, every one verified against a root that was computed by other
 * means. The median is what was promised; p99 stands beside it, and has in it what else the machine does. Each entry is another one, so that most proofs read a tile from the page cache. Beside it, the log without tiles.
 */

const ENTRIES = QUICK ? 3000 : 1_000_000;
const PROOFS = QUICK ? 20 : 2000;
const OPENINGS = QUICK ? 2 : 31;
const WITHOUT = QUICK ? 1 : 3;
const COUNT = ENTRIES.toLocaleString('en-US');
const BYTES_AN_ENTRY = 900;

const rows: Row[] = [];
const { folder, dispose } = logFolder(ENTRIES * BYTES_AN_ENTRY);
try {
  report({ parameters: { entries: ENTRIES, proofs: PROOFS }, ratios: await measureProofs(), rows });
} finally {
  dispose();
}

async function measureProofs(): Promise<Ratio[]> {
  const dir = join(folder, 'log');
  progress(`prove: making ${COUNT} entries`);
  mkdirSync(join(dir, 'segments'), { recursive: true });
  const disk = nodeDisk(dir);
  await writeMetadata(disk, { origin: 'example.com/bench/0123456789ab', mode: 'batch' });
  const file = join(dir, 'segments', '000000.jsonl');
  await makeLog(file, ENTRIES - 1);

  progress('prove: the root by other means');
  const leaves = await statedHashes(file);
  const root = rootByLevels(leaves, nativeNode);
  const rootOf = (size: number): Uint8Array => rootByLevels(leaves.subarray(0, size * 32), nativeNode);
  const subtrees = startMerkleKernel();
  const build = async (): Promise<number> => {
    rmSync(join(dir, 'tiles'), { recursive: true, force: true });
    const begin = performance.now();
    await TileStore.open(disk, leafHashes(disk), { subtrees }).extend(ENTRIES);
    return performance.now() - begin;
  };

  progress('prove: without tiles');
  const without: number[] = [];
  for (let round = 0; round < WITHOUT; round++)
    without.push(await timed(async () => first(dir, Math.floor(ENTRIES / 3) + round, root)));
  progress('prove: tiles');
  row('tiles of the whole log, made and synced', [await build()], { files: Math.floor(ENTRIES / 256) });

  progress('prove: from tiles');
  const opened: number[] = [];
  for (let round = 0; round < OPENINGS; round++)
    opened.push(await timed(async () => first(dir, (round * 32_749 + 11) % ENTRIES, root)));
  const random = places();
  const tiles = await openTiles(dir);
  const inclusion: number[] = [];
  const verifying: number[] = [];
  for (let round = 0; round < PROOFS; round++) {
    const seq = random();
    const begin = performance.now();
    const proof = await proveInclusion(tiles, seq, ENTRIES, root);
    const end = performance.now();
    const leaf = leaves.subarray(32 * seq, 32 * seq + 32);
    assertThat(verifyInclusion(seq, ENTRIES, leaf, proof.path, root), `the proof of entry ${seq} to hold`);
    assertThat(equalBytes(proof.leafHash, leaf), `the hash of entry ${seq}`);
    verifying.push(performance.now() - end);
    inclusion.push(end - begin);
  }
  // The roots of earlier sizes by other means cost seconds each: of some sizes, many times.
  const sizes = Array.from({ length: QUICK ? 3 : 8 }, () => 1 + random()).map((size) => ({ size, root: rootOf(size) }));
  const consistency: number[] = [];
  for (let round = 0; round < PROOFS; round++) {
    const { size, root: root1 } = sizes[round % sizes.length]!;
    const begin = performance.now();
    const { path } = await proveConsistency(tiles, size, ENTRIES, root1, root);
    consistency.push(performance.now() - begin);
    assertThat(verifyConsistency(size, ENTRIES, root1, root, path), `the proof from size ${size} to hold`);
  }
  assertThat(!verifyConsistency(sizes[0]!.size, ENTRIES, root, root, []), 'a wrong proof to be refused');

  const ours = row(`inclusion proof of any of ${COUNT} entries, from tiles`, inclusion);
  const grown = row(`consistency proof up to ${COUNT} entries, from tiles`, consistency);
  const cold = row('the first proof, tiles just opened', opened);
  const naive = row('the first proof, no tiles: reads the log', without);
  row('verify an inclusion proof', verifying);
  return [
    { name: `${ours.name}, ms`, value: ours.ms as number, at_most: 5, unit: 'ms', of: [ours.name] },
    { name: `${grown.name}, ms`, value: grown.ms as number, at_most: 5, unit: 'ms', of: [grown.name] },
    {
      name: 'first proof: no tiles / tiles',
      value: rounded((naive.ms as number) / (cold.ms as number)),
      of: [cold.name, naive.name],
    },
  ];
}

/** Open the log and prove one entry. */
async function first(dir: string, seq: number, root: Uint8Array): Promise<void> {
  const proof = await proveInclusion(await openTiles(dir), seq, ENTRIES, root);
  assertThat(verifyInclusion(seq, ENTRIES, proof.leafHash, proof.path, root), `the proof of entry ${seq} to hold`);
}

async function timed(run: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}

function row(name: string, ms: readonly number[], more: Readonly<Record<string, number>> = {}): Row {
  const one = { name, ms: rounded(median(ms)), p99_ms: rounded(quantile(ms, 0.99)), times: ms.length, ...more };
  rows.push(one);
  return one;
}

/** Seqs all over the log, the same in every run. */
function places(): () => number {
  const random = fixedRandom('places');
  return () => new DataView(random.bytes(4).buffer).getUint32(0) % ENTRIES;
}

/** What each line states, by other means than those that are measured: readline and JSON.parse. @returns 32 bytes a line. */
async function statedHashes(file: string): Promise<Uint8Array> {
  const hashes = new Uint8Array(ENTRIES * 32);
  let at = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    hashes.set(fromHex((JSON.parse(line) as { hash: string }).hash), at);
    at += 32;
  }
  assertThat(at === hashes.length, `${ENTRIES} lines, got ${at / 32}`);
  assertThat(toHex(hashes.subarray(0, 32)) !== toHex(hashes.subarray(32, 64)), 'lines that differ');
  return hashes;
}
