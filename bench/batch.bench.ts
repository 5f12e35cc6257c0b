import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trustKeys } from '../src/auditor.ts';
import { readSignedCheckpoint } from '../src/checkpoint/checkpoint.ts';
import { chooseVerifier } from '../src/crypto/engines.ts';
import { sha256Hex } from '../src/crypto/hash.ts';
import { createSigner } from '../src/crypto/signers.ts';
import { readLatest } from '../src/log/checkpoints.ts';
import { leafHashes } from '../src/log/leaf-hashes.ts';
import { nodeDisk } from '../src/log/node-disk.ts';
import { createLog, openLog } from '../src/log/open.ts';
import { proveInclusion } from '../src/log/prove.ts';
import { TileStore } from '../src/log/tile-store.ts';
import type { JsonObject } from '../src/receipt/json.ts';
import { openEvidence } from '../src/verify/files.ts';
import { verifyWith } from '../src/verify/verify.ts';
import { benchKey, call400 } from './events.ts';
import { assertThat, median, progress, QUICK, type Ratio, type Row, report, rounded } from './result.ts';

/*
 * What a signature costs when many receipts share it: a log that signs each entry beside logs of batches of several sizes, by the same
 * signer in the same process. Every receipt that counts was acknowledged as signed, on a real disk. They take turns; ratios are of one
 * round, the median round counts. Every log is verified, by its folder alone and without leave for unsigned entries, before its time counts.
 */

const ROUNDS = QUICK ? 1 : 5;
const TURN_MS = QUICK ? 30 : 3000;
const BATCHES = QUICK ? [1, 16] : [1, 16, 256, 4096];
/** Appends that a log which signs each entry has under way: enough that it waits for its signer only. */
const EACH_UNDER_WAY = QUICK ? 16 : 256;
const HASH_BYTES = 32;
const folder = mkdtempSync(join(process.env.PERDURE_BENCH_DIR ?? tmpdir(), 'perdure-bench-'));
const key = benchKey('ML-DSA-65');
const events: readonly JsonObject[] = Array.from({ length: 256 }, (_, n) => call400(n));
const signer = await createSigner(key, { engine: 'wasm' });
const verifier = await chooseVerifier('wasm');

/** One turn of one contender. */
interface Turn {
  readonly receipts: number;
  readonly perSecond: number;
  /** Bytes a receipt that are there for its signature alone, on disk: signatures on lines, all checkpoints, all tiles. */
  readonly signatureBytes: number;
  /** The same of a receipt's proof, which is made when it is asked for: hashes from its leaf to the root. */
  readonly pathBytes: number;
  /** Bytes a receipt of all files of the log. */
  readonly storedBytes: number;
}

let logs = 0;

/** @param batch receipts that are appended together and share a checkpoint; null to sign each. */
async function turn(batch: number | null): Promise<Turn> {
  const dir = join(folder, `log-${logs++}`);
  const never = { checkpointEvery: Number.POSITIVE_INFINITY, checkpointIntervalMs: Number.POSITIVE_INFINITY };
  const options = batch === null ? ({ mode: 'each' } as const) : ({ mode: 'batch', ...never } as const);
  const log = await createLog(dir, { origin: 'example.com/bench', signer, ...options });
  let receipts = 0;
  let rounds = 0;
  const begin = performance.now();
  do {
    const together = Array.from({ length: batch ?? EACH_UNDER_WAY }, () =>
      log.append(events[receipts++ & 255]!, { waitFor: 'signed' }),
    );
    for (const { signed } of await Promise.all(together)) assertThat(signed, 'every receipt to be signed');
    rounds++;
  } while (performance.now() - begin < TURN_MS);
  const perSecond = (receipts * 1000) / (performance.now() - begin);
  await log.close();
  const checkpoints = bytesOf(join(dir, 'checkpoints'));
  assertThat(checkpoints.files === (batch === null ? 0 : rounds), 'one checkpoint a batch');
  await judge(dir, receipts);
  const segments = bytesOf(join(dir, 'segments')).bytes;
  const unsigned = await unsignedBytes(dir);
  const pathBytes = batch === null ? 0 : await pathOf(dir, receipts);
  const tiles = bytesOf(join(dir, 'tiles')).bytes;
  const all = bytesOf(dir).bytes;
  await rm(dir, { recursive: true });
  const signatures = segments - unsigned + checkpoints.bytes + tiles;
  return { receipts, perSecond, signatureBytes: signatures / receipts, pathBytes, storedBytes: all / receipts };
}

