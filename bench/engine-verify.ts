import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { hasNativeMlDsa } from '../src/crypto/engine-native-verify.ts';
import { wasmVerifier } from '../src/crypto/engine-wasm-verify.ts';
import { keyFromSeed, type SecretKey } from '../src/crypto/keys.ts';
import { encodePkcs8 } from '../src/crypto/pkcs8.ts';
import { readPublicKey } from '../src/crypto/public-key.ts';
import { encodeSpki } from '../src/crypto/spki.ts';
import { signedMessage } from '../src/crypto/verifier.ts';
import { startSignerKernel } from '../src/crypto/wasm-signer.ts';
import { missingRow, NODE, NOT_INSTALLED, type Part, type Promised } from './engine-parts.ts';
import { benchKey, fixedRandom } from './events.ts';
import { assertThat, progress, QUICK } from './result.ts';
import { loadRival } from './thirdparty.ts';
import { type Contender, ratioOfTimes, rowOfTimes, takeTurns } from './turns.ts';

/*
 * One signature verified, on one thread: with a prepared key, and from the raw bytes of a key never met before. The context is empty,
 * because the liboqs packages take none.
 */

const ROUNDS = QUICK ? 1 : 9;
/** Different messages and signatures under the key; more keys than the engine keeps prepared. */
const SIGNATURES = 32;
const KEYS = QUICK ? 34 : 64;
const MESSAGE_BYTES = [64, 512] as const;
const PROMISED: Readonly<Record<string, Promised>> = {
  noble: { at_least: 90, goal: 120 },
  native: { at_least: 9, goal: 12 },
  '@oqs/liboqs-js': { at_least: 7, goal: 10 },
  '@openforge-sh/liboqs': { at_least: 7, goal: 10 },
  'Ed25519 native': { at_least: 6, goal: 10 },
};

interface Liboqs {
  createMLDSA65(): Promise<{ verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean }>;
}

/** One who verifies: a message, an ML-DSA-65 signature of it under the bench key, an Ed25519 one. */
type Judge = (message: Uint8Array, signature: Uint8Array, classical: Uint8Array) => boolean;

interface Signed {
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly classical: Uint8Array;
}

/** Verification with a prepared key. @param liboqs whether their packages run here: they ask for Node 22. */
export async function measureVerify(liboqs: boolean): Promise<Part> {
  const key = benchKey('ML-DSA-65');
  const raw = key.publicKey.bytes;
  const classicalKey = objectOf(benchKey('Ed25519'));
  const judges: Record<string, Judge> = {
    perdure: (message, signature) => wasmVerifier.verify(key.publicKey, message, signature, '') === true,
    noble: (message, signature) => ml_dsa65.verify(signature, message, raw),
    'Ed25519 native': (message, _, classical) => verify(null, message, classicalKey, classical),
  };
  if (hasNativeMlDsa()) {
    const prepared = objectOf(key);
    judges.native = (message, signature) => verify(null, message, prepared, signature);
  }
  const missing: string[] = [];
  for (const name of liboqs ? ['@oqs/liboqs-js', '@openforge-sh/liboqs'] : []) {
    const rival = await (await loadRival<Liboqs>(name))?.createMLDSA65();
    if (rival === undefined) missing.push(name);
    else judges[name] = (message, signature) => rival.verify(message, signature, raw);
  }
  const parts = MESSAGE_BYTES.map((bytes): Part => {
    const signed = signMany(key, bytes);
    for (const [name, judge] of Object.entries(judges)) showThatItJudges(name, judge, signed[0]!);
    progress(`engine, ${NODE}: verify ${bytes} B`);
    const what = `prepared verify, ${bytes} B`;
    const contenders = Object.entries(judges).map(
      ([name, judge]): Contender => ({
        name: `${what}, ${name}, ${NODE}`,
        run: (n) => {
          const { message, signature, classical } = signed[n % SIGNATURES]!;
          return judge(message, signature, classical);
        },
      }),
    );
    const [ours, ...rivals] = takeTurns(contenders, ROUNDS);
    const names = Object.keys(judges).slice(1);
    return {
      rows: [
        ...[ours!, ...rivals].map((times, i) =>
          rowOfTimes(times, { what, rival: ['perdure', ...names][i]!, node: NODE }),
        ),
        ...missing.map((rival) => missingRow({ what: `${what}, ${NODE}`, rival, why: NOT_INSTALLED })),
      ],
      ratios: rivals.map((times, i) =>
        ratioOfTimes(times, ours!, `${what}: ${names[i]} / perdure, ${NODE}`, PROMISED[names[i]!]),
      ),
    };
  });
  return { rows: parts.flatMap(({ rows }) => rows), ratios: parts.flatMap(({ ratios }) => ratios) };
}

