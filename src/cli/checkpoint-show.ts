import type { Command } from 'commander';
import { equalBytes, toHex } from '../base/bytes.ts';
import { isReceiptError } from '../base/errors.ts';
import type { NoteSignature } from '../checkpoint/note.ts';
import { judgeSignatures, noteKeyOf } from '../checkpoint/note-keys.ts';
import { formatVkey, NOTE_KEY_KINDS, type NoteKeyType, type NoteVerifierKey } from '../checkpoint/vkey.ts';
import { chooseVerifier } from '../crypto/engines.ts';
import { keysNamedByLog, type NamedCheckpoint, openCheckpoint } from './checkpoint-source.ts';
import { collect, type Done, newCommand } from './command.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { keystoreOf, outsideKeys } from './key-arguments.ts';
import { jsonText, printable } from './printable.ts';
import { readPolicy, vkeysOf } from './witness-keys.ts';

interface ShowOptions {
  readonly json?: true;
  readonly key?: readonly string[];
  readonly keys?: string;
  readonly witness?: readonly string[];
  readonly witnessPolicy?: string;
}

/** Where a key that we know was named. */
type Source = 'key' | 'policy' | 'log';

interface Known {
  readonly key: NoteVerifierKey;
  readonly source: Source;
}

/** One signature line, as it is printed. */
interface Shown {
  readonly name: string;
  readonly key_id: string;
  /** Of the known key; for an unknown one what its length looks like, null where that is nothing we know. */
  readonly type: NoteKeyType | null;
  readonly kid: string | null;
  readonly status: 'good' | 'bad' | 'unknown';
  readonly known_by: Source | null;
  /** RFC 3339, as the line states it; null where it states none. */
  readonly time: string | null;
}

/** `perdure checkpoint show`. */
export function defineCheckpointShow(io: Io, done: Done): Command {
  return newCommand(io, 'show', 'show a checkpoint and who signed it; nothing is judged')
    .argument('<file|log>', 'a checkpoint, or a log whose latest is shown')
    .option('--key <key>', 'public key of the log: NAME, file; again for each further key', collect)
    .option('--witness <vkey>', 'vkey of a witness; again for each further one', collect)
    .option('--witness-policy <file>', 'C2SP policy file that names logs and witnesses')
    .option('--keys <dir>', 'the keystore folder')
    .action(async (path: string, options: ShowOptions) => done(await show(io, path, options)));
}

async function show(io: Io, path: string, options: ShowOptions): Promise<number> {
  const named = await openCheckpoint(path);
  const known = await knownKeys(io, named, options);
  const lines = await shownLines(named, known);
  const { origin, size, root } = named.signed.checkpoint;
  const own = known.filter(({ source }) => source === 'log').map(({ key }) => formatVkey(key));
  if (options.json) {
    const document = {
      schema: 'perdure/checkpoint/v1',
      file: named.file,
      origin,
      size,
      root: toHex(root),
      signatures: lines,
    };
    await io.stdout.write(`${jsonText({ ...document, log_vkeys: own }, 2)}\n`);
    return EXIT.ok;
  }
  await io.stdout.write(
    [
      `checkpoint  ${printable(named.file)}`,
      `origin      ${printable(origin)}`,
      `size        ${size}`,
      `root        ${toHex(root)}`,
      ...lines.map((line, i) => `${(i === 0 ? 'signatures' : '').padEnd(12)}${lineText(line)}`),
      ...own.map((vkey, i) => `${(i === 0 ? 'vkey' : '').padEnd(12)}${vkey}`),
      '',
    ].join('\n'),
  );
  return EXIT.ok;
}

function lineText({ status, name, key_id, type, time, known_by }: Shown): string {
  const who = `${printable(name)} ${key_id}`;
  const kind = type === null ? 'of a kind not known here' : `${status === 'unknown' ? 'as long as ' : ''}${type}`;
  const from = { key: 'a key you gave', policy: 'a key of the policy', log: 'a key the log names', none: '' };
  const whose = known_by === null ? 'nobody known here' : from[known_by];
  return [status.padEnd(8), who, kind, whose, ...(time === null ? [] : [time])].join(' · ');
}

async function knownKeys(io: Io, { signed, log }: NamedCheckpoint, options: ShowOptions): Promise<Known[]> {
  const { origin, size } = signed.checkpoint;
  const outside = await outsideKeys(io, options.key ?? [], keystoreOf(io, options.keys));
  const policy = options.witnessPolicy === undefined ? null : await readPolicy(options.witnessPolicy);
  const all: Known[] = [
    ...outside.flatMap(({ key }): Known[] =>
      typeof key === 'string' ? [] : [{ key: noteKeyOf(origin, key), source: 'key' }],
    ),
    ...vkeysOf(options.witness ?? [], '--witness').map((key): Known => ({ key, source: 'key' })),
    ...[...(policy?.logs ?? []), ...(policy?.witnesses ?? [])].map(({ key }): Known => ({ key, source: 'policy' })),
    ...(log === null ? [] : await namedByLog(log, size)),
  ];
  const vkey = ({ key }: Known): string => formatVkey(key);
  return all.filter((one, i) => all.findIndex((other) => vkey(other) === vkey(one)) === i);
}

/** A log whose lines cannot be read still has a checkpoint to show. */
async function namedByLog(log: NonNullable<NamedCheckpoint['log']>, size: number): Promise<Known[]> {
  try {
    return (await keysNamedByLog(log, size)).map((key): Known => ({ key, source: 'log' }));
  } catch (error) {
    if (
      isReceiptError(error, 'LINE_MALFORMED') ||
      isReceiptError(error, 'LOG_DAMAGED') ||
      isReceiptError(error, 'KEY_MALFORMED')
    )
      return [];
    throw error;
  }
}

async function shownLines({ signed: { note } }: NamedCheckpoint, known: readonly Known[]): Promise<Shown[]> {
  const { good, bad } = await judgeSignatures(
    note,
    known.map(({ key }) => key),
    await chooseVerifier(),
  );
  return note.signatures.map((line): Shown => {
    const is = (key: NoteVerifierKey): boolean => key.name === line.name && equalBytes(key.id, line.keyId);
    const one = good.find(({ key }) => is(key));
    const key = one?.key ?? bad.find(is);
    const type = key?.type ?? typeByLength(line);
    return {
      name: line.name,
      key_id: toHex(line.keyId),
      type,
      kid: key?.kid ?? null,
      status: one !== undefined ? 'good' : key === undefined ? 'unknown' : 'bad',
      known_by: known.find((other) => other.key === key)?.source ?? null,
      time: timeOf(line, type),
    };
  });
}

/** Signatures of each kind have a length of their own. */
function typeByLength({ blob }: NoteSignature): NoteKeyType | null {
  const kinds = Object.entries(NOTE_KEY_KINDS) as [NoteKeyType, (typeof NOTE_KEY_KINDS)[NoteKeyType]][];
  const fits = kinds.find(
    ([, { signatureBytes, timestamped }]) => blob.length === signatureBytes + (timestamped ? 8 : 0),
  );
  return fits?.[0] ?? null;
}

function timeOf({ blob }: NoteSignature, type: NoteKeyType | null): string | null {
  if (type === null || !NOTE_KEY_KINDS[type].timestamped || blob.length < 8) return null;
  const seconds = Number(new DataView(blob.buffer, blob.byteOffset, 8).getBigUint64(0));
  // Beyond what a Date holds, and zero, which states no time.
  return seconds === 0 || seconds > 8.64e12 ? null : new Date(seconds * 1000).toISOString();
}
