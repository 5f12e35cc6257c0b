import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FOLDERS } from './case.ts';
import { kitFiles } from './kit.ts';
import { proofFiles } from './proofs.ts';

// `npm run vectors`: writes the conformance kit. Files that no case makes any more are removed.
const root = fileURLToPath(new URL('.', import.meta.url));
const files = new Map([...(await kitFiles()), ...proofFiles()]);
for (const folder of [...Object.keys(FOLDERS), 'proofs']) {
  mkdirSync(`${root}${folder}`, { recursive: true });
  for (const name of readdirSync(`${root}${folder}`)) {
    if (name !== 'README.md' && !files.has(`${folder}/${name}`)) rmSync(`${root}${folder}/${name}`);
  }
}
let sizeBytes = 0;
for (const [path, bytes] of files) {
  writeFileSync(root + path, bytes);
  sizeBytes += bytes.length;
}
console.log(`${files.size} files, ${sizeBytes} bytes`);
