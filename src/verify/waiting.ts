import type { PublicKey } from '../crypto/public-key.ts';
import type { SignatureView } from '../receipt/scan.ts';
import { signatureHolds } from './checks.ts';
import type { Context } from './context.ts';
import { addToBlock, type Block, type Profile, profileKey, type SingleLine, type Spot } from './summary.ts';

/** A line whose signatures are still to be checked. */
export interface Waiting {
  /** The line as an item of its own, or null: then it goes to the block. */
  readonly item: SingleLine | null;
  readonly block: Block;
  readonly spot: Spot;
  readonly profile: Profile;
  readonly entryBegin: number;
  readonly entryEnd: number;
  readonly checks: { readonly key: PublicKey; readonly sig: SignatureView; readonly fact: { good: boolean } }[];
}

/** Check the signatures that a line waits for, then file it. @param buf the buffer of the line, unchanged until this resolves. */
export async function settle(
  buf: Uint8Array,
  { item, block, spot, profile, entryBegin, entryEnd, checks }: Waiting,
  { verifier, maxProblems }: Context,
): Promise<void> {
  for (const { key, sig, fact } of checks) {
    const holds = signatureHolds(buf, entryBegin, entryEnd, sig, key, verifier);
    fact.good = typeof holds === 'boolean' ? holds : await holds;
  }
  if (item === null) addToBlock(block, profileKey(profile), profile, 1, [spot], maxProblems);
}
