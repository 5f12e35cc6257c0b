import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// .ci/run names a file here to add up the results of its several vitest runs.
const report = process.env.PERDURE_TEST_REPORT;

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    // Suites that take minutes run by their own script, test:slow.
    exclude: ['test/slow/**', 'node_modules/**'],
    pool: 'forks',
    // Workers and child processes that tests start meet the .ts sources without vite between: they inherit this.
    execArgv: ['--import', new URL('../.ci/ts.mjs', import.meta.url).href],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    ...(report === undefined ? {} : { reporters: ['default', 'json'], outputFile: { json: report } }),
  },
});
