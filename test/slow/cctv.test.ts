import { describe, expect, it } from 'vitest';
import { accumulate, accumulatedDigest } from '../crypto/cctv.ts';
import { hasShared } from '../shared.ts';

describe.skipIf(!hasShared)('C2SP CCTV, ML-DSA-65 accumulated', () => {
  it('10,000 iterations have the published digest', async () => {
    expect(await accumulate(10_000)).toEqual({ verified: 10_000, digest: accumulatedDigest(10_000) });
  });
});
