import type { Sha256Hex } from '../crypto/hash.ts';
import type { LineVerifier } from '../crypto/line-verifier.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Verifier } from '../crypto/verifier.ts';
import type { TrustProvider } from './trust.ts';

/** What every summary of one verification shares: outside knowledge and the engines. */
export interface Context {
  readonly trust: TrustProvider;
  /**
   * Keys that the evidence names in genesis and rotation entries, by kid: filled while reading. Runs that are summarised apart from
   * each other need those keys that came into force before them, since a signature can only be checked with the key at hand; more
   * of them do no harm, because whoever judges asks which are in force.
   */
  readonly named: Map<string, PublicKey>;
  /** Where summarising apart takes down the kids of signatures whose key was not at hand: with it the answer may be another. */
  readonly strangers?: Set<string>;
  readonly verifier: Verifier;
  readonly sha256Hex: Sha256Hex;
  /** Reads lines that stand in its memory; null: all lines are read here. */
  readonly lines: LineVerifier | null;
  /** Seqs whose stated hash a pin asks for. */
  readonly pinnedSeqs: ReadonlySet<number>;
  /** Sizes that roots are asked for at, ascending. */
  readonly treeSizes: readonly number[];
  /** Signatures of entries before this seq are not looked at: a checkpoint of this size says that they were. */
  readonly acceptedBelow: number;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  /** Problems listed, and so spots kept. */
  readonly maxProblems: number;
}
