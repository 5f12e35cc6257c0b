import { brotliCompressSync } from 'node:zlib';
import { hasNativeMlDsa } from '../src/crypto/engine-native-verify.ts';
import { VERIFIER_SHA256, VERIFIER_WASM } from '../src/crypto/verifier-wasm.ts';
import { measureMerkle, measureSha256 } from './engine-hash.ts';
import { measureLogs } from './engine-logs.ts';
import type { Part } from './engine-parts.ts';
import { measureSign } from './engine-sign.ts';
import { measureFirstVerify, measureVerify } from './engine-verify.ts';
import { report, rounded } from './result.ts';

/*
 * The WASM engine beside what else there is, each ratio formed within one process, or within one round of processes. `--node26`: under a
 * Node whose node:crypto has ML-DSA, where our kernels run beside it, and beside the liboqs packages, which need Node 22.
 */

const parts: Part[] = [];
if (process.argv.includes('--node26')) {
  parts.push(await measureVerify(true));
  if (hasNativeMlDsa()) parts.push(measureFirstVerify());
  parts.push(measureSign());
} else {
  parts.push(measureSize());
  parts.push(await measureVerify(false), measureSign());
  parts.push(await measureSha256(), measureMerkle());
  parts.push(await measureLogs());
}
report({
  parameters: { verifier_wasm_sha256: VERIFIER_SHA256 },
  rows: parts.flatMap(({ rows }) => rows),
  ratios: parts.flatMap(({ ratios }) => ratios),
});

/** Bytes of verifier.wasm, in KB of 1,000 bytes. */
function measureSize(): Part {
  const bytes = Buffer.from(VERIFIER_WASM, 'base64url');
  const what = 'size of verifier.wasm';
  const sizes = { raw: bytes.length / 1000, brotli: brotliCompressSync(bytes).length / 1000 };
  const promised = { raw: { at_most: 110, goal: 70 }, brotli: { at_most: 30, goal: 22 } };
  const forms = ['raw', 'brotli'] as const;
  return {
    rows: forms.map((form) => ({ name: `${what}, ${form}`, kb: rounded(sizes[form]) })),
    ratios: forms.map((form) => ({
      name: `${what}, ${form}`,
      unit: 'KB',
      value: rounded(sizes[form]),
      ...promised[form],
      of: [`${what}, ${form}`],
    })),
  };
}
