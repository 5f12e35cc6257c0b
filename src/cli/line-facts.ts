import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_LINE_BYTES } from '../base/limits.ts';
import { parseReceipt, type Receipt } from '../receipt/receipt.ts';
import type { Problem } from '../verify/verdict.ts';
import type { LineFacts } from './print-verdict.ts';

const STEP_BYTES = 16_384;
const LF = 0x0a;

/**
 * Read what the lines that problems name say of themselves, for the second line of a problem. A line that does not parse, or that is
 * gone by now, has no facts: nothing here can fail.
 * @param path log folder or file that was verified.
 */
export async function readFacts(path: string, problems: readonly Problem[]): Promise<Map<number, LineFacts>> {
  const facts = new Map<number, LineFacts>();
  for (const { line, segment, segment_offset: offset, offset: whole } of problems) {
    if (line === null || whole === null || facts.has(line)) continue;
    const file = segment === null ? path : join(path, 'segments', segment);
    const receipt = await receiptAt(file, offset ?? whole);
    if (receipt !== null) facts.set(line, factsOf(receipt));
  }
  return facts;
}

/** @returns what a receipt claims about itself in a line. */
export function factsOf({ entry: { time, event } }: Receipt): LineFacts {
  const action = event.action;
  const tool = typeof action === 'object' && action !== null && 'tool' in action ? action.tool : undefined;
  return {
    time,
    ...(typeof tool === 'string' ? { tool } : {}),
    ...(typeof event.agent === 'string' ? { agent: event.agent } : {}),
  };
}

async function receiptAt(path: string, offset: number): Promise<Receipt | null> {
  try {
    const file = await open(path, 'r');
    try {
      return parseReceipt(await lineAt(file, offset));
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}

async function lineAt(file: FileHandle, offset: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(STEP_BYTES);
  let length = 0;
  while (length <= MAX_LINE_BYTES) {
    if (length === bytes.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(bytes);
      bytes = larger;
    }
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, offset + length);
    const lf = bytes.indexOf(LF, length);
    if (bytesRead === 0) break;
    length += bytesRead;
    if (lf >= 0 && lf < length) return bytes.subarray(0, lf);
  }
  return bytes.subarray(0, length);
}
