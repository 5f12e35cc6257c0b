import { closeSync, openSync, writeSync } from 'node:fs';
import { EMPTY_HEAD, type Head } from '../src/chain/chain.ts';
import { createSigner } from '../src/crypto/signers.ts';
import { IdSource, linkEntry } from '../src/log/link.ts';
import { canonicalEvent } from '../src/receipt/canonical.ts';
import { genesisEvent } from '../src/receipt/control.ts';
import type { JsonObject } from '../src/receipt/json.ts';
import { lineOf, type Signature } from '../src/receipt/receipt.ts';
import { signEntry } from '../src/receipt/seal.ts';
import { benchKey, fixedClock, fixedRandom, shortCall } from './events.ts';

/** What was written. */
export interface MadeLog {
  readonly entries: number;
  readonly bytes: number;
  readonly head: Head;
}

const CHUNK_BYTES = 1 << 20;

/**
 * Write a log (batch mode, no checkpoints) to a file: a signed genesis and `calls` tool calls, by the very functions that write every
 * log, in memory that does not grow. The same bytes in every run.
 * @param signed whether each call is signed, too (deterministically, by our kernels: about 0.15 ms each).
 */
export async function makeLog(file: string, calls: number, signed = false): Promise<MadeLog> {
  const key = benchKey('ML-DSA-65');
  const signer = await createSigner(key, { engine: 'wasm', deterministicForTests: true });
  const random = fixedRandom('bench log');
  const place = { origin: 'example.com/bench/0123456789ab', clock: fixedClock(), ids: new IdSource(random) };
  const out = openSync(file, 'w', 0o600);
  const chunk = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  let bytes = 0;
  let head = EMPTY_HEAD;
  const flush = (): void => {
    for (let at = 0; at < filled; ) at += writeSync(out, chunk, at, filled - at);
    filled = 0;
  };
  const add = (line: Uint8Array): void => {
    if (filled + line.length > chunk.length) flush();
    chunk.set(line, filled);
    filled += line.length;
    bytes += line.length;
  };
  const link = (event: JsonObject) => {
    const ignore = (): void => undefined;
    const linked = linkEntry(head, place, { event: canonicalEvent(event), resolve: ignore, reject: ignore });
    head = { size: head.size + 1, hash: linked.hash };
    return linked;
  };
  const genesis = link(genesisEvent({ random: random.bytes(32), mode: 'batch', keys: [key.publicKey] }));
  add(lineOf(genesis.entry, genesis.hash, await signEntry(genesis.entry, [signer])));
  const none: readonly Signature[] = [];
  for (let n = 0; n < calls; n++) {
    const { entry, hash } = link(shortCall(n));
    add(lineOf(entry, hash, signed ? await signEntry(entry, [signer]) : none));
  }
  flush();
  closeSync(out);
  await signer.close();
  return { entries: calls + 1, bytes, head };
}
