import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { toBase64url, utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { generateKey } from '../crypto/keys.ts';
import { KEY_NAME_PATTERN, type KeyInfo, type KeyListing } from '../crypto/keystore.ts';
import type { Algorithm } from '../crypto/public-key.ts';
import { encodePublicKey, type PublicKeyFormat } from '../crypto/public-key-file.ts';
import { type Done, newCommand, quiet } from './command.ts';
import { usage } from './error-report.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { keystoreOf } from './key-arguments.ts';
import { newPassphrase } from './passphrase-source.ts';
import { jsonText, printable } from './printable.ts';

interface KeyOptions {
  readonly json?: true;
  readonly keys?: string;
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = { 'ml-dsa-65': 'ML-DSA-65', ed25519: 'Ed25519' };

/** `perdure key new|list|show|export`. */
export function defineKey(io: Io, done: Done): Command {
  const key = quiet(io, new Command('perdure key').description('make, list, show and export keys'));
  const sub = (name: string, summary: string): Command => {
    const command = newCommand(io, name, summary).option('--keys <dir>', 'the keystore folder');
    key.addCommand(command);
    return command;
  };
  sub('new', 'make a key and keep it in the keystore')
    .argument('<name>', 'letters, digits, . _ -')
    .addOption(new Option('--alg <alg>', 'algorithm').choices(Object.keys(ALGORITHMS)).default('ml-dsa-65'))
    .option('--plain', 'keep it without a passphrase')
    .action(async (name: string, options: KeyOptions & { alg: string; plain?: true }) =>
      done(await newKey(io, name, options)),
    );
  sub('list', 'list the keys of the keystore').action(async (options: KeyOptions) => done(await listKeys(io, options)));
  sub('show', 'show one key: never its secret')
    .argument('<name>')
    .action(async (name: string, options: KeyOptions) => done(await showKey(io, name, options)));
  sub('export', 'write out the public half of a key')
    .argument('<name>')
    .addOption(new Option('--format <format>', 'form').choices(['jwk', 'spki', 'raw']).default('jwk'))
    .option('-o, --output <file>', 'write to a file instead of standard output, which - is too')
    .action(async (name: string, options: KeyOptions & { format: PublicKeyFormat; output?: string }) =>
      done(await exportKey(io, name, options)),
    );
  return key;
}

async function newKey(
  io: Io,
  name: string,
  options: KeyOptions & { readonly alg: string; readonly plain?: true },
): Promise<number> {
  checkName(name);
  const store = keystoreOf(io, options.keys);
  const taken = (await store.list()).some((entry) => entry.name === name);
  // Before a passphrase is asked for; create() decides.
  if (taken) {
    throw new ReceiptError('KEY_EXISTS', `key ${name}: expected a free name, got one that is taken`, {
      at: `key ${name}`,
      expected: 'a free name',
      next: ['choose another name', 'perdure key list'],
    });
  }
  const guard = options.plain ? { plain: true as const } : { passphrase: await newPassphrase(io, `key ${name}`) };
  using key = generateKey(ALGORITHMS[options.alg]!);
  await printKey(io, await store.create(name, key, guard), store.folder, options);
  return EXIT.ok;
}

async function listKeys(io: Io, options: KeyOptions): Promise<number> {
  const store = keystoreOf(io, options.keys);
  const listing = await store.list();
  const broken = listing.some((entry) => 'error' in entry);
  if (options.json) {
    const keys = listing.map((entry) =>
      'error' in entry
        ? { name: entry.name, error: { code: entry.error.code, message: entry.error.message } }
        : keyMembers(entry),
    );
    await io.stdout.write(`${jsonText({ schema: 'perdure/key-list/v1', folder: store.folder, keys }, 2)}\n`);
  } else if (listing.length === 0) {
    await io.stderr.write(`no keys in ${store.folder}; make one: perdure key new NAME\n`);
  } else {
    const width = Math.max(...listing.map(({ name }) => name.length));
    for (const entry of listing) await io.stdout.write(`${listLine(entry, width)}\n`);
  }
  return broken ? EXIT.usage : EXIT.ok;
}

function listLine(entry: KeyListing, width: number): string {
  const name = entry.name.padEnd(width);
  if ('error' in entry) return `${name}  ${entry.error.code}: ${printable(entry.error.message)}`;
  const guard = entry.protection === 'passphrase' ? 'passphrase' : 'plain';
  return `${name}  ${entry.publicKey.alg.padEnd(9)}  ${entry.publicKey.kid}  ${guard}`;
}

async function showKey(io: Io, name: string, options: KeyOptions): Promise<number> {
  checkName(name);
  const store = keystoreOf(io, options.keys);
  await printKey(io, await store.show(name), store.folder, options);
  return EXIT.ok;
}

async function exportKey(
  io: Io,
  name: string,
  options: KeyOptions & { readonly format: PublicKeyFormat; readonly output?: string },
): Promise<number> {
  checkName(name);
  const { format } = options;
  // A file of that name is never meant.
  const output = options.output === '-' ? undefined : options.output;
  const store = keystoreOf(io, options.keys);
  const { publicKey } = await store.show(name);
  const bytes = await store.exportPublic(name, format);
  if (output !== undefined) await writeFile(output, bytes);
  if (options.json) {
    const content = format === 'jwk' ? (JSON.parse(utf8Text(bytes)) as unknown) : textOf(format, bytes);
    const { kid, alg } = publicKey;
    const where = output === undefined ? { content } : { file: output };
    await io.stdout.write(`${jsonText({ schema: 'perdure/key-export/v1', name, kid, alg, format, ...where }, 2)}\n`);
  } else if (output === undefined) {
    if (format === 'raw' && io.stdout.isTTY) {
      throw usage('perdure key export: raw bytes are nothing for a terminal', 'add -o FILE', 'or --format jwk');
    }
    await io.stdout.write(bytes);
  } else {
    await io.stderr.write(`wrote the public half of ${name} (${publicKey.kid}) to ${output}\n`);
  }
  return EXIT.ok;
}

function textOf(format: PublicKeyFormat, bytes: Uint8Array): string {
  return format === 'raw' ? toBase64url(bytes) : utf8Text(bytes);
}

function checkName(name: string): void {
  if (KEY_NAME_PATTERN.test(name)) return;
  throw usage('perdure key: expected a name of 1-64 of A-Z a-z 0-9 . _ - without a dot at its start');
}

function keyMembers({ name, publicKey, protection }: KeyInfo): Record<string, string> {
  return { name, alg: publicKey.alg, kid: publicKey.kid, protection };
}

async function printKey(io: Io, info: KeyInfo, folder: string, { json }: KeyOptions): Promise<void> {
  if (json) {
    const jwk = JSON.parse(utf8Text(encodePublicKey(info.publicKey, 'jwk'))) as unknown;
    await io.stdout.write(`${jsonText({ schema: 'perdure/key-info/v1', ...keyMembers(info), folder, jwk }, 2)}\n`);
    return;
  }
  const guard = info.protection === 'passphrase' ? 'passphrase' : 'none (--plain): whoever reads the file can sign';
  await io.stdout.write(
    [
      `key       ${info.name}`,
      `alg       ${info.publicKey.alg}`,
      `kid       ${info.publicKey.kid}`,
      `guarded   ${guard}`,
      `folder    ${folder}`,
      `public    perdure key export ${info.name}`,
      '',
    ].join('\n'),
  );
}
