import { toHex } from '../base/bytes.ts';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import { DEFAULT_SEGMENT_BYTES, MAX_ORIGIN_CHARS } from '../base/limits.ts';
import { type Clock, type Disk, type Random, systemClock, systemRandom } from '../base/ports.ts';
import { EMPTY_HEAD, type Head } from '../chain/chain.ts';
import type { Signer } from '../crypto/signer.ts';
import type { Verifier } from '../crypto/verifier.ts';
import { canonicalEvent } from '../receipt/canonical.ts';
import { genesisEvent, type Requirement, requirementOf, type SigningMode } from '../receipt/control.ts';
import { ORIGIN_PATTERN } from '../receipt/entry.ts';
import type { TreeOf } from './believe.ts';
import { type CheckpointOptions, checkpointPolicy } from './checkpoint-policy.ts';
import { Checkpointer } from './checkpointer.ts';
import { CheckpointFiles } from './checkpoints.ts';
import { IdSource } from './link.ts';
import type { Log } from './log.ts';
import { readMetadata, writeMetadata } from './metadata.ts';
import { holdsLog, inspect, nameTorn, repair, setAside } from './recovery.ts';
import type { InFlight } from './room.ts';
import { type Bound, SEGMENTS, SegmentWriter, segmentPath, segmentTable } from './segments.ts';
import { StoredLog } from './stored-log.ts';
import { emptyTree, type LogTree, readTree } from './tree.ts';
import { treeOnDisk } from './tree-source.ts';
import { Writer } from './writer.ts';

/** What a core may be given instead of the machine's own; tests and tuning only. */
export interface LogTuning {
  readonly clock?: Clock;
  readonly random?: Random;
  /** A segment that has reached this gets a successor. */
  readonly segmentBytes?: number;
  readonly inFlight?: InFlight;
}

/** How to open a log. */
export interface OpenOptions extends LogTuning, CheckpointOptions {
  /** Every key of the log's requirement, to write; without it the log is opened for reading. */
  readonly signers?: readonly Signer[];
  /** The same for a log with one key. */
  readonly signer?: Signer;
  /**
   * Judges the last checkpoint, what stands behind it, and the signatures of a last line that lacks nothing but its LF, which is then
   * kept. Without one such a line, which was never acknowledged, is set aside as torn bytes, and a log of batches cannot be opened to
   * write; openLog chooses one unless given.
   */
  readonly verifier?: Verifier;
}

/** How to start a log. */
export interface CreateOptions extends OpenOptions {
  /** Prefix of the origin; `/` and 12 random hex digits are added, so that an origin is never used twice. */
  readonly origin: string;
  /** `each` unless given. */
  readonly mode?: SigningMode;
}

function signersOf({ signers, signer }: OpenOptions): readonly Signer[] | null {
  if (signers !== undefined && signer !== undefined) throw new TypeError('log: expected signers or signer, got both');
  return signer !== undefined ? [signer] : (signers?.slice() ?? null);
}

function readOrigin(prefix: string, random: Random): string {
  const origin = `${prefix}/${toHex(random.bytes(6))}`;
  if (ORIGIN_PATTERN.test(origin)) return origin;
  throw new ReceiptError(
    'ORIGIN_INVALID',
    `log: origin: expected at most ${MAX_ORIGIN_CHARS - 13} of A-Z a-z 0-9 . _ ~ / : -, first a letter or digit`,
    {
      at: 'origin',
      expected: `at most ${MAX_ORIGIN_CHARS - 13} characters as example.com/audit`,
    },
  );
}

/**
 * Start a log on a disk and open it for writing. Order, which is the safety argument: lock → folder and `log.json` → first segment →
 * the genesis entry, durable. Stopped anywhere before the genesis line is whole, there is no log yet, and init starts over.
 * @throws ReceiptError LOG_EXISTS, LOG_LOCKED, ORIGIN_INVALID, SIGN_FAILED, IO.
 */
export async function createLogOn(disk: Disk, options: CreateOptions): Promise<Log> {
  const { clock = systemClock, random = systemRandom, mode = 'each', segmentBytes = DEFAULT_SEGMENT_BYTES } = options;
  const policy = checkpointPolicy(mode, options);
  const signers = signersOf(options) ?? [];
  const { keys } = requirementOf(
    mode,
    signers.map(({ publicKey }) => publicKey),
  );
  const origin = readOrigin(options.origin, random);
  await disk.makeDir('');
  const lock = await disk.lock();
  try {
    if (await holdsLog(disk)) {
      throw new ReceiptError('LOG_EXISTS', `log: ${disk.name}: expected a folder without a log, found one`, {
        at: disk.name,
        next: ['choose another folder'],
      });
    }
    await clearUnfinished(disk);
    await disk.makeDir(SEGMENTS);
    await disk.syncDir('');
    await writeMetadata(disk, { origin, mode });
    const segments = await SegmentWriter.open(disk, segmentBytes, 0, 0);
    const shared = { origin, signers };
    const tiles = treeOnDisk(disk);
    const tree = emptyTree();
    const checkpoints = new Checkpointer({ ...shared, files: new CheckpointFiles(disk), tiles, policy, tree, size: 0 });
    const parts = { ...shared, mode, clock, ids: new IdSource(random), segments, checkpoints, head: EMPTY_HEAD };
    const writer = new Writer({ ...parts, ...inFlightOf(options), ended: false });
    try {
      await writer.appendOwn(canonicalEvent(genesisEvent({ random: random.bytes(32), mode, keys })));
    } catch (error) {
      await segments.close().catch(() => undefined);
      throw firstCause(error);
    }
    return StoredLog.forWriting(disk, { origin, mode }, { writer, segments, checkpoints, lock });
  } catch (error) {
    await lock.release().catch(() => undefined);
    throw error;
  }
}

