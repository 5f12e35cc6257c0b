import { readdir, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { isReceiptError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { availableEngines } from '../crypto/engines.ts';
import { nobleSha256Hex, sha256Hex } from '../crypto/hash.ts';
import type { Keystore } from '../crypto/keystore.ts';
import { availableSigners, hasSigningChoice, measureSigning } from '../crypto/signers.ts';
import { type Done, newCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { foldWidth, type Io } from './io.ts';
import { keystoreOf } from './key-arguments.ts';
import { folded, jsonText, printable } from './printable.ts';
import { ENGINE_VARIABLE, engineOf, keepFastest } from './signer-choice.ts';

/** What is the matter with the keystore. */
interface KeystoreReport {
  readonly folder: string;
  readonly exists: boolean;
  /** Permission bits in octal, null where there are none. */
  readonly mode: string | null;
  readonly keys: number;
  /** What is refused, and why; empty when all is well. */
  readonly problems: readonly string[];
}

/** Who signs ML-DSA-65 when nobody says which engine, and where that is kept. */
interface SigningReport {
  readonly engine: string;
  /** `only` there is no other; `measured` it is the faster one; `environment` PERDURE_SIGN_ENGINE says so. */
  readonly because: 'only' | 'measured' | 'environment';
  /** Where verbs find what was measured; null where nothing was, or where it cannot be kept. */
  readonly kept_in: string | null;
  /** Why it is not kept, or cannot sign; null when all is well. */
  readonly problem: string | null;
}

/** `perdure doctor`. */
export function defineDoctor(io: Io, done: Done): Command {
  return newCommand(io, 'perdure doctor', 'say what perdure finds on this machine')
    .option('--keys <dir>', 'the keystore folder')
    .action(async ({ json, keys }: { json?: true; keys?: string }) => {
      const keystore = await examine(keystoreOf(io, keys));
      const report = {
        schema: 'perdure/doctor/v1',
        perdure: VERSION,
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        openssl: process.versions.openssl ?? null,
        hash: sha256Hex === nobleSha256Hex ? 'noble' : 'crypto.hash',
        verifiers: availableEngines(),
        signers: availableSigners(),
        signing: await reportSigning(io),
        keystore,
      } as const;
      const width = foldWidth(io.stdout);
      const text = json ? `${jsonText(report, 2)}\n` : textOf(report);
      await io.stdout.write(json || width === undefined ? text : folded(text, width, () => 24));
      done(keystore.problems.length === 0 ? EXIT.ok : EXIT.usage);
    });
}

async function reportSigning({ env }: Pick<Io, 'env'>): Promise<SigningReport> {
  const asked = engineOf(env);
  const found = hasSigningChoice() ? await keepFastest(env) : null;
  const kept = {
    kept_in: found?.problem === null ? found.file : null,
    problem: found === null || found.problem === null ? null : `not kept: ${found.problem}`,
  };
  if (asked !== 'auto') {
    const missing = availableSigners().find(({ engine, available }) => engine === asked && !available)?.detail;
    return { engine: asked, because: 'environment', ...kept, ...(missing === undefined ? {} : { problem: missing }) };
  }
  if (found !== null) return { engine: measureSigning().fastest, because: 'measured', ...kept };
  const only = availableSigners().find(({ available }) => available)!;
  return { engine: only.engine, because: 'only', ...kept };
}

async function examine(store: Keystore): Promise<KeystoreReport> {
  const { folder } = store;
  const mode = await stat(folder).then(
    (info) => (info.mode & 0o777).toString(8).padStart(4, '0'),
    () => null,
  );
  const problems: string[] = [];
  let keys = 0;
  try {
    for (const entry of await store.list()) {
      keys++;
      if ('error' in entry) problems.push(entry.error.message);
    }
    const leftover = mode === null ? [] : (await readdir(folder)).filter((name) => name.startsWith('.new-'));
    for (const name of leftover) problems.push(`${name}: left by an interrupted key new; remove it`);
  } catch (error) {
    if (!isReceiptError(error)) throw error;
    problems.push(error.message);
  }
  return { folder, exists: mode !== null, mode, keys, problems };
}

interface Report {
  readonly perdure: string;
  readonly node: string;
  readonly platform: string;
  readonly openssl: string | null;
  readonly hash: string;
  readonly verifiers: ReturnType<typeof availableEngines>;
  readonly signers: ReturnType<typeof availableSigners>;
  readonly signing: SigningReport;
  readonly keystore: KeystoreReport;
}

function textOf({ perdure, node, platform, openssl, hash, verifiers, signers, signing, keystore }: Report): string {
  const engines = (list: Report['verifiers'], title: string): string[] =>
    list.flatMap(({ engine, available, detail, moduleSha256 }, i) => [
      `${(i === 0 ? title : '').padEnd(10)}${engine.padEnd(8)}${available ? 'yes' : 'no '}   ${detail}`,
      ...(moduleSha256 === undefined ? [] : [`${''.padEnd(24)}module SHA-256 ${moduleSha256}`]),
    ]);
  const where = keystore.exists
    ? `${printable(keystore.folder)} (mode ${keystore.mode}, ${keystore.keys} ${keystore.keys === 1 ? 'key' : 'keys'})`
    : `${printable(keystore.folder)} (not there yet)`;
  return [
    `perdure   ${perdure}`,
    `node      ${node} (${platform}, OpenSSL ${openssl ?? '-'})`,
    `hash      SHA-256 by ${hash}`,
    ...engines(verifiers, 'verify'),
    ...engines(signers, 'sign'),
    `${''.padEnd(10)}${signingText(signing)}`,
    `keystore  ${where}`,
    ...keystore.problems.map((problem) => `  problem ${printable(problem)}`),
    '',
  ].join('\n');
}

function signingText({ engine, because, kept_in: keptIn, problem }: SigningReport): string {
  const why = {
    only: 'nothing to choose',
    measured: 'the faster one, measured',
    environment: `as ${ENGINE_VARIABLE} says`,
  }[because];
  const kept = keptIn !== null ? `; measurement kept in ${printable(keptIn)}` : '';
  return `ML-DSA-65 is signed by ${engine} (${why}${kept}${problem === null ? '' : `; ${printable(problem)}`})`;
}