/** Correct before fast: what an auditor says who has the folder and the key. */
async function judge(dir: string, receipts: number): Promise<void> {
  const options = { trust: trustKeys([{ key: key.publicKey }]) };
  const { verdict, counts } = await verifyWith(await openEvidence(dir), options, { verifier, sha256Hex });
  assertThat(verdict === 'valid' && counts.lines === receipts + 1, `a valid log, got ${verdict}`);
  assertThat(counts.unsigned_tail === 0 && counts.recovered === 0, 'nothing that no signature covers');
}

/** Bytes that the lines of ordinary entries would have without signatures, and the genesis line as it is. */
async function unsignedBytes(dir: string): Promise<number> {
  let bytes = 0;
  for await (const { receipt, line } of (await openLog(dir)).receipts()) {
    const ordinary = receipt.entry.seq > 0;
    bytes += 1 + line.length - (ordinary ? JSON.stringify(receipt.sigs).length - '[]'.length : 0);
  }
  return bytes;
}

/** @returns bytes of the path of the middle entry, as a stand-alone receipt carries it, to the root that the checkpoint states. */
async function pathOf(dir: string, receipts: number): Promise<number> {
  const disk = nodeDisk(dir);
  const note = await readLatest(disk);
  assertThat(note !== null, 'a checkpoint');
  const { size, root } = readSignedCheckpoint(note).checkpoint;
  assertThat(size === receipts + 1, 'a checkpoint of all receipts');
  const tiles = TileStore.open(disk, leafHashes(disk), { writes: false });
  const { path } = await proveInclusion(tiles, receipts >> 1, size, root);
  return path.length * HASH_BYTES;
}

function bytesOf(path: string): { readonly files: number; readonly bytes: number } {
  let files = 0;
  let bytes = 0;
  const names = (() => {
    try {
      return readdirSync(path, { recursive: true, encoding: 'utf8' });
    } catch {
      return [];
    }
  })();
  for (const name of names) {
    const info = statSync(join(path, name));
    if (!info.isFile()) continue;
    files++;
    bytes += info.size;
  }
  return { files, bytes };
}

const nameOf = (batch: number | null): string => (batch === null ? 'each' : `batch of ${batch}`);
const contenders = [null, ...BATCHES];
const turns = new Map<string, Turn[]>(contenders.map((batch) => [nameOf(batch), []]));
try {
  for (let round = 0; round < ROUNDS; round++) {
    for (const batch of contenders) {
      progress(`batch: round ${round + 1} of ${ROUNDS}, ${nameOf(batch)}`);
      turns.get(nameOf(batch))!.push(await turn(batch));
    }
  }
  const middle = (name: string, of: (one: Turn) => number): number => rounded(median(turns.get(name)!.map(of)));
  const rows = [...turns.keys()].map(
    (name): Row => ({
      name,
      per_second: middle(name, (one) => one.perSecond),
      signature_bytes: middle(name, (one) => one.signatureBytes),
      path_bytes: middle(name, (one) => one.pathBytes),
      stored_bytes: middle(name, (one) => one.storedBytes),
      receipts: turns.get(name)!.reduce((sum, one) => sum + one.receipts, 0),
    }),
  );
  const each = turns.get('each')!;
  const ratios = BATCHES.flatMap((batch): Ratio[] => {
    const name = nameOf(batch);
    const list = turns.get(name)!;
    const speed = rounded(median(list.map((one, i) => one.perSecond / each[i]!.perSecond)));
    const bytes = middle(name, (one) => one.signatureBytes);
    const promised = batch === 256;
    return [
      { name: `receipts/s, ${name} / each`, value: speed, ...(promised ? { at_least: 5 } : {}) },
      {
        // The path is told apart: it grows with the log, by 32 bytes each time that doubles, and nobody stores it.
        name: `signatures, checkpoints and tiles a receipt, ${name}`,
        value: bytes,
        unit: 'bytes',
        ...(promised ? { at_most: 600 } : {}),
      },
    ];
  });
  report({
    parameters: { rounds: ROUNDS, turn_ms: TURN_MS, signer: 'wasm', each_under_way: EACH_UNDER_WAY },
    rows,
    ratios,
  });
} finally {
  await signer.close();
  await rm(folder, { recursive: true, force: true });
}
