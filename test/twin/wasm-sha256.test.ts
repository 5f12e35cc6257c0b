import { createHash } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { equalBytes, toHex } from '../../src/base/bytes.ts';
import { compileKernels, FILL, guarded, Kernels, RELEASE, seeded } from './kernels.ts';

let debug: Kernels;
let release: Kernels;
beforeAll(async () => {
  debug = new Kernels(await compileKernels());
  release = new Kernels(await compileKernels(RELEASE));
});
const builds = (): Kernels[] => [debug, release];

const random = seeded(0x5ba256);
const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));

/** Two references that share nothing with each other; they agree, or the test fails. */
function twin(message: Uint8Array): string {
  const hex = createHash('sha256').update(message).digest('hex');
  expect(toHex(sha256(message))).toBe(hex);
  return hex;
}

/** All lengths to 260, what stands at the ends of blocks up to 17 of them, and two of many blocks. */
const LENGTHS = [
  ...Array.from({ length: 261 }, (_, length) => length),
  ...Array.from({ length: 13 }, (_, i) => [54, 55, 56, 57, 63, 64].map((rest) => 64 * (i + 4) + rest)).flat(),
  4095,
  9000,
];

/** What a padded message looks like, by the text of FIPS 180-4 section 5.1.1: bits first, bytes of them after. */
function padded(message: Uint8Array): Uint8Array {
  let bits = [...message].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const length = bits.length;
  bits += '1';
  while (bits.length % 512 !== 448) bits += '0';
  bits += length.toString(2).padStart(64, '0');
  return Uint8Array.from(bits.match(/.{8}/g)!, (byte) => Number.parseInt(byte, 2));
}

describe('padding in place', () => {
  it('every length: padded as the standard says, undone to the byte', () => {
    for (const [k, length] of builds().flatMap((k) => LENGTHS.map((length) => [k, length] as const))) {
      const [at, saved] = [k.at('MESSAGE') + 64 + random(16), k.at('SAVED') + 72 * (1 + random(1022))];
      const before = randomBytes(length + 300);
      k.bytes.set(before, at);
      const form = padded(before.subarray(0, length));
      k.bytes.fill(FILL, saved - 8, saved + 80);
      guarded(k, () => {
        expect(k.call('pad', at + length, length, saved)).toBe(form.length - length);
        expect(equalBytes(k.read(at, form.length), form)).toBe(true);
        const behind = before.slice(form.length, form.length + 100);
        expect(equalBytes(k.read(at + form.length, 100), behind)).toBe(true);
        k.call('unpad', at + length, length, saved);
      });
      expect(equalBytes(k.read(at, before.length), before)).toBe(true);
      expect(k.read(saved - 8, 8).every((byte) => byte === FILL)).toBe(true);
      const behind = k.read(saved + form.length - length, 80 - (form.length - length));
      expect(behind.every((byte) => byte === FILL)).toBe(true);
    }
  });
});

/** A message in memory, padded by the kernel; `at` any alignment. @returns its job. */
interface Job {
  readonly at: number;
  readonly message: Uint8Array;
  readonly digest: number;
}

type DigestAt = ((i: number) => number) | null;

/** Lay messages out one behind the other in MESSAGE, a few bytes apart, and hash them. @param digestAt null: upon the message. @returns what stands there. */
function hashAll(
  k: Kernels,
  messages: readonly Uint8Array[],
  digestAt: DigestAt = (i) => k.at('NODES') + 32 * i,
): string[] {
  let at = k.at('MESSAGE') + 64;
  const jobs: Job[] = messages.map((message, i) => {
    const job = { at, message, digest: digestAt === null ? at : digestAt(i) };
    at += message.length + 72 + random(20);
    return job;
  });
  expect(at).toBeLessThan(k.at('KEYS') - 64);
  const view = new DataView(k.bytes.buffer);
  for (const [i, job] of jobs.entries()) {
    k.bytes.set(job.message, job.at);
    const count = k.call('pad', job.at + job.message.length, job.message.length, k.at('SAVED') + 72 * i);
    const entry = k.at('JOBS') + 12 * i;
    for (const [j, word] of [job.at, (job.message.length + count) / 64, job.digest].entries())
      view.setUint32(entry + 4 * j, word, true);
  }
  const list = k.read(k.at('JOBS'), 12 * jobs.length);
  const blocks = k.read(k.at('MESSAGE'), 65536);
  guarded(k, () => expect(k.call('hashJobs', jobs.length)).toBe(1));
  expect(equalBytes(k.read(k.at('JOBS'), list.length), list)).toBe(true);
  if (digestAt !== null) expect(equalBytes(k.read(k.at('MESSAGE'), 65536), blocks)).toBe(true);
  return jobs.map(({ digest }) => toHex(k.read(digest, 32)));
}

