import { readFile } from 'node:fs/promises';
import { ReceiptError } from '../base/errors.ts';
import { isKeyName } from '../checkpoint/note.ts';
import type { Cosigner } from '../checkpoint/note-keys.ts';
import { cosignerOf, mlDsa44CosignerOf } from '../checkpoint/note-keys.ts';
import type { NoteVerifierKey } from '../checkpoint/vkey.ts';
import { parseVkey } from '../checkpoint/vkey.ts';
import type { WitnessedLog } from '../checkpoint/witness.ts';
import { parseWitnessPolicy, type WitnessPolicy } from '../checkpoint/witness-policy.ts';
import { usage } from './error-report.ts';
import type { Io } from './io.ts';
import { keystoreOf, secretKeys } from './key-arguments.ts';
import { openSigners } from './log-signers.ts';
import { chooseSigner } from './signer-choice.ts';

/** Cosigners of one run, and what they hold. */
export interface OpenCosigners {
  readonly cosigners: readonly Cosigner[];
  /** Wipe the keys. */
  close(): Promise<void>;
}

/**
 * Open the keys of a witness. Each key cosigns by its own kind; the first that has a seed also gives the ML-DSA-44 key that the public
 * witness network asks for (crypto/ml-dsa-44-sign.ts). @param name key name of the witness, as `witness.example/w1`.
 * @throws ReceiptError as secretKeys; USAGE for another name
 */
export async function openCosigners(
  io: Io,
  verb: string,
  name: string,
  keys: readonly string[],
  folder: string | undefined,
): Promise<OpenCosigners> {
  if (!isKeyName(name)) throw usage(`${verb}: expected --name without spaces and plus, as witness.example/w1`);
  const secrets = await secretKeys(io, keys, keystoreOf(io, folder));
  const seeded = secrets.find(({ seed }) => seed !== null);
  const { deriveMlDsa44 } = await import('../crypto/ml-dsa-44-sign.ts');
  const derived = seeded === undefined ? null : deriveMlDsa44(seeded);
  const { signers, close } = await openSigners(secrets, await chooseSigner(io.env, undefined));
  return {
    cosigners: [
      ...signers.map((signer) => cosignerOf(name, signer)),
      ...(derived === null ? [] : [mlDsa44CosignerOf(name, derived)]),
    ],
    close: async () => {
      derived?.close();
      await close();
    },
  };
}

/** Read vkeys of the command line. @param option as `--log-key`. @throws ReceiptError KEY_MALFORMED, UNSUPPORTED */
export function vkeysOf(values: readonly string[], option: string): NoteVerifierKey[] {
  return values.map((value) => parseVkey(value, option));
}

/** Read a policy file. @throws ReceiptError IO, POLICY_MALFORMED */
export async function readPolicy(path: string): Promise<WitnessPolicy> {
  return parseWitnessPolicy(await readInput(path), path);
}

/** Read a whole file of moderate size. @throws ReceiptError IO */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
    throw new ReceiptError('IO', `${path}: cannot be read (${code})`, { at: path, found: code, cause });
  }
}

/** Put the keys of logs together by their names, which are the origins. */
export function witnessedLogs(keys: readonly NoteVerifierKey[]): WitnessedLog[] {
  const logs = new Map<string, NoteVerifierKey[]>();
  for (const key of keys) logs.set(key.name, [...(logs.get(key.name) ?? []), key]);
  return [...logs].map(([origin, own]) => ({ origin, keys: own }));
}
