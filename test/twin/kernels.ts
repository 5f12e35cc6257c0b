import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';
import { expect } from 'vitest';

// `--config none`: a file that is not there, else asc takes asconfig.json, and with it noAssert, from the base folder.
const FLAGS =
  '--config none --runtime stub --enable simd --use abort= --memoryBase 64 --initialMemory 89 --maximumMemory 89 --outFile kernels.wasm';

/** What asconfig.json adds to them. */
export const RELEASE = ['--optimizeLevel', '3', '--noAssert'];

/**
 * Compile the kernels of one module: every kernel exported, no optimisation, assertions on, GUARD bytes between regions; unless `more`
 * flags say otherwise. @param entry in assembly/: `kernels` for the verifier's, `sign-kernels` for the signer's. @returns its bytes.
 */
export async function compileKernels(
  more: readonly string[] = [],
  entry: 'kernels' | 'sign-kernels' = 'kernels',
): Promise<Uint8Array<ArrayBuffer>> {
  const made: Uint8Array<ArrayBuffer>[] = [];
  // test/slow/broken-kernels.test.ts has them compiled from a folder where one of them is wrong.
  const root = process.env.PERDURE_KERNELS_FROM ?? fileURLToPath(new URL('../..', import.meta.url));
  const { error, stderr } = await main([`assembly/${entry}.ts`, '--baseDir', root, ...FLAGS.split(' '), ...more], {
    writeFile: (_, contents) => void made.push(Uint8Array.from(contents as Uint8Array)),
  });
  if (error !== null || made.length !== 1) throw new Error(`kernels: ${error?.message} ${stderr.toString()}`);
  return made[0];
}

/** One instance: functions by name (no result reads as 0), regions and constants by name, memory as bytes and as coefficients. */
export class Kernels {
  readonly #exports: WebAssembly.Exports;
  readonly bytes: Uint8Array;
  readonly coefficients: Int32Array;

  constructor(wasm: Uint8Array<ArrayBuffer>) {
    this.#exports = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
    const { buffer } = this.#exports.memory as WebAssembly.Memory;
    this.bytes = new Uint8Array(buffer);
    this.coefficients = new Int32Array(buffer);
    this.call('initialise');
  }

  call(name: string, ...args: number[]): number {
    return (this.#exports[name] as (...args: number[]) => number | undefined)(...args) ?? 0;
  }

  at(region: string): number {
    return (this.#exports[region] as WebAssembly.Global).value as number;
  }

  read(at: number, length: number): Uint8Array {
    return this.bytes.slice(at, at + length);
  }

  poly(at: number): number[] {
    return [...this.coefficients.subarray(at / 4, at / 4 + 256)];
  }

  vector(at: number): Int32Array {
    return this.coefficients.subarray(at / 4, at / 4 + 4);
  }

  setPoly(at: number, values: readonly number[]): void {
    this.coefficients.set(values, at / 4);
  }
}

/** What guard bytes hold while a test watches them. */
export const FILL = 0xa5;

/** Run `work` and expect all GUARD bytes around the regions of hashing to be as they were; the release build has none. */
export function guarded(k: Kernels, work: () => void): void {
  const ends = HASH_REGIONS.map(([name, bytes]) => k.at(name) + bytes);
  const width = k.at('WORDS') - ends[0];
  const guards = [k.at('LANES') - width, ...ends].map((at) => k.bytes.subarray(at, at + width));
  for (const guard of guards) guard.fill(FILL);
  work();
  for (const guard of guards) expect(guard.every((byte) => byte === FILL)).toBe(true);
}

const HASH_REGIONS = [
  ['LANES', 128],
  ['WORDS', 256],
  ['LANE_JOBS', 64],
  ['JOBS', 1024 * 12],
  ['SAVED', 1024 * 72],
  ['NODES', 2048 * 32],
  ['NODE_BLOCKS', 65536],
] as const;

/** Numbers that look random and are the same in every run (mulberry32). @returns a function to [0, below). */
export function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