/** An opening fails with what went wrong, not with the state in which that left a writer nobody has seen. */
function firstCause(error: unknown): unknown {
  return isReceiptError(error, 'LOG_CLOSED') && isReceiptError(error.cause) ? error.cause : error;
}

/** What an interrupted init left: no whole line. Its bytes are kept, its name is needed. */
async function clearUnfinished(disk: Disk): Promise<void> {
  for (const { name, bytes } of await segmentTable(disk, null)) {
    if (bytes > 0) await setAside(disk, await disk.read(segmentPath(name), 0, bytes), 'bin');
    await disk.remove(segmentPath(name));
    await disk.syncDir(SEGMENTS);
  }
}

/**
 * Open a log on a disk: with signers to write (takes the lock, recovers), without them to read (changes nothing).
 * @throws ReceiptError LOG_NOT_FOUND, LOG_LOCKED, LOG_DAMAGED, KEY_UNSUITABLE, IO.
 */
export async function openLogOn(disk: Disk, options: OpenOptions = {}): Promise<Log> {
  const signers = signersOf(options);
  const metadata = await readMetadata(disk);
  if (signers === null) return StoredLog.forReading(disk, metadata);
  const { clock = systemClock, random = systemRandom, segmentBytes = DEFAULT_SEGMENT_BYTES, verifier = null } = options;
  const lock = await disk.lock();
  try {
    const { origin } = metadata;
    const source = treeOnDisk(disk);
    const found = await inspect(disk, origin, verifier, source);
    const { rules, head, ended } = found;
    requireKeys(signers, rules.requirement);
    const { mode } = rules.requirement;
    const policy = checkpointPolicy(mode, options);
    // After a close entry nothing may follow, a recovery entry neither: torn bytes behind it stay where they are.
    const restores = !ended || found.rest === 'unfinished';
    if (restores) await repair(disk, found);
    const end = found.index !== found.row ? 0 : found.good + (found.rest === 'unfinished' ? 1 : 0);
    const segments = await SegmentWriter.open(disk, segmentBytes, found.index, end);
    const files = new CheckpointFiles(disk);
    const { persisted = null, note = null } = found.tree ?? {};
    if (persisted !== null && note !== null) await files.restore(persisted.size, note);
    const shared = { origin, signers };
    const later = readLater({ disk, origin, genesis: found.genesis, verifier, source, files }, () => [
      writer.head(),
      segments.bound(),
    ]);
    const tree = found.tree ?? later;
    const checkpoints = new Checkpointer({ ...shared, files, tiles: source, policy, tree, size: head.size });
    if (ended && rules.firstUncovered !== null) checkpoints.stop(endedUncovered(rules.firstUncovered));
    const parts = { ...shared, mode, clock, ids: new IdSource(random), segments, checkpoints, head, ended };
    const writer = new Writer({ ...parts, ...inFlightOf(options) });
    try {
      if (!ended) await nameTorn(disk, writer, rules);
    } catch (error) {
      await segments.close().catch(() => undefined);
      throw firstCause(error);
    }
    return StoredLog.forWriting(disk, { origin, mode }, { writer, segments, checkpoints, lock });
  } catch (error) {
    await lock.release().catch(() => undefined);
    throw error;
  }
}

/** What a writer asked of the disk and of the caller when it opened a log that signs each entry: how to read its tree, once asked. */
interface LaterParts extends Omit<TreeOf, 'verifier'> {
  readonly disk: Disk;
  readonly verifier: Verifier | null;
  readonly files: CheckpointFiles;
}

/** @param now where the log on disk stands, when called. @returns a function that reads the tree up to there. */
function readLater(
  { disk, verifier, files, ...of }: LaterParts,
  now: () => readonly [head: Head, bound: Bound],
): () => Promise<LogTree> {
  return async () => {
    const [head, bound] = now();
    if (verifier === null) throw new TypeError('log.checkpoint: expected the log to be opened with a verifier');
    const { tree } = await readTree(disk, await segmentTable(disk, bound), head, { ...of, verifier });
    if (tree.persisted !== null && tree.note !== null) await files.restore(tree.persisted.size, tree.note);
    return tree;
  };
}

function inFlightOf({ inFlight }: LogTuning): { readonly inFlight?: InFlight } {
  return inFlight === undefined ? {} : { inFlight };
}

function endedUncovered(seq: number): ReceiptError {
  return new ReceiptError(
    'LOG_CLOSED',
    `log.checkpoint: this log ended, and no checkpoint covers seq ${seq} and later; no recovery entry may name them any more`,
    { at: `seq ${seq}`, next: ['perdure verify --allow-unsigned-tail'] },
  );
}

function requireKeys(signers: readonly Signer[], { keys }: Requirement): void {
  const expected = keys.map(({ kid }) => kid);
  const found = signers.map(({ publicKey }) => publicKey.kid).sort();
  if (expected.length === found.length && expected.every((kid, i) => kid === found[i])) return;
  throw new ReceiptError(
    'KEY_UNSUITABLE',
    `log: expected signers for exactly the keys ${expected.join(', ')}, got ${found.join(', ') || 'none'}`,
    {
      at: 'signers',
      expected: expected.join(', '),
      found: found.join(', '),
    },
  );
}