function signMany(key: SecretKey, bytes: number): readonly Signed[] {
  const random = fixedRandom(`messages of ${bytes} bytes`);
  const kernel = startSignerKernel(key.expanded!);
  const classical = encodedSecret(benchKey('Ed25519'));
  const signed = Array.from({ length: SIGNATURES }, (): Signed => {
    const message = random.bytes(bytes);
    return {
      message,
      signature: kernel.sign([signedMessage(message, '')], new Uint8Array(32)),
      classical: Uint8Array.from(sign(null, message, classical)),
    };
  });
  kernel.dispose();
  return signed;
}

function showThatItJudges(name: string, judge: Judge, { message, signature, classical }: Signed): void {
  const changed = (bytes: Uint8Array): Uint8Array => bytes.with(9, bytes[9]! ^ 1);
  assertThat(judge(message, signature, classical), `${name} to accept`);
  assertThat(!judge(changed(message), signature, classical), `${name} to refuse another message`);
  assertThat(!judge(message, changed(signature), changed(classical)), `${name} to refuse another signature`);
}

const encodedSecret = (key: SecretKey) =>
  ({ key: Buffer.from(encodePkcs8(key, 'seed')), format: 'der', type: 'pkcs8' }) as const;

function objectOf({ publicKey }: SecretKey): KeyObject {
  return createPublicKey({ key: Buffer.from(encodeSpki(publicKey)), format: 'der', type: 'spki' });
}

/** Verification from raw key bytes, each time under another key: what a signer met once costs. Only where node:crypto has ML-DSA. */
export function measureFirstVerify(): Part {
  const what = 'verify, key preparation included';
  const message = fixedRandom('one message').bytes(64);
  const cases = Array.from({ length: KEYS }, (_, n) => {
    const key = keyFromSeed('ML-DSA-65', fixedRandom(`key ${n}`).bytes(32));
    const kernel = startSignerKernel(key.expanded!);
    const signature = kernel.sign([signedMessage(message, '')], new Uint8Array(32));
    kernel.dispose();
    return { raw: key.publicKey.bytes, signature };
  });
  const first = encodeSpki(readPublicKey('ML-DSA-65', cases[0]!.raw));
  const head = first.subarray(0, first.length - cases[0]!.raw.length);
  const judges = {
    perdure: (raw: Uint8Array, signature: Uint8Array) =>
      wasmVerifier.verify(readPublicKey('ML-DSA-65', raw), message, signature, '') === true,
    native: (raw: Uint8Array, signature: Uint8Array) =>
      verify(
        null,
        message,
        createPublicKey({ key: Buffer.concat([head, raw]), format: 'der', type: 'spki' }),
        signature,
      ),
  };
  for (const [name, judge] of Object.entries(judges)) {
    assertThat(judge(cases[1]!.raw, cases[1]!.signature), `${name} to accept`);
    assertThat(!judge(cases[2]!.raw, cases[1]!.signature), `${name} to refuse under another key`);
  }
  progress(`engine, ${NODE}: ${what}`);
  const [ours, native] = takeTurns(
    Object.entries(judges).map(
      ([name, judge]): Contender => ({
        name: `${what}, 64 B, ${name}, ${NODE}`,
        run: (n) => judge(cases[n % KEYS]!.raw, cases[n % KEYS]!.signature),
      }),
    ),
    ROUNDS,
  );
  return {
    rows: [
      rowOfTimes(ours!, { what, rival: 'perdure', node: NODE }),
      rowOfTimes(native!, { what, rival: 'native', node: NODE }),
    ],
    ratios: [ratioOfTimes(native!, ours!, `${what}: native / perdure, ${NODE}`, { at_least: 1.8, goal: 2.3 })],
  };
}
