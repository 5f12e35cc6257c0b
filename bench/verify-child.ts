import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/*
 * One verification in a process of its own: `node verify-child.js <way> <file> <public JWK>`, one JSON line out. Time counts from the start of the
 * process, so that loading is in it; memory is the peak of the process.
 *
 *   naive     what one writes first: readline, JSON.parse, JSON.stringify, createHash, compare prev. It checks neither form nor
 *             canonical JSON nor the signature of genesis.
 *   perdure   verify() with the hash of this runtime     noble   verify() with @noble/hashes
 */

const [way, file, jwk] = process.argv.slice(2) as [string, string, string];
const result = way === 'naive' ? await naive(file) : await perdure(file, way === 'noble');
const ms = performance.now();
const { user, system } = process.cpuUsage();
process.stdout.write(
  `${JSON.stringify({ ...result, ms, cpuMs: (user + system) / 1000, maxRssBytes: process.resourceUsage().maxRSS * 1024 })}\n`,
);

async function naive(path: string): Promise<object> {
  let prev = '0'.repeat(64);
  let lines = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const { entry, hash } = JSON.parse(line) as { entry: { prev: string; seq: number }; hash: string };
    const computed = createHash('sha256')
      .update(`\0${JSON.stringify(entry)}`)
      .digest('hex');
    if (computed !== hash || entry.prev !== prev || entry.seq !== lines)
      return { verdict: 'invalid', lines, head: prev };
    prev = hash;
    lines++;
  }
  return { verdict: 'valid', lines, head: prev };
}

async function perdure(path: string, noble: boolean): Promise<object> {
  const { parseJwk, trustKeys } = await import('../src/auditor.ts');
  const { chooseVerifier } = await import('../src/crypto/engines.ts');
  const { nobleSha256Hex, sha256Hex } = await import('../src/crypto/hash.ts');
  const { openEvidence } = await import('../src/verify/files.ts');
  const { verifyWith } = await import('../src/verify/verify.ts');
  const { verdict, counts, head, problems } = await verifyWith(
    await openEvidence(path),
    { trust: trustKeys([{ key: parseJwk(JSON.parse(jwk)) }]), allowUnsignedTail: true },
    { verifier: await chooseVerifier('noble'), sha256Hex: noble ? nobleSha256Hex : sha256Hex },
  );
  return { verdict, lines: counts.lines, head: head.hash, firstProblem: problems[0] ?? null };
}
