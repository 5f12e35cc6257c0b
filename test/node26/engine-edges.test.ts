import { describe } from 'vitest';
import { nativeMlDsa } from './native.ts';

// The suites of the other engines once more, where node:crypto is OpenSSL 3.5: under Node 20 they have no native ML-DSA to ask, and
// meet another OpenSSL's Ed25519.
describe.skipIf(!nativeMlDsa)('under a node:crypto with ML-DSA', async () => {
  await import('../crypto/verify-traps.test.ts');
  await import('../crypto/ed25519.test.ts');
  await import('../crypto/engines.test.ts');
  await import('../crypto/signers.test.ts');
});
