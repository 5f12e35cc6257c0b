import { closeSync, copyFileSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { benchKey, fixedClock, fixedRandom, shortCall } from '../../bench/events.ts';
import { EMPTY_HEAD, type Head } from '../../src/chain/chain.ts';
import { createSigner } from '../../src/crypto/signers.ts';
import { IdSource, linkEntry } from '../../src/log/link.ts';
import { canonicalEvent } from '../../src/receipt/canonical.ts';
import { genesisEvent } from '../../src/receipt/control.ts';
import { lineOf } from '../../src/receipt/receipt.ts';
import { signEntry } from '../../src/receipt/seal.ts';

/** The key of the logs here and of bench/make-log.ts. */
export const logKey = benchKey('ML-DSA-65');

/** Write a log of which every entry is signed: genesis and `calls` tool calls. The same bytes in every run. */
export async function writeSignedLog(file: string, calls: number): Promise<Head> {
  const signer = await createSigner(logKey, { engine: 'wasm', deterministicForTests: true });
  const random = fixedRandom('signed log');
  const place = { origin: 'example.com/signed/0123456789ab', clock: fixedClock(), ids: new IdSource(random) };
  const lines: Uint8Array[] = [];
  let head = EMPTY_HEAD;
  for (let n = -1; n < calls; n++) {
    const genesis = (): object => genesisEvent({ random: random.bytes(32), mode: 'each', keys: [logKey.publicKey] });
    const event = canonicalEvent(n < 0 ? genesis() : shortCall(n));
    const ignore = (): void => undefined;
    const { entry, hash } = linkEntry(head, place, { event, resolve: ignore, reject: ignore });
    lines.push(lineOf(entry, hash, await signEntry(entry, [signer])));
    head = { size: head.size + 1, hash };
  }
  writeFileSync(file, Buffer.concat(lines));
  await signer.close();
  return head;
}

/** Copy a log with one character of a session changed, behind `from`. @returns the copy. */
export function withOneByteChanged(file: string, from: number): string {
  const copy = `${file}.changed`;
  copyFileSync(file, copy);
  const handle = openSync(copy, 'r+');
  const block = Buffer.alloc(1 << 14);
  readSync(handle, block, 0, block.length, from);
  const at = block.indexOf('"session":"s-') + 13;
  if (at === 12) throw new Error('expected a session in the block');
  block[at] = block[at] === 0x39 ? 0x30 : 0x39;
  writeSync(handle, block, at, 1, from + at);
  closeSync(handle);
  return copy;
}
