import type { PublicKey } from '../crypto/public-key.ts';
import { judgeControl } from '../receipt/control.ts';
import { lineBatches } from '../receipt/lines.ts';
import { lineHead, parseEvent } from '../receipt/receipt.ts';
import { newLineView, scanLine } from '../receipt/scan.ts';
import { says } from './checks.ts';

const NAMING_TYPES = ['genesis', 'rotation'];

/**
 * Collect the keys that genesis and rotation entries name, whoever signed them: a kid is the thumbprint of its key, so no entry can
 * name another one under it.
 * @param named filled, by kid. @param wanted which of them, when not all are needed.
 */
export async function collectKeys(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  named: Map<string, PublicKey>,
  wanted: (kid: string) => boolean = () => true,
): Promise<void> {
  const view = newLineView();
  for await (const batch of lineBatches(chunks)) {
    if (batch.oversize) continue;
    const { bytes } = batch;
    for (let at = batch.begin; at < batch.end; ) {
      const lf = batch.torn ? batch.end : bytes.indexOf(0x0a, at);
      if (scanLine(bytes, at, lf, view)) {
        const { typeBegin, typeEnd } = view.event;
        if (NAMING_TYPES.some((type) => typeEnd - typeBegin === type.length && says(bytes, typeBegin, type))) {
          const judged = judgeControl(parseEvent(bytes, view), lineHead(bytes, view));
          const keys = judged.ok ? (judged.requirement?.keys ?? []) : [];
          for (const key of keys) if (wanted(key.kid)) named.set(key.kid, key);
        }
      }
      at = lf + 1;
    }
  }
}
