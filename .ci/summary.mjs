// Add up vitest's JSON reports of several runs: `node summary.mjs FOLDER EXIT_CODE STEP`. A test that ran in several of them counts
// once, as failed if it ever failed. Last line: `N passed, N failed`. Exits 1 when something failed or nothing ran.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, code, step] = process.argv.slice(2);
const rank = { failed: 2, passed: 1 };
const results = new Map();
const note = (name, status) => {
  if ((rank[status] ?? 0) >= (rank[results.get(name)] ?? 0)) results.set(name, status);
};

for (const file of existsSync(folder) ? readdirSync(folder) : []) {
  for (const { name, status, assertionResults } of JSON.parse(readFileSync(join(folder, file), 'utf8')).testResults) {
    // Tests of one file may share a name: the n-th of that name in one report is the n-th in the next.
    const seen = new Map();
    for (const { fullName, status: one } of assertionResults) {
      seen.set(fullName, (seen.get(fullName) ?? 0) + 1);
      note(`${name} > ${fullName}${seen.get(fullName) > 1 ? ` (${seen.get(fullName)})` : ''}`, one);
    }
    // A file that failed to load has no tests, but it failed.
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) note(name, 'failed');
  }
}

const count = (status) => [...results.values()].filter((one) => one === status).length;
const passed = count('passed');
let failed = count('failed');
if (code !== '0') console.log(`\nstopped in step: ${step} (exit ${code})`);
if (code !== '0' && failed === 0) failed = 1;
for (const [name, status] of results) if (status === 'failed') console.log(`failed: ${name}`);
const skipped = results.size - passed - failed;
if (skipped > 0) console.log(`skipped everywhere: ${skipped}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
