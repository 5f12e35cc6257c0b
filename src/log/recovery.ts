import { fromHex } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { MAX_LINE_BYTES, READ_CHUNK_BYTES, RECOVERY_ZONE_BYTES } from '../base/limits.ts';
import type { Disk } from '../base/ports.ts';
import { EMPTY_HEAD, type Head } from '../chain/chain.ts';
import type { Verifier } from '../crypto/verifier.ts';
import { canonicalEvent } from '../receipt/canonical.ts';
import { isIndividuallySigned, type Requirement, recoveryEvent, SHA256_OF_NOTHING } from '../receipt/control.ts';
import { type LineHead, readLineHead } from '../receipt/receipt.ts';
import { digestHex, isSignedByAll } from '../receipt/seal.ts';
import type { TreeOf, TreeSource } from './believe.ts';
import { damaged } from './damage.ts';
import { eventOf, type Rules, readRules, requirementIn } from './rules.ts';
import { requireContiguous, type Segment, segmentName, segmentPath, segmentTable } from './segments.ts';
import { type Before, judgeTail, type Tail } from './tail.ts';
import { type LogTree, readTree } from './tree.ts';
import type { Writer } from './writer.ts';

const LF = 0x0a;

/** Folder of the torn bytes set aside, below the log folder. */
export const TORN = 'torn';

/** What a reopened log is, before anything on the disk is changed. */
export interface Inspection {
  readonly rules: Rules;
  /** The last entry that will stand, once an unfinished line is finished. */
  readonly head: Head;
  /** Whether that entry closes the log. */
  readonly ended: boolean;
  /** The segment that holds it, and how many of its bytes are kept. */
  readonly row: number;
  readonly good: number;
  /** The segment's length on disk. */
  readonly bytes: number;
  readonly rest: 'nothing' | 'unfinished' | 'torn';
  /** The segment to write to; later than `row` when that one is followed by an empty file. */
  readonly index: number;
  /** Of its genesis entry. */
  readonly genesis: Requirement;
  /** The Merkle tree up to `head`, read where it is needed before the first append: in a log of batches. */
  readonly tree: LogTree | null;
}

/**
 * Read the end of a log, changing nothing; of a log of batches, everything behind its last checkpoint.
 * @param verifier judges the signatures of a last line that lacks its LF; without one such a line counts as torn. A log of batches
 *   needs one. @param source of its tree.
 * @throws ReceiptError LOG_DAMAGED with segment and byte when what stands there was not left by an interrupted write.
 */
export async function inspect(
  disk: Disk,
  origin: string,
  verifier: Verifier | null,
  source: TreeSource,
): Promise<Inspection> {
  const table = await segmentTable(disk, null);
  requireContiguous(table);
  const row = table.findLastIndex(({ bytes }) => bytes > 0);
  const genesis = await readGenesis(disk, table, origin);
  const tail = await readTail(disk, table, row, origin);
  const last = tail.last ?? (await lastLineBefore(disk, table, row, origin));
  const { bytes } = table[row]!;
  const good = bytes - (tail.zone - tail.good);
  const kept = tail.rest === 'unfinished' ? tail.unfinished : null;
  // What rules is read from the finished lines; an unfinished one is then judged by it.
  const whole = table.slice(0, row + 1).map((segment, i) => (i === row ? { ...segment, bytes: good } : segment));
  const { rules, tree } = await readEnd(disk, whole, last, { origin, genesis, verifier, source });
  const keeps = kept !== null && (await isCompletable(kept, rules.requirement, verifier));
  const end = keeps ? kept : last;
  if (end === null) throw damaged(segmentName(0), 0, `a genesis entry of ${origin}`, 'an unfinished one', INIT_AGAIN);
  if (keeps) tree?.since.append(fromHex(kept.hash));
  return {
    genesis,
    tree,
    rules: keeps ? withLast(rules, kept) : rules,
    head: { size: end.seq + 1, hash: end.hash },
    ended: end.type === 'close' && eventOf(end).scope === 'log',
    row,
    good: keeps ? bytes : good,
    bytes,
    rest: keeps ? 'unfinished' : tail.rest === 'unfinished' ? 'torn' : tail.rest,
    index: table.length - 1,
  };
}

/** What rules at the end of whole lines: read backwards; in a log of batches, forwards from its last checkpoint. */
async function readEnd(
  disk: Disk,
  table: readonly Segment[],
  last: LineHead | null,
  { verifier, ...of }: Omit<TreeOf, 'verifier'> & { readonly verifier: Verifier | null },
): Promise<{ readonly rules: Rules; readonly tree: LogTree | null }> {
  if (of.genesis.mode === 'each') {
    const rules = await readRules(disk, table, of.genesis, verifier);
    if (rules.requirement.mode === 'each') return { rules, tree: null };
  }
  if (verifier === null) throw new TypeError('log: expected a verifier to write to a log that signs batches');
  const head = last === null ? EMPTY_HEAD : { size: last.seq + 1, hash: last.hash };
  return readTree(disk, table, head, { ...of, verifier });
}

