import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Found, naive, naiveSigned, scan } from './verify-rivals.ts';

/*
 * One verification in a process of its own: `node verify-child.js <way> <file> <public JWK>`, one JSON line out. Time counts from the start of the
 * process, so that loading is in it; memory is the peak of the process.
 *
 *   bare          nothing: what a process costs             naive, naive-signed, scan   see verify-rivals.ts
 *   perdure       verify() in TypeScript with the hash of this runtime     noble   the same with @noble/hashes
 *   wasm, wasm-2  verify() as everyone gets it: what is published (dist/), on one thread or two
 *   stream, stream-2   the same of stream.ts, whose number of entries stands where the file does; making it is timed apart
 */

const [way, file, jwk] = process.argv.slice(2) as [string, string, string];
const result = await run();
const ms = performance.now();
const { user, system } = process.cpuUsage();
process.stdout.write(`${JSON.stringify({ ...result, ms, cpuMs: (user + system) / 1000, maxRssBytes: peakBytes() })}\n`);

/** The peak of this process; maxRSS alone begins, on Linux, with that of the process which started it. */
function peakBytes(): number {
  const peak =
    existsSync('/proc/self/status') && /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return (peak ? Number(peak[1]) : process.resourceUsage().maxRSS) * 1024;
}

async function run(): Promise<object> {
  switch (way) {
    case 'bare':
      return { verdict: 'none' };
    case 'naive':
      return timed(() => naive(file));
    case 'naive-signed':
      return naiveSigned(file, Buffer.from((JSON.parse(jwk) as { pub: string }).pub, 'base64url'), 'perdure/entry/v1');
    case 'scan':
      return timed(() => scan(file));
    case 'wasm':
      return engine(1);
    case 'wasm-2':
      return engine(2);
    case 'stream':
      return stream(1);
    case 'stream-2':
      return stream(2);
    default:
      return typeScript(way === 'noble');
  }
}

/** From the call to the answer. */
async function timed(way: () => Found | Promise<Found>): Promise<object> {
  const begin = performance.now();
  const found = await way();
  return { ...found, verifyMs: performance.now() - begin };
}

/** `perdure/verify` as it is published: one that is put together from as many files as src/ has takes more time and memory. */
function published(): Promise<typeof import('../src/auditor.ts')> {
  return import(pathToFileURL(resolve('dist', 'auditor.js')).href);
}

async function engine(workers: number): Promise<object> {
  const { openEvidence, parseJwk, verify } = await published();
  const begin = performance.now();
  const { verdict, counts, head, problems, run } = await verify(await openEvidence(file), {
    keys: [parseJwk(JSON.parse(jwk))],
    allowUnsignedTail: true,
    workers,
  });
  const verifyMs = performance.now() - begin;
  const { engine: name, workers: used } = run;
  return {
    verdict,
    lines: counts.lines,
    head: head.hash,
    firstProblem: problems[0] ?? null,
    engine: name,
    used,
    verifyMs,
  };
}

async function stream(workers: number): Promise<object> {
  const { parseJwk, verify } = await published();
  const { LineStream, Stopwatch } = await import('./stream.ts');
  const lines = await LineStream.open(Number(file));
  const clock = new Stopwatch();
  const keys = [parseJwk(JSON.parse(jwk))];
  clock.start();
  const { onProgress } = lines;
  const found = await verify(lines.chunks(clock), { keys, allowUnsignedTail: true, workers, onProgress });
  clock.stop();
  const { verdict, counts, head, problems, run } = found;
  if (head.hash !== lines.head) throw new Error(`stream: expected the head ${lines.head}, got ${head.hash}`);
  return {
    verdict,
    lines: counts.lines,
    head: head.hash,
    firstProblem: problems[0] ?? null,
    engine: run.engine,
    used: run.workers,
    verifyMs: clock.ms,
    generateMs: lines.generating.ms,
  };
}

async function typeScript(noble: boolean): Promise<object> {
  const { parseJwk, trustKeys } = await import('../src/auditor.ts');
  const { chooseVerifier } = await import('../src/crypto/engines.ts');
  const { nobleSha256Hex, sha256Hex } = await import('../src/crypto/hash.ts');
  const { openEvidence } = await import('../src/verify/files.ts');
  const { verifyWith } = await import('../src/verify/verify.ts');
  const { verdict, counts, head, problems } = await verifyWith(
    await openEvidence(file),
    { trust: trustKeys([{ key: parseJwk(JSON.parse(jwk)) }]), allowUnsignedTail: true },
    { verifier: await chooseVerifier('noble'), sha256Hex: noble ? nobleSha256Hex : sha256Hex },
  );
  return { verdict, lines: counts.lines, head: head.hash, firstProblem: problems[0] ?? null };
}
