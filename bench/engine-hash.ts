import { hash } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, toHex } from '../src/base/bytes.ts';
import { appendMany, plainSubtrees } from '../src/checkpoint/append-many.ts';
import { CompactRange } from '../src/checkpoint/compact-range.ts';
import type { SubtreeHash } from '../src/crypto/hash.ts';
import { done, startInstance, type VerifierExports } from '../src/crypto/wasm.ts';
import { startMerkleKernel } from '../src/crypto/wasm-hash.ts';
import { missingRow, NODE, NOT_INSTALLED, type Part, type Promised } from './engine-parts.ts';
import { fixedRandom } from './events.ts';
import { assertThat, progress, QUICK } from './result.ts';
import { loadRival } from './thirdparty.ts';
import { type Contender, ratioOfTimes, rowOfTimes, takeTurns } from './turns.ts';

/*
 * SHA-256 of messages that stand in JavaScript's memory, digests back there, and Merkle roots over leaf hashes (RFC 9162).
 */

const ROUNDS = QUICK ? 1 : 9;
const MESSAGE_BYTES = 512;
const MESSAGES = 256;
/** Messages of one call of the kernel: all of them. */
const BATCH = MESSAGES;
const BLOCKS = MESSAGE_BYTES / 64 + 1;
const DIGEST_BYTES = 32;
const LEAVES = QUICK ? 1000 : 1_000_000;
const MERKLE_ROUNDS = QUICK ? 1 : 5;

interface HashWasm {
  createSHA256(): Promise<{ init(): void; update(data: Uint8Array): void; digest(form: 'binary'): Uint8Array }>;
}

interface AsSha256 {
  digest(data: Uint8Array): Uint8Array;
}

/** The 4-way SHA-256 beside others, 512 bytes a message. */
export async function measureSha256(): Promise<Part> {
  const what = `SHA-256, ${MESSAGE_BYTES} B`;
  const random = fixedRandom('hashed');
  const messages = Array.from({ length: MESSAGES }, () => random.bytes(MESSAGE_BYTES));
  const expected = messages.map((message) => hash('sha256', message, 'hex'));
  const hashBatch = fourWay();
  const single: Record<string, (message: Uint8Array) => Uint8Array | string> = { '@noble/hashes': sha256 };
  const promised: Record<string, Promised> = {
    '@noble/hashes': { at_least: 6 },
    'hash-wasm': { at_least: 2.2 },
    '@chainsafe/as-sha256': { at_least: 4.5 },
  };
  const hashWasm = await (await loadRival<HashWasm>('hash-wasm'))?.createSHA256();
  if (hashWasm !== undefined) {
    single['hash-wasm'] = (message) => {
      hashWasm.init();
      hashWasm.update(message);
      return hashWasm.digest('binary');
    };
  }
  const asSha256 = await loadRival<AsSha256>('@chainsafe/as-sha256');
  if (asSha256 !== null) single['@chainsafe/as-sha256'] = (message) => asSha256.digest(message);
  single['crypto.hash, one-shot, hex'] = (message) => hash('sha256', message, 'hex');

  for (const [name, digest] of Object.entries(single)) {
    for (const [i, message] of messages.entries()) {
      const found = digest(message);
      assertThat((typeof found === 'string' ? found : toHex(found)) === expected[i], `${name} to hash`);
    }
  }
  const digests = toHex(hashBatch(messages));
  assertThat(digests === expected.join(''), 'the kernel to hash');
  progress(`engine, ${NODE}: ${what}`);
  const names = ['perdure', ...Object.keys(single)];
  const contenders: Contender[] = [
    {
      name: `${what}, perdure`,
      operations: BATCH,
      run: () => hashBatch(messages).length === BATCH * DIGEST_BYTES,
    },
    ...Object.entries(single).map(
      ([name, digest]): Contender => ({
        name: `${what}, ${name}`,
        run: (n) => digest(messages[n % MESSAGES]!).length >= DIGEST_BYTES,
      }),
    ),
  ];
  const [ours, ...rivals] = takeTurns(contenders, ROUNDS);
  const absent = Object.keys(promised).filter((name) => single[name] === undefined);
  return {
    rows: [
      ...[ours!, ...rivals].map((times, i) => rowOfTimes(times, { what, rival: names[i]!, node: NODE })),
      ...absent.map((rival) => missingRow({ what, rival, why: NOT_INSTALLED })),
    ],
    ratios: rivals.map((times, i) =>
      ratioOfTimes(times, ours!, `${what}: ${names[i + 1]} / perdure`, promised[names[i + 1]!]),
    ),
  };
}

