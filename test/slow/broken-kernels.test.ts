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
    '--bail=1',
    `test/twin/${twin}.test.ts`,
  ];
  const env = { ...process.env, NO_COLOR: '1', PERDURE_KERNELS_FROM: dir, PERDURE_TEST_REPORT: undefined };
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env });
  // Red because a test failed, not because nothing compiled: then none would have run.
  if (status !== 0) expect(stdout).toMatch(/^ *Tests +\d+ failed/m);
  return status === 0;
}

const fresh = (): void => cpSync(join(root, 'assembly'), join(dir, 'assembly'), { recursive: true });

test.each(
  'wasm-ntt wasm-kernels wasm-verify wasm-sha256 wasm-merkle wasm-tokens wasm-json wasm-lines sign-kernels wasm-sign'.split(
    ' ',
  ),
)('%s passes on the kernels as they are', (twin) => {
  fresh();
  expect(passes(twin)).toBe(true);
});

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
  ['keccak-pair.ts', 'd0), 41)', 'd0), 40)', 'wasm-kernels'],
  ['keccak-pair.ts', 'let last: u64 = 0x1f', 'let last: u64 = 0x06', 'wasm-kernels'],
  ['keccak-pair.ts', 'v128.andnot(c, b)', 'v128.andnot(b, c)', 'wasm-kernels'],
  ['keccak-pair.ts', 'done == blocks1) squeeze', 'done == blocks) squeeze', 'wasm-kernels'],
  ['sample.ts', 'b >> 56', 'b >> 48', 'wasm-ntt'],
  ['sample.ts', 'startEntry(STATES + 8, entry + 1)', 'startEntry(STATES + 8, entry)', 'wasm-ntt'],
  ['sample.ts', 'candidate < Q', 'candidate <= Q + 8192', 'wasm-ntt'],
  ['sample.ts', 'transpose(poly)', 'transpose(W)', 'wasm-ntt'],
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
  ['round.ts', '[Q / 2, Q,', '[Q / 2, Q - 1,', 'wasm-kernels'],
  ['round.ts', 'i16x8.shr_u(nibbles, 4)', 'i16x8.shr_u(nibbles, 3)', 'wasm-kernels'],
  ['round.ts', 'r0 > 0', 'r0 >= 0', 'wasm-kernels'],
  ['round.ts', 'r - (r >> 31) - r1', 'r - r1', 'wasm-kernels'],
  ['round.ts', '0xf0 >> shift', '0xff', 'wasm-kernels'],
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
  ['verifier.ts', 'j < L; j++) ntt', 'j < L - 1; j++) ntt', 'wasm-verify'],
  ['layout.ts', 'SIGNATURE_STEP: usize = 3312', 'SIGNATURE_STEP: usize = 3296', 'wasm-verify'],
  ['verifier.ts', 'findW1(signatureAt(1), key, w1At(1))', 'findW1(signatureAt(0), key, w1At(1))', 'wasm-verify'],
  ['verifier.ts', 'formed1 && hasCommitment(1)', 'formed0 && hasCommitment(1)', 'wasm-verify'],
  ['verifier.ts', 'length1 > most', 'length1 > most + 1', 'wasm-kernels'],
  ['verifier.ts', 'length > MESSAGE_BYTES', 'length > MESSAGE_BYTES + 1', 'wasm-kernels'],
  ['product.ts', 'const y = v128.load(b + at)', 'const y = v128.load(b)', 'wasm-sign'],
  ['sign-pack.ts', '<i8>(b - ETA), 1)', '<i8>(a - ETA), 1)', 'sign-kernels'],
  ['sign-pack.ts', 'bits & 8191', 'bits & 4095', 'sign-kernels'],
  ['sign-pack.ts', 'b << 20', 'b << 19', 'sign-kernels'],
  ['sign-pack.ts', '<u8>index)', '<u8>(index + 1))', 'sign-kernels'],
  ['mask.ts', '(counter + 1) | 0x1f0000', 'counter | 0x1f0000', 'sign-kernels'],
  ['mask.ts', 'squeezeOne(kappa + L - 1)', 'squeezeOne(kappa + L)', 'sign-kernels'],
  ['mask.ts', '(bits >> 20) & 0xfffff', '(bits >> 20) & 0x7ffff', 'sign-kernels'],
  ['sparse.ts', 'GROUP: i32 = 25', 'GROUP: i32 = 32', 'sign-kernels'],
  ['sparse.ts', 'p < ones != subtract', 'p <= ones != subtract', 'sign-kernels'],
  ['sign-round.ts', 'splat(1025)', 'splat(1024)', 'sign-kernels'],
  ['sign-round.ts', 'i32x4.splat(127)', 'i32x4.splat(128)', 'sign-kernels'],
  ['sign-round.ts', 'i32x4.shr_s(a, 31)', 'i32x4.shr_u(a, 31)', 'sign-kernels'],
  ['sign-round.ts', 'i32x4.ge_s(largest', 'i32x4.gt_s(largest', 'sign-kernels'],
  ['sign-round.ts', '(GAMMA2 - r) >> 31', '(GAMMA2 - 1 - r) >> 31', 'sign-kernels'],
  ['sign-round.ts', '1 - notEdge', 'notEdge', 'sign-kernels'],
  ['signer-layout.ts', 'ETA: i32 = 4', 'ETA: i32 = 3', 'sign-kernels'],
  ['signer.ts', 'largest <= 2 * ETA', 'largest <= 15', 'wasm-sign'],
  ['signer.ts', 'GAMMA2 - BETA', 'GAMMA2 - BETA + 150', 'wasm-sign'],
  ['signer.ts', 'GAMMA1 - BETA', 'GAMMA1 - BETA - 20000', 'wasm-sign'],
  ['signer.ts', 'hints <= OMEGA', 'hints <= OMEGA - 12', 'wasm-sign'],
  ['signer.ts', 'kappa += L', 'kappa += L + 1', 'wasm-sign'],
  ['signer.ts', 'shakeAbsorb(SHAKE256_RATE, RND, 32)', 'shakeAbsorb(SHAKE256_RATE, RND, 31)', 'wasm-sign'],
  ['signer.ts', 'memory.fill(RND, 0, SIGNER_END - RND)', 'memory.fill(Y, 0, SIGNER_END - Y)', 'wasm-sign'],
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
