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

test.each(['wasm-ntt', 'wasm-kernels', 'wasm-verify', 'wasm-tokens', 'wasm-json', 'wasm-lines'])(
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
  ['zetas.ts', '16382', '16383', 'wasm-ntt'],
  ['zetas.ts', 'ZETA: i64 = 1753', 'ZETA: i64 = 1754', 'wasm-ntt'],
  ['zetas.ts', 'value > <i64>(Q / 2)', 'value > <i64>Q', 'wasm-ntt'],
  ['ntt.ts', 'pairs + 40', 'pairs + 32', 'wasm-ntt'],
  ['zetas.ts', 'shift + (within & shift)', 'shift', 'wasm-ntt'],
  ['ntt.ts', 'high01, high23, 1, 3', 'high01, high23, 0, 2', 'wasm-ntt'],
  ['product.ts', '58728449', '58728448', 'wasm-ntt'],
  ['product.ts', 'at, 5 * POLY', 'at, 4 * POLY', 'wasm-ntt'],
  ['product.ts', 'multipleHigh, 1, 3', 'multipleHigh, 0, 2', 'wasm-ntt'],
  ['keccak-pair.ts', 'd3), 41)', 'd3), 40)', 'wasm-kernels'],
  ['keccak-pair.ts', 'let last: u64 = 0x1f', 'let last: u64 = 0x06', 'wasm-kernels'],
  ['keccak-pair.ts', 'v128.andnot(c, b)', 'v128.andnot(b, c)', 'wasm-kernels'],
  ['keccak-pair.ts', 'done == blocks1) squeeze', 'done == blocks) squeeze', 'wasm-kernels'],
  ['sample.ts', 'b >> 56', 'b >> 48', 'wasm-ntt'],
  ['sample.ts', 'startEntry(STATES + 8, entry + 1)', 'startEntry(STATES + 8, entry)', 'wasm-ntt'],
  ['sample.ts', 'candidate < Q', 'candidate <= Q + 8192', 'wasm-ntt'],
  ['sample.ts', 'transpose(poly)', 'transpose(Z)', 'wasm-ntt'],
  ['sample.ts', 'j > i', 'j >= i', 'wasm-kernels'],
  ['sample.ts', 'let at: i32 = 8', 'let at: i32 = 7', 'wasm-kernels'],
  ['pack.ts', '0xfffff, GAMMA1', '0x7ffff, GAMMA1', 'wasm-kernels'],
  ['pack.ts', 'GAMMA1 - BETA - 1', 'GAMMA1 - BETA', 'wasm-kernels'],
  ['pack.ts', 'i32x4.abs(z)', 'z', 'wasm-kernels'],
  ['pack.ts', '0x09090807', '0x09080807', 'wasm-kernels'],
  ['pack.ts', '-1, 0, -1, 0', '-1, 0, -1, -1', 'wasm-kernels'],
  ['pack.ts', '-(<i32>(bits & 1023)', '(<i32>(bits & 1023)', 'wasm-kernels'],
  ['pack.ts', '(bits >> 30) & 1023', '(bits >> 30) & 511', 'wasm-kernels'],
  ['pack.ts', 'limit > OMEGA', 'limit > OMEGA + 1', 'wasm-kernels'],
  ['pack.ts', '>= load<u8>(y + <usize>index)', '> load<u8>(y + <usize>index)', 'wasm-kernels'],
  ['pack.ts', 'index < OMEGA; index++', 'index < OMEGA - 1; index++', 'wasm-kernels'],
  ['pack.ts', 'OMEGA + i - 1))', 'OMEGA + i))', 'wasm-verify'],
  ['round.ts', '(1 << 21) - 512', '1 << 21', 'wasm-kernels'],
  ['round.ts', '127, 1025', '127, 1024', 'wasm-kernels'],
  ['round.ts', 'Q, 127', 'Q, 128', 'wasm-kernels'],
  ['round.ts', '[Q / 2, Q', '[Q, Q', 'wasm-kernels'],
  ['round.ts', 'i16x8.shr_u(nibbles, 4)', 'i16x8.shr_u(nibbles, 3)', 'wasm-kernels'],
  ['round.ts', 'r0 > 0', 'r0 >= 0', 'wasm-kernels'],
  ['round.ts', 'r - (r >> 31) - r1', 'r - r1', 'wasm-kernels'],
  ['round.ts', '0xf0 >> shift', '0xff', 'wasm-kernels'],
  ['layout.ts', 'BETA: i32 = 196', 'BETA: i32 = 195', 'wasm-kernels'],
  ['layout.ts', 'KEY_TR + <usize>TR_BYTES', 'KEY_TR', 'wasm-verify'],
  ['verifier.ts', 'j < L; j++) ntt', 'j < L - 1; j++) ntt', 'wasm-verify'],
  ['layout.ts', 'SIGNATURE_STEP: usize = 3312', 'SIGNATURE_STEP: usize = 3296', 'wasm-verify'],
  ['verifier.ts', 'findW1(signatureAt(1), key, w1At(1))', 'findW1(signatureAt(0), key, w1At(1))', 'wasm-verify'],
  ['verifier.ts', 'formed1 && hasCommitment(1)', 'formed0 && hasCommitment(1)', 'wasm-verify'],
  ['verifier.ts', 'length1 > most', 'length1 > most + 1', 'wasm-kernels'],
  ['verifier.ts', 'length > MESSAGE_BYTES', 'length > MESSAGE_BYTES + 1', 'wasm-kernels'],
  ['tokens.ts', 'ctz<u64>(low | (high << 32))', 'ctz<u64>(low | high)', 'wasm-tokens'],
  ['tokens.ts', '0xff7b', '0xff7f', 'wasm-tokens'],
  ['tokens.ts', 'year % 400 == 0', 'year % 400 == 1', 'wasm-tokens'],
  ['tokens.ts', '(word + 0x0006060600060600)', '(word + 0x0005060600060600)', 'wasm-tokens'],
  ['base64.ts', '0x23, 0x3b, 0x3b, 0x3a', '0x23, 0x3b, 0x3b, 0x38', 'wasm-tokens'],
  ['base64.ts', '0xbf, 0xbf, 0xb9', '0xbf, 0xbf, 0xb8', 'wasm-tokens'],
  ['base64.ts', 'SIGNATURE_CHARS - 12', 'SIGNATURE_CHARS - 28', 'wasm-tokens'],
  ['json.ts', 'MAX_DEPTH: i32 = 64', 'MAX_DEPTH: i32 = 65', 'wasm-json'],
  ['json.ts', 'length >= <usize>argument', 'length > <usize>argument', 'wasm-json'],
  ['json.ts', 'inOrder = false', 'inOrder = true', 'wasm-json'],
  ['json.ts', 'aEnd - a < bEnd - b', 'aEnd - a <= bEnd - b', 'wasm-json'],
  ['json-tokens.ts', 'whole > 15', 'whole > 16', 'wasm-json'],
  ['json-tokens.ts', 'digit <= 0x37', 'digit <= 0x38', 'wasm-json'],
  ['json-tokens.ts', 'least = 0xa0', 'least = 0x9f', 'wasm-json'],
  ['frame.ts', '9 + logLength + 10', '9 + logLength + 9', 'wasm-lines'],
  ['frame.ts', '0x3a22716573222c22', '0x3a22706573222c22', 'wasm-lines'],
  ['frame.ts', 'SIG_AT + <usize>SIGNATURE_CHARS + 2', 'SIG_AT + <usize>SIGNATURE_CHARS + 3', 'wasm-lines'],
  ['lines.ts', 'frameSeq() != beforeSeq + 1', 'frameSeq() == beforeSeq', 'wasm-lines'],
  ['lines.ts', 'sameBytes(prev, beforeHash, 64)', 'sameBytes(prev, beforeHash, 48)', 'wasm-lines'],
  ['lines.ts', 'text + 32, digest + 16', 'text, digest', 'wasm-lines'],
  ['lines.ts', '(valid & 2) == 0', '(valid & 1) == 0', 'wasm-lines'],
  ['lines.ts', 'unpad(hash - 9', 'unpad(hash - 8', 'wasm-lines'],
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