/** The kernel's jobs as a function: messages of MESSAGE_BYTES copied in, padded, hashed four at a time, digests copied out. */
function fourWay(): (messages: readonly Uint8Array[]) => Uint8Array {
  const wasm = startInstance<VerifierExports & { chunkAt(): number }>();
  const { buffer } = wasm.memory;
  const step = BLOCKS * 64;
  const chunkAt = wasm.chunkAt();
  const chunk = new Uint8Array(buffer, chunkAt, BATCH * step);
  const words = new Uint32Array(buffer, chunkAt, (BATCH * step) / 4);
  const jobs = new Uint32Array(buffer, wasm.jobsAt(), 3 * BATCH);
  const nodes = new Uint8Array(buffer, wasm.nodesAt(), BATCH * DIGEST_BYTES);
  // FIPS 180-4 section 5.1.1: one bit, zeros, the length in bits; as the words of a little-endian machine.
  const padding = new DataView(new ArrayBuffer(64));
  padding.setUint8(0, 0x80);
  padding.setUint32(60, MESSAGE_BYTES * 8);
  const paddingWords = new Uint32Array(padding.buffer);
  return (messages) => {
    for (let i = 0; i < BATCH; i++) {
      const at = i * step;
      chunk.set(messages[i]!, at);
      const end = (at + MESSAGE_BYTES) / 4;
      for (let word = 0; word < 16; word++) words[end + word] = paddingWords[word]!;
      jobs[3 * i] = chunkAt + at;
      jobs[3 * i + 1] = BLOCKS;
      jobs[3 * i + 2] = wasm.nodesAt() + i * DIGEST_BYTES;
    }
    done(wasm.hashJobs(BATCH));
    return nodes.slice();
  };
}

/** Hash two nodes: 0x01 || left || right, 65 bytes, to `to` at `at`. */
type NodeHash = (pair: Uint8Array, to: Buffer, at: number) => void;

/** Hex and back is faster than the Buffer output of crypto.hash: the least that it costs in JavaScript. */
export const nativeNode: NodeHash = (pair, to, at) => to.write(hash('sha256', pair, 'hex'), at, 'hex');

/** The root over leaf hashes. */
export function measureMerkle(): Part {
  const what = `Merkle root, ${LEAVES.toLocaleString('en-US')} leaves`;
  const leaves = fixedRandom('leaves').bytes(LEAVES * DIGEST_BYTES);
  const kernel = startMerkleKernel();
  const noble: NodeHash = (pair, to, at) => to.set(sha256(pair), at);
  const roots: Record<string, () => Uint8Array> = {
    perdure: () => rootByRange(leaves, kernel),
    'crypto.hash, one-shot': () => rootByLevels(leaves, nativeNode),
    '@noble/hashes': () => rootByLevels(leaves, noble),
  };
  const root = roots.perdure!();
  for (const [name, form] of Object.entries(roots)) assertThat(equalBytes(form(), root), `the same root by ${name}`);
  // No tree is whole here: the kernel must not only be right about powers of two.
  for (const count of [1, 3, 777]) {
    const some = leaves.subarray(0, count * DIGEST_BYTES);
    assertThat(equalBytes(rootByRange(some, kernel), rootByLevels(some, nativeNode)), `the root of ${count} leaves`);
    assertThat(
      equalBytes(rootByRange(some, plainSubtrees), rootByLevels(some, nativeNode)),
      `${count} leaves, TypeScript`,
    );
  }
  progress(`engine, ${NODE}: ${what}`);
  const names = Object.keys(roots);
  const [ours, ...rivals] = takeTurns(
    Object.entries(roots).map(
      ([name, form]): Contender => ({
        name: `${what}, ${name}`,
        run: () => equalBytes(form(), root),
        calls: 1,
        turnMs: 0,
      }),
    ),
    MERKLE_ROUNDS,
  );
  const promised = [{ at_least: 3 }, { at_least: 9 }];
  return {
    rows: [ours!, ...rivals].map((times, i) => rowOfTimes(times, { what, rival: names[i]!, node: NODE })),
    ratios: rivals.map((times, i) => ratioOfTimes(times, ours!, `${what}: ${names[i + 1]} / perdure`, promised[i])),
  };
}

/** As the log does it: appended to a compact range, 8,192 leaves at a time, which is a read of a log's hashes. */
function rootByRange(leaves: Uint8Array, subtrees: SubtreeHash): Uint8Array {
  const range = CompactRange.empty();
  const step = 8192 * DIGEST_BYTES;
  for (let at = 0; at < leaves.length; at += step) appendMany(range, leaves.subarray(at, at + step), subtrees);
  return range.root();
}

/** Level by level; an odd node goes up as it is, which gives the tree of RFC 9162 section 2.1.1. */
export function rootByLevels(leaves: Uint8Array, hashNode: NodeHash): Uint8Array {
  const nodes = Buffer.from(leaves);
  const pair = new Uint8Array(1 + 2 * DIGEST_BYTES);
  pair[0] = 1;
  for (let count = leaves.length / DIGEST_BYTES; count > 1; ) {
    const pairs = count >> 1;
    for (let i = 0; i < pairs; i++) {
      pair.set(nodes.subarray(2 * i * DIGEST_BYTES, 2 * (i + 1) * DIGEST_BYTES), 1);
      hashNode(pair, nodes, i * DIGEST_BYTES);
    }
    if (count % 2 === 1) nodes.copyWithin(pairs * DIGEST_BYTES, (count - 1) * DIGEST_BYTES, count * DIGEST_BYTES);
    count = pairs + (count % 2);
  }
  return new Uint8Array(nodes.subarray(0, DIGEST_BYTES));
}