describe('sha256 beside node:crypto and @noble/hashes', () => {
  it('one message: every length, at every alignment', () => {
    for (const k of builds()) {
      for (const length of LENGTHS) {
        const at = k.at('MESSAGE') + random(64);
        const message = randomBytes(length);
        k.bytes.set(message, at);
        const count = k.call('pad', at + length, length, k.at('SAVED'));
        guarded(k, () => k.call('sha256', at, (length + count) / 64, k.at('NODES')));
        expect(toHex(k.read(k.at('NODES'), 32))).toBe(twin(message));
      }
    }
  });

  it('four lanes: every length, each with other data and other lengths beside it', () => {
    for (const k of builds()) {
      for (let i = 0; i < LENGTHS.length; i++) {
        const messages = [0, 1, 2, 3].map((lane) => randomBytes(LENGTHS[(i + lane * 97) % LENGTHS.length]));
        expect(hashAll(k, messages)).toEqual(messages.map(twin));
      }
    }
  });

  it('four lanes of one length: no lane reads another', () => {
    for (const k of builds()) {
      for (const length of [0, 55, 56, 119, 512]) {
        const messages = [0, 1, 2, 3].map(() => randomBytes(length));
        expect(hashAll(k, messages)).toEqual(messages.map(twin));
      }
    }
  });

  it('no job to nine of them, of one block and of several, each count many times', () => {
    for (const k of builds()) {
      for (let count = 0; count <= 9; count++) {
        for (let round = 0; round < 20; round++) {
          const messages = Array.from({ length: count }, () => randomBytes(random(round < 10 ? 300 : 56)));
          expect(hashAll(k, messages)).toEqual(messages.map(twin));
        }
      }
    }
  });

  it('lanes refilled: every order of four lengths before a fifth, and long beside short', () => {
    const orders = [0, 1, 2, 3].flatMap((a) =>
      [0, 1, 2, 3].flatMap((b) => [0, 1, 2, 3].flatMap((c) => [0, 1, 2, 3].map((d) => [a, b, c, d]))),
    );
    for (const k of builds()) {
      for (const order of orders) {
        const messages = [...order, 1, 0].map((blocks) => randomBytes(64 * blocks + random(64)));
        expect(hashAll(k, messages)).toEqual(messages.map(twin));
      }
      for (const place of [0, 1, 2, 3, 4, 30]) {
        const messages = Array.from({ length: 31 }, (_, i) => randomBytes(i === place ? 5000 : random(100)));
        expect(hashAll(k, messages)).toEqual(messages.map(twin));
      }
    }
  });

  it('hundreds of jobs, digests anywhere: in order, in reverse, upon their own blocks', () => {
    for (const k of builds()) {
      for (const count of [100, 333, 400]) {
        const messages = Array.from({ length: count }, () => randomBytes(random(random(4) === 0 ? 200 : 60)));
        const expected = messages.map(twin);
        expect(hashAll(k, messages)).toEqual(expected);
        expect(hashAll(k, messages, (i) => k.at('NODES') + 40 * (count - i))).toEqual(expected);
      }
      // A digest upon the first bytes of its own blocks.
      const messages = Array.from({ length: 40 }, () => randomBytes(200));
      expect(hashAll(k, messages, null)).toEqual(messages.map(twin));
    }
  });

  it('the example messages of FIPS 180-4, and none', () => {
    const abc = new TextEncoder().encode('abc');
    const two = new TextEncoder().encode('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq');
    for (const k of builds())
      expect(hashAll(k, [abc, two, new Uint8Array(0)])).toEqual([
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
        '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      ]);
  });
});