async function readGenesis(disk: Disk, table: readonly Segment[], origin: string): Promise<Requirement> {
  const first =
    table[0] === undefined ? new Uint8Array(0) : await disk.read(segmentPath(table[0].name), 0, MAX_LINE_BYTES + 1);
  const lf = first.indexOf(LF);
  try {
    const head = readLineHead(first.subarray(0, lf < 0 ? first.length : lf));
    if (head.type === 'genesis' && head.seq === 0 && head.log === origin) return requirementIn(head);
  } catch {
    // Said below.
  }
  throw damaged(
    segmentName(0),
    0,
    `a genesis entry of ${origin}`,
    lf < 0 ? 'no whole line' : 'another line',
    INIT_AGAIN,
  );
}

const INIT_AGAIN = ['perdure verify', 'if init was interrupted: init again'];

/** A tail that may be gone on with. `zone`: how many bytes were judged. */
type SoundTail = Omit<Tail, 'rest'> & { readonly rest: Inspection['rest']; readonly zone: number };

/** Judge the last bytes of a segment. @throws ReceiptError LOG_DAMAGED. */
async function readTail(disk: Disk, table: readonly Segment[], row: number, origin: string): Promise<SoundTail> {
  const { name, bytes } = table[row]!;
  const begin = Math.max(0, bytes - RECOVERY_ZONE_BYTES);
  let zone = await readAll(disk, segmentPath(name), begin, bytes);
  let before: Before | null = null;
  if (begin > 0) {
    const lf = zone.indexOf(LF);
    if (lf < 0) throw damaged(name, begin, 'lines', `no line end in ${zone.length} bytes`);
    zone = zone.subarray(lf + 1);
  } else {
    before = row === 0 ? { seq: -1, hash: EMPTY_HEAD.hash } : await lastLineBefore(disk, table, row, origin);
  }
  const tail = judgeTail(zone, origin, before);
  const { rest } = tail;
  const at = bytes - zone.length + tail.good;
  if (rest === 'damaged')
    throw damaged(name, at, 'a good line that follows the one before', 'bytes that no interrupted write leaves');
  if (tail.last === null && begin > 0) throw damaged(name, at, 'a good line', 'none near the end');
  return { ...tail, rest, zone: zone.length };
}

async function readAll(disk: Disk, path: string, begin: number, end: number): Promise<Uint8Array> {
  const out = new Uint8Array(end - begin);
  for (let at = begin; at < end; ) {
    const part = await disk.read(path, at, Math.min(end, at + READ_CHUNK_BYTES));
    if (part.length === 0)
      throw new ReceiptError(
        'IO',
        `log: ${path}: expected ${end} bytes, got ${at}: the file shrinks while it is read`,
        { at: path },
      );
    out.set(part, at - begin);
    at += part.length;
  }
  return out;
}

/** @returns the last line of the segment before `row`, which was synced before its successor began; null before the first. */
async function lastLineBefore(
  disk: Disk,
  table: readonly Segment[],
  row: number,
  origin: string,
): Promise<LineHead | null> {
  if (row === 0) return null;
  const { name, bytes } = table[row - 1]!;
  const begin = Math.max(0, bytes - MAX_LINE_BYTES - 2);
  const zone = await readAll(disk, segmentPath(name), begin, bytes);
  const from = zone.length < 2 ? 0 : zone.lastIndexOf(LF, zone.length - 2) + 1;
  const { last, rest } = judgeTail(zone.subarray(from), origin, null);
  if (last === null || rest !== 'nothing')
    throw damaged(name, begin + from, 'a whole good line at the end of a full segment', 'none');
  return last;
}

/** Whether a line that lacks only its LF is kept: its signatures must be those the requirement asks of it. */
async function isCompletable(line: LineHead, { mode, keys }: Requirement, verifier: Verifier | null): Promise<boolean> {
  if (mode === 'batch' && !isIndividuallySigned(line.type)) return line.sigs.length === 0;
  return verifier !== null && (await isSignedByAll(line, keys, verifier));
}

/** The rules once `line` stands at the end too. */
function withLast(rules: Rules, line: LineHead): Rules {
  if (line.type === 'recovery')
    return { ...rules, firstUncovered: null, named: [String(eventOf(line).torn_sha256), ...rules.named] };
  const uncovered = line.sigs.length === 0 ? (rules.firstUncovered ?? line.seq) : rules.firstUncovered;
  return { ...rules, firstUncovered: uncovered, named: [] };
}

