import { hasNativeMlDsa } from '../../src/crypto/engine-native-verify.ts';

/** Whether this Node's own crypto has ML-DSA-65. With PERDURE_EXPECT_NATIVE=1 its absence fails instead of skipping. */
export const nativeMlDsa: boolean = hasNativeMlDsa();
if (!nativeMlDsa && process.env.PERDURE_EXPECT_NATIVE === '1') {
  throw new Error(`PERDURE_EXPECT_NATIVE=1, but node:crypto of Node ${process.versions.node} has no ML-DSA-65`);
}
if (!nativeMlDsa)
  console.warn(
    `skipped: tests against native ML-DSA-65 (Node ${process.versions.node} has none; run them under Node 26)`,
  );
