import { concatBytes } from '../base/bytes.ts';
import { parseReceiptFile, parseReceiptProof } from '../checkpoint/receipt-file.ts';
import type { Source } from './source.ts';
import { CHECKPOINT_NAME } from './stand-alone.ts';

/** Read a stand-alone receipt. @param name how the verdict names it. @throws ReceiptError PROOF_MALFORMED, CHECKPOINT_MALFORMED. */
export function standAloneSource(name: string, bytes: Uint8Array): Source {
  const standAlone = bytes[0] === 0x7b ? parseReceiptFile(bytes) : parseReceiptProof(bytes);
  const lines = [...standAlone.before, standAlone.receipt].map(({ line }) => concatBytes(line, Uint8Array.of(0x0a)));
  return {
    kind: 'receipt',
    name,
    chunks: () => lines,
    standAlone,
    checkpoints: [{ name: CHECKPOINT_NAME, note: standAlone.checkpoint }],
  };
}