/**
 * Make the end of the log whole lines again. Order, which is the safety argument: torn bytes copied to `torn/<sha256>.pending` →
 * synced → their name synced → the segment cut (durable) → named in a recovery entry (nameTorn) → renamed to `.bin`. Stopped between
 * any two of these the next open finds either the bytes in the segment, or a `.pending` file, and goes on from there.
 */
export async function repair(disk: Disk, { row, good, bytes, rest }: Inspection): Promise<void> {
  const path = segmentPath(segmentName(row));
  if (rest === 'unfinished') {
    const file = await disk.open(path);
    try {
      await file.write(Uint8Array.of(LF));
      await file.sync();
    } finally {
      await file.close();
    }
  } else if (rest === 'torn') {
    await setAside(disk, await readAll(disk, path, good, bytes), 'pending');
    await disk.truncate(path, good);
  }
}

/** Copy torn bytes into `torn/`, durably. A copy that an earlier open did not finish is made anew: the bytes still stand in the segment. */
export async function setAside(disk: Disk, torn: Uint8Array, suffix: 'pending' | 'bin'): Promise<void> {
  await disk.makeDir(TORN);
  await disk.syncDir('');
  const path = `${TORN}/${digestHex(torn)}.${suffix}`;
  if ((await disk.size(path)) !== null) await disk.remove(path);
  const file = await disk.create(path);
  try {
    await file.write(torn);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.syncDir(TORN);
}

/**
 * Append the recovery entries that a reopened log owes: one for each set of torn bytes that none names yet, the first of them also
 * taking over the uncovered entries of a batch log; or one for those alone. Then give the torn bytes their lasting name.
 */
export async function nameTorn(disk: Disk, writer: Writer, { firstUncovered, named }: Rules): Promise<void> {
  await renameUnfinishedCopies(disk);
  const files = await disk.list(TORN);
  const pending = pendingIn(files);
  // The same bytes may have been torn, named and kept before: then the entry that names them speaks of that time.
  const unnamed = pending.filter((sha) => !named.includes(sha) || files.includes(`${sha}.bin`));
  const recover = async (first: number, tornBytes: number, tornSha256: string) => {
    const { size, hash } = writer.head();
    await writer.appendOwn(
      canonicalEvent(recoveryEvent({ firstSeq: first, count: size - first, lastHash: hash, tornBytes, tornSha256 })),
    );
  };
  let uncovered = firstUncovered;
  for (const sha of unnamed) {
    await recover(uncovered ?? writer.head().size, (await disk.size(`${TORN}/${sha}.pending`)) ?? 0, sha);
    uncovered = null;
  }
  if (uncovered !== null) await recover(uncovered, 0, SHA256_OF_NOTHING);
  for (const sha of pending) await disk.rename(`${TORN}/${sha}.pending`, `${TORN}/${sha}.bin`);
  if (pending.length > 0) await disk.syncDir(TORN);
}

/** @returns the hashes that the names of pending copies state. */
function pendingIn(files: readonly string[]): string[] {
  return files.filter((name) => /^[0-9a-f]{64}\.pending$/.test(name)).map((name) => name.slice(0, 64));
}

/**
 * Give pending copies that are not what their name says the name of what they are. A copy is unfinished when its maker was stopped
 * before the sync; the segment was not cut yet then, so repair has copied it again, unless a power loss took the torn bytes away,
 * which were in memory only. What is left of them here is kept all the same.
 */
async function renameUnfinishedCopies(disk: Disk): Promise<void> {
  for (const sha of pendingIn(await disk.list(TORN))) {
    const path = `${TORN}/${sha}.pending`;
    const bytes = await readAll(disk, path, 0, (await disk.size(path)) ?? 0);
    if (digestHex(bytes) === sha) continue;
    if (bytes.length > 0) await setAside(disk, bytes, 'pending');
    await disk.remove(path);
    await disk.syncDir(TORN);
  }
}

/**
 * Whether a folder holds a log, or at most what an interrupted init leaves: a part of the genesis line, or that line with holes of
 * zero bytes. Anything else is somebody's log, damaged or not.
 */
export async function holdsLog(disk: Disk): Promise<boolean> {
  const [first, ...more] = await segmentTable(disk, null);
  if (first === undefined) return false;
  if (more.length > 0 || first.name !== segmentName(0) || first.bytes > MAX_LINE_BYTES + 1) return true;
  const line = await readAll(disk, segmentPath(first.name), 0, first.bytes);
  const lf = line.indexOf(LF);
  return lf >= 0 && (lf < line.length - 1 || !line.includes(0));
}
