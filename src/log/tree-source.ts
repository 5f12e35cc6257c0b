import { fromHex } from '../base/bytes.ts';
import type { Disk } from '../base/ports.ts';
import { CompactRange } from '../checkpoint/compact-range.ts';
import { readLineHead } from '../receipt/receipt.ts';
import type { TreeSource } from './believe.ts';
import type { GrowingTiles } from './checkpointer.ts';
import { readLines } from './reader.ts';
import { segmentTable } from './segments.ts';

export function treeOnDisk(disk: Disk): TreeSource & GrowingTiles {
  const rebuild = async (size: number): Promise<CompactRange> => {
    const range = CompactRange.empty();
    const table = await segmentTable(disk, null);
    for await (const lines of readLines(disk, table, { row: 0, byte: 0 }))
      for (const { bytes } of lines) {
        if (range.end === size) return range;
        range.append(fromHex(readLineHead(bytes!).hash));
      }
    return range;
  };
  return { range: rebuild, rebuild, extend: async () => undefined };
}
