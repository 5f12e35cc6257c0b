import { verify } from '../auditor.ts';
import { ReceiptError } from '../base/errors.ts';
import { follows } from '../chain/chain.ts';
import type { Mac } from '../crypto/mac.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Verifier } from '../crypto/verifier.ts';
import type { SnapshotStore } from '../log/gate-store.ts';
import type { Log, StoredReceipt } from '../log/log.ts';
import { isIndividuallySigned } from '../receipt/control.ts';
import { readLineHead } from '../receipt/receipt.ts';
import { isStatementGood, parseStatement } from '../receipt/request.ts';
import { hashEntry, isSignedByAll } from '../receipt/seal.ts';
import type { Policy } from './port.ts';
import { readSnapshot } from './snapshot.ts';
import { GateState } from './state.ts';

/** Where the snapshot is and who vouches for it. */
export interface SnapshotOptions {
  readonly store: SnapshotStore;
  readonly mac: Mac;
}

/** What a state is built from. */
export interface RebuildParts {
  readonly log: Log;
  /** The keys of the log's requirement, from outside the log. */
  readonly keys: readonly PublicKey[];
  readonly policy: Policy;
  readonly verifier: Verifier;
  readonly snapshot: SnapshotOptions | null;
}

/** A state, and how it came about. */
export interface Rebuilt {
  readonly state: GateState;
  /** Entries that a snapshot spared. */
  readonly sparedEntries: number;
}

/**
 * Build what a gate decides by from its log. Chain and signatures of all that it is built from are verified before anything is believed:
 * of the whole log by the auditor, or, behind a snapshot whose MAC holds and whose entry is still there, of the entries after it.
 * @throws ReceiptError LOG_DAMAGED when the log does not verify, and what reading throws.
 */
export async function rebuild(parts: RebuildParts): Promise<Rebuilt> {
  const { log, policy } = parts;
  // So that nothing of a log of batches is unsigned when it is verified.
  if (log.mode === 'batch') await log.checkpoint();
  const kept = await keptState(parts);
  if (kept !== null) {
    kept.use(policy);
    const sparedEntries = kept.head.size;
    if (await takeTail(kept, parts)) return { state: kept, sparedEntries };
  }
  await verifyWhole(parts);
  const state = new GateState();
  state.use(policy);
  await take(state, parts, null);
  return { state, sparedEntries: 0 };
}

/** @returns the state of the snapshot, when it is ours and stands on an entry of this log. */
async function keptState({ log, snapshot }: RebuildParts): Promise<GateState | null> {
  const bytes = await snapshot?.store.read();
  if (!bytes || snapshot === null) return null;
  const state = readSnapshot(bytes, log.origin, snapshot.mac);
  if (state === null || state.head.size === 0 || state.head.size > log.head().size) return null;
  const last = await log.get(state.head.size - 1);
  return last?.receipt.hash === state.head.hash ? state : null;
}

/** @returns false when a rotation stands there: whose keys rule before it, only the whole log says. */
async function takeTail(state: GateState, parts: RebuildParts): Promise<boolean> {
  return take(state, parts, parts.keys);
}

/**
 * Take the entries of the log after the state's, each hashed again and linked to the one before.
 * @param keys that must have signed each; null where the auditor has seen to that.
 */
async function take(state: GateState, parts: RebuildParts, keys: readonly PublicKey[] | null): Promise<boolean> {
  const { log, verifier } = parts;
  for await (const stored of log.receipts({ from: state.head.size })) {
    const { entry, hash } = stored.receipt;
    const head = readLineHead(stored.line);
    const before = { seq: state.head.size - 1, hash: state.head.hash };
    const link = follows(before, entry);
    if (!link.seq || !link.prev || hashEntry(head.entryBytes) !== hash)
      throw broken(stored, 'a hash and a link that hold');
    if (keys !== null) {
      if (head.type === 'rotation') return false;
      const mustBeSigned = log.mode === 'each' || isIndividuallySigned(head.type);
      if (mustBeSigned && !(await isSignedByAll(head, keys, verifier)))
        throw broken(stored, 'the signatures of the log');
    }
    if (entry.event.type === 'approval' && !(await isApproval(stored, parts))) continueWithout(state, stored);
    else state.take({ seq: entry.seq, hash, timeMs: Date.parse(entry.time), event: entry.event });
  }
  return true;
}

/** An approval counts when an approver of the policy signed it: entries that a log of batches recovered may be anybody's. */
async function isApproval({ receipt }: StoredReceipt, { policy, verifier }: RebuildParts): Promise<boolean> {
  const statement = parseStatement(receipt.entry.event.request);
  const approver = policy.approvers.get(String(receipt.entry.event.agent));
  if (statement === null || approver?.kid !== statement.key.kid) return false;
  return statement.signed.log === receipt.entry.log && (await isStatementGood(statement, verifier));
}

function continueWithout(state: GateState, { receipt }: StoredReceipt): void {
  const { entry, hash } = receipt;
  state.take({ seq: entry.seq, hash, timeMs: Date.parse(entry.time), event: { type: 'custom' } });
}

async function verifyWhole({ log, keys }: RebuildParts): Promise<void> {
  const verdict = await verify(log, { keys });
  if (verdict.verdict === 'valid') return;
  const [problem] = verdict.problems;
  const where = problem?.line == null ? '' : ` line ${problem.line}:`;
  throw new ReceiptError(
    'LOG_DAMAGED',
    `gate:${where} expected a log that verifies, got ${verdict.verdict} (${problem?.code ?? 'no reason'}); nothing is decided by it`,
    { at: log.origin, next: ['perdure verify LOG --key K', 'perdure explain CODE'] },
  );
}

function broken({ receipt, segment, segmentOffset }: StoredReceipt, expected: string): ReceiptError {
  const { seq } = receipt.entry;
  return new ReceiptError('LOG_DAMAGED', `gate: seq ${seq}: expected ${expected}; nothing is decided by this log`, {
    at: `seq ${seq}, ${segment} byte ${segmentOffset}`,
    next: ['perdure verify LOG --key K'],
  });
}
