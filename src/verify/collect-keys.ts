import type { PublicKey } from '../crypto/public-key.ts';
import { judgeControl } from '../receipt/control.ts';
import { lineBatches } from '../receipt/lines.ts';
import { lineHead, parseEvent } from '../receipt/receipt.ts';
import { newLineView, scanLine } from '../receipt/scan.ts';
import { says } from './checks.ts';

const LF = 0x0a;

/**
 * What a line that names keys says somewhere: of canonical JSON the type has one spelling. Cut to one length, so that both are looked
 * for in one pass.
 */
const NAMING = ['"type":"genesis"', '"type":"rotation'] as const;
const LENGTH = 16;

/** How far the search may move on from a byte under its last place; 0 where the byte may end a needle (Horspool, for a set). */
const SHIFT = new Uint8Array(256).fill(LENGTH);
for (const needle of NAMING) {
  for (let i = 0; i < LENGTH - 1; i++) {
    const byte = needle.charCodeAt(i);
    SHIFT[byte] = Math.min(SHIFT[byte]!, LENGTH - 1 - i);
  }
}
/** The same for bytes that end a needle, when it was none. */
const SHIFT_BACK = SHIFT.slice();
for (const needle of NAMING) SHIFT[needle.charCodeAt(LENGTH - 1)] = 0;

/** @returns where the next needle begins in [begin, end), or -1: at memory speed, since most bytes are jumped over. */
function nextNaming(bytes: Uint8Array, begin: number, end: number): number {
  let last = begin + LENGTH - 1;
  while (last < end) {
    const shift = SHIFT[bytes[last]!]!;
    if (shift > 0) {
      last += shift;
      continue;
    }
    const at = last - LENGTH + 1;
    if (says(bytes, at, NAMING[0]) || says(bytes, at, NAMING[1])) return at;
    last += SHIFT_BACK[bytes[last]!]!;
  }
  return -1;
}

/**
 * Collect the keys that genesis and rotation entries name, whoever signed them: a kid is the thumbprint of its key, so no entry can
 * name another one under it. Only lines that say such a type somewhere are read as lines.
 * @param named filled, by kid. @param wanted whether a kid is needed. @param enough asked after each line that named keys: true ends
 *   the reading.
 */
export async function collectKeys(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  named: Map<string, PublicKey>,
  wanted: (kid: string) => boolean = () => true,
  enough: () => boolean = () => false,
): Promise<void> {
  const view = newLineView();
  for await (const batch of lineBatches(chunks)) {
    if (batch.oversize) continue;
    const { bytes, begin, end, torn } = batch;
    for (let at = nextNaming(bytes, begin, end); at >= 0; ) {
      const first = Math.max(bytes.lastIndexOf(LF, at) + 1, begin);
      const lf = torn ? end : bytes.indexOf(LF, at);
      if (scanLine(bytes, first, lf, view) && isNaming(bytes, view.event)) {
        const judged = judgeControl(parseEvent(bytes, view), lineHead(bytes, view));
        const keys = judged.ok ? (judged.requirement?.keys ?? []) : [];
        for (const key of keys) if (wanted(key.kid) && !named.has(key.kid)) named.set(key.kid, key);
        if (enough()) return;
      }
      at = nextNaming(bytes, lf, end);
    }
  }
}

function isNaming(bytes: Uint8Array, { typeBegin, typeEnd }: { typeBegin: number; typeEnd: number }): boolean {
  const length = typeEnd - typeBegin;
  return (length === 7 && says(bytes, typeBegin, 'genesis')) || (length === 8 && says(bytes, typeBegin, 'rotation'));
}
