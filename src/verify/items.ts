import type { Block, Item, SingleLine } from './summary.ts';

/** The items of a run as they come: single lines, and blocks of ordinary ones between them and where the tree is cut. */
export class Items {
  private readonly items: Item[] = [];
  /** Where ordinary lines go. */
  block: Block = { kind: 'block', under: null, buckets: new Map() };

  constructor() {
    this.items.push(this.block);
  }

  /** Begin another block. */
  begin(under: number | null): void {
    this.block = { kind: 'block', under, buckets: new Map() };
    this.items.push(this.block);
  }

  /** Put a line that is judged by itself; ordinary ones after it go into another block. */
  single(line: SingleLine): void {
    this.items.push(line);
    this.begin(line.under);
  }

  /** @returns all that are not empty, in order. */
  all(): Item[] {
    return this.items.filter((item) => item.kind !== 'block' || item.buckets.size > 0);
  }
}
