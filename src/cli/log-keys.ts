import { ReceiptError } from '../base/errors.ts';
import type { Keystore } from '../crypto/keystore.ts';
import { parseJwk } from '../crypto/public-key.ts';
import type { Log } from '../log/log.ts';
import { nameOfKid } from './key-arguments.ts';

/** Find the keys that the log asks for in the keystore: those of its last signed entry, else those of its genesis. */
export async function keysOfLog(verb: string, log: Log, store: Keystore): Promise<string[]> {
  const last = await log.get(log.head().size - 1);
  const kids =
    last === null || last.receipt.sigs.length === 0 ? await genesisKids(log) : last.receipt.sigs.map(({ kid }) => kid);
  const names: string[] = [];
  for (const kid of kids) {
    const name = await nameOfKid(store, kid);
    if (name === null) {
      throw new ReceiptError(
        'KEY_NOT_FOUND',
        `${verb}: expected key ${kid} of this log in ${store.folder}, found none`,
        {
          at: kid,
          expected: `key ${kid} in ${store.folder}`,
          next: ['name it: --key NAME or --key FILE', 'perdure key list'],
        },
      );
    }
    names.push(name);
  }
  return names;
}

async function genesisKids(log: Log): Promise<string[]> {
  const keys = (await log.get(0))?.receipt.entry.event.keys;
  return Array.isArray(keys) ? keys.map((key) => parseJwk(key).kid) : [];
}
