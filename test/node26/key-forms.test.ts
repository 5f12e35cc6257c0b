import { describe } from 'vitest';
import { nativeMlDsa } from './native.ts';

// In a file of its own: it watches a class, and the suites of engine-edges load modules anew, which makes that class a second time.
describe.skipIf(!nativeMlDsa)('key files, under a node:crypto with ML-DSA', async () => {
  await import('../crypto/key-forms.test.ts');
});
