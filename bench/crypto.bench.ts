import Benchmark from 'benchmark';
import { hasNativeSigning } from '../src/crypto/engine-native-sign.ts';
import { nativeVerifier } from '../src/crypto/engine-native-verify.ts';
import { nobleVerifier } from '../src/crypto/engine-noble-verify.ts';
import { wasmVerifier } from '../src/crypto/engine-wasm-verify.ts';
import { type ClosableSigner, createSigner } from '../src/crypto/signers.ts';
import { CONTEXTS, type Verifier } from '../src/crypto/verifier.ts';
import { canonicalBytes } from '../src/receipt/canonical.ts';
import { benchKey, call400 } from './events.ts';
import { assertThat, median, progress, QUICK, type Ratio, type Row, report, rounded } from './result.ts';

/*
 * The micro table: what one signature costs, by engine, ML-DSA-65 beside Ed25519. benchmark.js times; the contenders take turns, some
 * short turns each, and the median turn counts. Native ML-DSA needs Node 24.7 or later: run.ts starts this file again under one.
 */

const ROUNDS = QUICK ? 1 : 5;
const TURN_SECONDS = QUICK ? 0.01 : 0.6;
const node = `Node ${process.versions.node.split('.').slice(0, 2).join('.')}`;
const message = canonicalBytes(call400(1));
const context = CONTEXTS.entry;

interface Contender {
  readonly row: { name: string; alg: string; op: string; engine: string; node: string };
  readonly run: () => boolean | Promise<unknown>;
  readonly turns: number[];
}

const contenders: Contender[] = [];
const signers: ClosableSigner[] = [];
for (const alg of ['ML-DSA-65', 'Ed25519'] as const) {
  const key = benchKey(alg);
  const engines: { engine: string; make: () => Promise<ClosableSigner>; verifier: Verifier | null }[] = [
    { engine: 'noble', make: () => createSigner(key, { engine: 'noble' }), verifier: nobleVerifier },
  ];
  if (alg === 'ML-DSA-65') {
    const make = (): Promise<ClosableSigner> => createSigner(key, { engine: 'noble', worker: true });
    engines.push({ engine: 'noble in a worker', make, verifier: null });
    // Keys are prepared at the first use, which the assertions below are.
    engines.push({ engine: 'wasm', make: () => createSigner(key, { engine: 'wasm' }), verifier: wasmVerifier });
  }
  if (hasNativeSigning(alg)) {
    engines.push({ engine: 'native', make: () => createSigner(key, { engine: 'native' }), verifier: nativeVerifier });
  }
  for (const { engine, make, verifier } of engines) {
    const signer = await make();
    signers.push(signer);
    const signature = await signer.sign({ message, context });
    const changed = message.with(7, message[7]! ^ 1);
    for (const judge of [nobleVerifier, ...(verifier === null ? [] : [verifier])]) {
      assertThat(await judge.verify(key.publicKey, message, signature, context), `${engine} ${alg} to verify`);
      assertThat(!(await judge.verify(key.publicKey, changed, signature, context)), `${engine} ${alg} to refuse`);
    }
    const row = (op: string) => ({ name: `${op} ${alg}, ${engine}, ${node}`, alg, op, engine, node });
    contenders.push({ row: row('sign'), run: () => signer.sign({ message, context }), turns: [] });
    if (verifier !== null) {
      const run = () => verifier.verify(key.publicKey, message, signature, context);
      contenders.push({ row: row('verify'), run, turns: [] });
    }
  }
}

for (let round = 0; round < ROUNDS; round++) {
  progress(`crypto, ${node}: round ${round + 1} of ${ROUNDS}`);
  for (const { row, run, turns } of contenders) turns.push(await turn(row.name, run));
}
for (const signer of signers) await signer.close();

const rows = contenders.map(({ row, turns }): Row => {
  const us = median(turns);
  return { ...row, us: rounded(us), us_best: rounded(Math.min(...turns)), per_second: rounded(1e6 / us) };
});
const usOf = (op: string, alg: string, engine: string): number | undefined =>
  rows.find((row) => row.op === op && row.alg === alg && row.engine === engine)?.us as number | undefined;
const ratios: Ratio[] = ['sign', 'verify'].flatMap((op) => {
  const ratio = (name: string, a: number | undefined, b: number | undefined): Ratio[] =>
    a === undefined || b === undefined ? [] : [{ name: `${op} ${name}, ${node}`, value: rounded(a / b) }];
  const wasm = usOf(op, 'ML-DSA-65', 'wasm');
  return [
    ...['noble', 'native'].flatMap((engine) => [
      ...ratio(`ML-DSA-65 / Ed25519, ${engine}`, usOf(op, 'ML-DSA-65', engine), usOf(op, 'Ed25519', engine)),
      ...ratio(`ML-DSA-65, ${engine} / wasm`, usOf(op, 'ML-DSA-65', engine), wasm),
    ]),
    // Ed25519 has no kernel of ours: its best here is OpenSSL's.
    ...ratio('ML-DSA-65 / Ed25519, wasm', wasm, usOf(op, 'Ed25519', 'native')),
  ];
});
report({ parameters: { message_bytes: message.length, rounds: ROUNDS, turn_seconds: TURN_SECONDS }, rows, ratios });

/** One turn of one contender. @returns microseconds an operation, mean of the turn: signing has no typical case, it tries again. */
function turn(name: string, run: () => boolean | Promise<unknown>): Promise<number> {
  return new Promise((resolve, reject) => {
    const settled = (deferred: { resolve(): void }): void => {
      Promise.resolve(run()).then(() => deferred.resolve(), reject);
    };
    new Benchmark(name, {
      defer: true,
      fn: settled,
      maxTime: TURN_SECONDS,
      minSamples: QUICK ? 1 : 3,
      minTime: QUICK ? 0.001 : 0,
      onComplete: (event: { target: Benchmark }) => resolve(event.target.stats.mean * 1e6),
      onError: (event: { target: { error?: unknown } }) => reject(event.target.error),
    } as unknown as Benchmark.Options).run({ async: true });
  });
}
