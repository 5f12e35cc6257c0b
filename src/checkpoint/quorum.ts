import { equalBytes } from '../base/bytes.ts';
import type { GoodSignature } from './note-keys.ts';
import { isPostQuantum, isSameKey, type NoteVerifierKey } from './vkey.ts';
import { displayName, type PolicyWitness, type WitnessPolicy } from './witness-policy.ts';

/** What the cosignatures on a checkpoint come to under a policy. */
export interface Quorum {
  /** Whether enough of those that count have cosigned. With `quorum none` always. */
  readonly met: boolean;
  /** Where it is not met: witnesses of the policy without a cosignature that counts, as text. */
  readonly missing: readonly string[];
  /** Whether it is met only with the help of Ed25519. */
  readonly classical: boolean;
  /**
   * POSIX seconds at which the checkpoint existed, by the word of a quorum (format section 5): the earliest time by which a quorum had
   * cosigned, so the k-th smallest timestamp for a quorum k of n. Null where no quorum states times.
   */
  readonly time: number | null;
  /** Whether `time` rests on Ed25519: only where the post-quantum cosignatures alone state none. */
  readonly classicalTime: boolean;
}

/** What is known beside the policy. */
export interface QuorumContext {
  /** POSIX seconds now: a later timestamp states no time. */
  readonly now: number;
  /** The log's own keys: a log is no witness of itself, so that cosignatures by them do not count at all. */
  readonly own: readonly NoteVerifierKey[];
}

/** A witness that cosigned, and when by its own word. */
interface Cosigned {
  readonly witness: PolicyWitness;
  readonly timestamp: number;
}

/**
 * Count cosignatures. Each vouches that no fork was shown to its witness; one without a time (zero) or with one in the future vouches
 * for that all the same, but not for a time. @param good of one note (judgeSignatures), under the keys of the policy.
 */
export function quorumOf(policy: WitnessPolicy, good: readonly GoodSignature[], { now, own }: QuorumContext): Quorum {
  const isOwn = (key: NoteVerifierKey): boolean =>
    [...own, ...policy.logs.map((log) => log.key)].some(({ publicKey }) => equalBytes(publicKey, key.publicKey));
  const cosigned = policy.witnesses.flatMap((witness): Cosigned[] => {
    const one = good.find(({ key }) => key.name === witness.key.name && isSameKey(key, witness.key));
    return one === undefined || one.timestamp === null || isOwn(witness.key)
      ? []
      : [{ witness, timestamp: one.timestamp }];
  });
  const strong = cosigned.filter(({ witness }) => isPostQuantum(witness.key));
  const met = isMet(policy, cosigned);
  const strongTime = timeOf(policy, strong, now);
  const time = strongTime ?? timeOf(policy, cosigned, now);
  return {
    met,
    missing: met ? [] : missingOf(policy, cosigned),
    classical: met && !isMet(policy, strong),
    time,
    classicalTime: time !== null && strongTime === null,
  };
}

/** @returns whether these witnesses are a quorum. Groups stand after their members, so that one pass decides. */
function isMet({ quorum, groups }: WitnessPolicy, cosigned: readonly Cosigned[]): boolean {
  if (quorum === null) return true;
  const saw = new Set(cosigned.map(({ witness }) => witness.name));
  for (const { name, threshold, members } of groups)
    if (members.filter((member) => saw.has(member)).length >= threshold) saw.add(name);
  return saw.has(quorum);
}

/** @returns the earliest time by which a quorum had cosigned; null where none has, or none states a time. */
function timeOf(policy: WitnessPolicy, cosigned: readonly Cosigned[], now: number): number | null {
  if (policy.quorum === null) return null;
  const timed = cosigned
    .filter(({ timestamp }) => timestamp > 0 && timestamp <= now)
    .sort((a, b) => a.timestamp - b.timestamp);
  const last = timed.findIndex((_, i) => isMet(policy, timed.slice(0, i + 1)));
  return last < 0 ? null : timed[last]!.timestamp;
}

function missingOf({ witnesses, groups, quorum }: WitnessPolicy, cosigned: readonly Cosigned[]): string[] {
  // Witnesses that the quorum rests on; a policy may list others.
  const counted = new Set([quorum]);
  for (const { name, members } of [...groups].reverse())
    if (counted.has(name)) for (const member of members) counted.add(member);
  const saw = new Set(cosigned.map(({ witness }) => witness));
  return witnesses.filter((one) => counted.has(one.name) && !saw.has(one)).map(({ name }) => displayName(name));
}
