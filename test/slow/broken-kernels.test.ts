import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'perdure-broken-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Run one twin file on the kernels of `dir`. @returns whether its tests passed. */
function passes(twin: string): boolean {
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/vitest.config.ts',
    `test/twin/${twin}.test.ts`,
  ];
  const env = { ...process.env, NO_COLOR: '1', PERDURE_KERNELS_FROM: dir, PERDURE_TEST_REPORT: undefined };
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env });
  // Red because a test failed, not because nothing compiled: then none would have run.
  if (status !== 0) expect(stdout).toMatch(/^ *Tests +\d+ failed/m);
  return status === 0;
}

const fresh = (): void => cpSync(join(root, 'assembly'), join(dir, 'assembly'), { recursive: true });

test.each(['wasm-kernels', 'wasm-verify', 'wasm-sha256', 'wasm-merkle'])(
  '%s passes on the kernels as they are',
  (twin) => {
    fresh();
    expect(passes(twin)).toBe(true);
  },
);

/** One thing wrong in each kernel at a time. */
test.each([
  ['keccak.ts', '0x8000000080008008', '0x8000000080008009', 'wasm-kernels'],
  ['keccak.ts', '^ 0x1f', '^ 0x06', 'wasm-kernels'],
  ['keccak.ts', '(at & 7) == 0', '(at & 3) == 0', 'wasm-kernels'],
  ['ntt.ts', '58728449', '58728448', 'wasm-kernels'],
  ['ntt.ts', '41978', '41979', 'wasm-kernels'],
  ['ntt.ts', 'ZETA: i64 = 1753', 'ZETA: i64 = 1754', 'wasm-kernels'],
  ['sample.ts', 'candidate < Q', 'candidate <= Q + 8192', 'wasm-kernels'],
  ['sample.ts', 'j > i', 'j >= i', 'wasm-kernels'],
  ['sample.ts', 'let at: i32 = 8', 'let at: i32 = 7', 'wasm-kernels'],
  ['pack.ts', 'largest < GAMMA1 - BETA', 'largest <= GAMMA1 - BETA', 'wasm-kernels'],
  ['pack.ts', '(bits >> 30) & 1023', '(bits >> 30) & 511', 'wasm-kernels'],
  ['pack.ts', 'limit > OMEGA', 'limit > OMEGA + 1', 'wasm-kernels'],
  ['pack.ts', '>= position', '> position', 'wasm-kernels'],
  ['pack.ts', 'index < OMEGA; index++', 'index < OMEGA - 1; index++', 'wasm-kernels'],
  ['round.ts', '<u32>(GAMMA2 - 1)', '<u32>GAMMA2', 'wasm-kernels'],
  ['round.ts', 'r0 > 0', 'r0 >= 0', 'wasm-kernels'],
  ['round.ts', 'r1 - 1) & 15', 'r1 - 1) & 31', 'wasm-kernels'],
  ['sha256.ts', '0x90befffa', '0x90befffb', 'wasm-sha256'],
  ['sha256.ts', '0x9b05688c', '0x9b05688d', 'wasm-sha256'],
  ['sha256.ts', 'rotr<u32>(x, 22)', 'rotr<u32>(x, 21)', 'wasm-sha256'],
  ['sha256.ts', '(x >> 10)', '(x >> 9)', 'wasm-sha256'],
  ['sha256.ts', '(length + 8) & 63', '(length + 9) & 63', 'wasm-sha256'],
  ['sha256.ts', 'i < last; i += 8', 'i < last; i += 9', 'wasm-sha256'],
  ['sha256.ts', '<u64>length << 3', '<u64>length << 2', 'wasm-sha256'],
  ['sha256-lanes.ts', '[3, 2, 1, 0, 7', '[3, 2, 0, 1, 7', 'wasm-sha256'],
  ['sha256-lanes.ts', 'rotr4(e, 25)', 'rotr4(e, 26)', 'wasm-sha256'],
  ['sha256-lanes.ts', 'shr_u(w2, 10)', 'shr_u(w2, 9)', 'wasm-sha256'],
  ['sha256-lanes.ts', 'plus(w13, k + 52)', 'plus(w13, k + 48)', 'wasm-sha256'],
  ['sha256-lanes.ts', 'abHigh, cdHigh, 1, 3', 'abHigh, cdHigh, 3, 1', 'wasm-sha256'],
  ['sha256-lanes.ts', '<u32>run << 6', '<u32>run << 5', 'wasm-sha256'],
  ['sha256-lanes.ts', 'run = min(run,', 'run = max(1, ', 'wasm-sha256'],
  ['merkle.ts', '0x01000000', '0x02000000', 'wasm-merkle'],
  ['merkle.ts', '8 * 65', '8 * 64', 'wasm-merkle'],
  ['merkle.ts', 'byte < 256', 'byte < 255', 'wasm-merkle'],
  ['merkle.ts', 'count & 1', 'count & 2', 'wasm-merkle'],
  ['merkle.ts', 'min<usize>(2, last)', 'min<usize>(1, last)', 'wasm-merkle'],
  ['layout.ts', 'BETA: i32 = 196', 'BETA: i32 = 195', 'wasm-kernels'],
  ['layout.ts', 'KEY_TR + <usize>TR_BYTES', 'KEY_TR', 'wasm-verify'],
  ['verifier.ts', 'let sum = -(', 'let sum = (', 'wasm-verify'],
  ['verifier.ts', 'j < L; j++) ntt', 'j < L - 1; j++) ntt', 'wasm-verify'],
  ['verifier.ts', 'length > MESSAGE_BYTES', 'length > MESSAGE_BYTES + 1', 'wasm-kernels'],
] as const)('%s: %s made %s is found', (file, from, to, twin) => {
  fresh();
  const path = join(dir, 'assembly', file);
  const source = readFileSync(path, 'utf8');
  expect(source.split(from).length).toBeGreaterThan(1);
  writeFileSync(
    path,
    source.replace(from, () => to),
  );
  expect(passes(twin)).toBe(false);
});
