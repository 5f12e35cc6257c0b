import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The suites that take minutes: `npm run test:slow`. Same root and pool as the normal one.
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/slow/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 1_800_000,
    hookTimeout: 120_000,
  },
});
