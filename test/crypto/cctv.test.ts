import { describe, expect, it } from 'vitest';
import { hasShared } from '../shared.ts';
import { accumulate, accumulatedDigest } from './cctv.ts';

describe.skipIf(!hasShared)('C2SP CCTV, ML-DSA-65 accumulated', () => {
  it('100 iterations: key generation, deterministic signing and verification have the published digest', async () => {
    expect(await accumulate(100)).toEqual({ verified: 100, digest: accumulatedDigest(100) });
  });
});
