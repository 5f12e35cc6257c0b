import { utf8 } from '../../src/base/bytes.ts';
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts';
import { CompactRange } from '../../src/checkpoint/compact-range.ts';
import { signCheckpoint } from '../../src/checkpoint/note-keys.ts';
import { consistencyPath } from '../../src/checkpoint/paths.ts';
import { hashLeaf } from '../../src/checkpoint/tree-hash.ts';
import type { Signer } from '../../src/crypto/signer.ts';
import { logSigner } from './keys.ts';

/** A log's tree whose leaves are made up: `name` decides them, from `forkAt` on `fork` does. */
export class GrowingTree {
  readonly origin: string;
  readonly #leaf: (index: number) => Uint8Array;

  constructor(origin: string, forkAt = Number.POSITIVE_INFINITY) {
    this.origin = origin;
    this.#leaf = (index) => hashLeaf(utf8(`${origin} ${index}${index >= forkAt ? ' forked' : ''}`));
  }

  range(begin: number, end: number): CompactRange {
    const range = CompactRange.empty(begin);
    for (let i = begin; i < end; i++) range.append(this.#leaf(i));
    return range;
  }

  checkpoint(size: number): Checkpoint {
    return { origin: this.origin, size, root: this.range(0, size).root() };
  }

  note(size: number, signers: readonly Signer[] = [logSigner]): Promise<Uint8Array> {
    return signCheckpoint(this.checkpoint(size), signers);
  }

  prove(oldSize: number, size: number): Promise<Uint8Array[]> {
    return consistencyPath(oldSize, size, (level, index) => {
      const width = 2 ** level;
      return this.range(index * width, (index + 1) * width).hashes[0]!;
    });
  }

  /** What a witness is sent. */
  async request(
    oldSize: number,
    size: number,
  ): Promise<{ oldSize: number; proof: Uint8Array[]; checkpoint: Uint8Array }> {
    const proof = oldSize === 0 ? [] : await this.prove(oldSize, size);
    return { oldSize, proof, checkpoint: await this.note(size) };
  }
}
