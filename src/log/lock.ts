import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { toHex, utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { type DiskLock, systemRandom } from '../base/ports.ts';

/**
 * One writer a folder, from names alone: `link` fails when the name is taken and `rename` replaces in one step, on every local file
 * system and on NFS.
 *
 *     lock                     JSON {nonce, pid, start, boot, pidns, host, since} of the holder
 *     lock.takeover-<nonce>    the same of who took over from the dead holder with that nonce: its one successor
 *     lock.new-<nonce>         of a contender, before it has a name that counts
 *
 * The owner is the end of the chain lock → takeover-<its nonce> → takeover-<nonce of that> … Nonces are random and never used again,
 * so a name says which holder it follows, for ever. Taking over: link takeover-<nonce of the dead owner>, which one contender can;
 * then read `lock` again. If it is still the one the chain was followed from, the link stands in the chain and nobody else can have
 * it: files of the chain are removed only after a rename has put another nonce into `lock`. If it changed, someone took over
 * and tidied up meanwhile: withdraw the link, which nobody follows, and look again. The new owner renames its link onto `lock`.
 */
interface Holder {
  readonly nonce: string;
  readonly pid: number;
  /** Start of the process in clock ticks since boot, so that a reused pid is told apart; '' where the system does not say. */
  readonly start: string;
  /** Id of this boot of the machine; '' where the system does not say. */
  readonly boot: string;
  /** Namespace in which `pid` is counted; '' where the system does not say. */
  readonly pidns: string;
  readonly host: string;
  /** When it was taken. */
  readonly since: string;
}

const NAME = 'lock';
const takeoverOf = (nonce: string): string => `${NAME}.takeover-${nonce}`;

/** Folders this process holds, by their real path: two locks in one process would look alike to the others. */
const held = new Set<string>();

/**
 * Become the only writer of a folder. @param dir must exist.
 * @throws ReceiptError LOG_LOCKED at once, naming the holder, while it runs or when that cannot be told.
 */
export async function acquireLock(dir: string): Promise<DiskLock> {
  const real = await fs.promises.realpath(dir);
  const me = describeSelf();
  if (held.has(real)) throw lockedBy(dir, me, 'this process has the log open already', ['close the log that is open']);
  held.add(real);
  try {
    await acquire(real, dir, me);
  } catch (error) {
    held.delete(real);
    throw error;
  }
  let released = false;
  return {
    async release() {
      if (released) return;
      released = true;
      held.delete(real);
      const lock = path.join(real, NAME);
      if ((await readHolder(lock))?.nonce === me.nonce) await fs.promises.unlink(lock);
    },
  };
}

async function acquire(real: string, dir: string, me: Holder): Promise<void> {
  const own = path.join(real, `${NAME}.new-${me.nonce}`);
  try {
    await writeDurably(own, JSON.stringify(me));
    // Each look either ends here or saw that another contender moved; a few of them suffice, since that one is then the holder.
    for (let looks = 0; looks < 8; looks++) {
      if (await linked(own, path.join(real, NAME))) return;
      if (await takeOver(real, dir, own, me)) return;
    }
    throw new ReceiptError('LOG_LOCKED', `log: ${dir}: expected no other writer, found several that start at once`, {
      at: dir,
      next: ['try again'],
    });
  } finally {
    await fs.promises.rm(own, { force: true });
  }
}

/** @returns false when what was seen has changed meanwhile. @throws ReceiptError LOG_LOCKED. */
async function takeOver(real: string, dir: string, own: string, me: Holder): Promise<boolean> {
  const lock = path.join(real, NAME);
  const chain = await followChain(real);
  const first = chain[0];
  const owner = chain[chain.length - 1];
  if (first === undefined || owner === undefined) {
    if ((await sizeOf(lock)) === null) return false;
    throw lockedBy(dir, null, 'its lock file cannot be read', byHand(dir));
  }
  const state = stateOf(owner, me);
  if (state === 'runs') throw lockedBy(dir, owner, 'it still runs', ['wait for it, or end it']);
  if (state === 'unknown') throw lockedBy(dir, owner, 'whether it still runs cannot be seen from here', byHand(dir));
  const link = path.join(real, takeoverOf(owner.nonce));
  if (!(await linked(own, link))) return false;
  if ((await readHolder(lock))?.nonce !== first.nonce) {
    // Whoever tidies up may have removed it already.
    await fs.promises.rm(link, { force: true });
    return false;
  }
  await fs.promises.rename(link, lock);
  await tidy(real, chain, me);
  return true;
}

/** @returns the holders from `lock` to the owner; empty when there is no readable lock. */
async function followChain(real: string): Promise<Holder[]> {
  const chain: Holder[] = [];
  for (let next: string = NAME; ; ) {
    const holder = await readHolder(path.join(real, next));
    if (holder === null) return chain;
    chain.push(holder);
    next = takeoverOf(holder.nonce);
  }
}

/** Remove what dead contenders and earlier takeovers left; whatever stays does no harm, since its nonce never comes again. */
async function tidy(real: string, chain: readonly Holder[], me: Holder): Promise<void> {
  for (const { nonce } of chain.slice(0, -1)) await fs.promises.rm(path.join(real, takeoverOf(nonce)), { force: true });
  for (const name of await fs.promises.readdir(real)) {
    if (!name.startsWith(`${NAME}.new-`)) continue;
    const left = await readHolder(path.join(real, name));
    if (left !== null && left.nonce !== me.nonce && stateOf(left, me) === 'gone')
      await fs.promises.rm(path.join(real, name), { force: true });
  }
}

/** Give `file` a second name. @returns false when that name is taken. */
async function linked(file: string, name: string): Promise<boolean> {
  try {
    await fs.promises.link(file, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Synced before it gets a name that counts, so that a power loss never leaves a lock that says nothing. */
async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await fs.promises.open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await fs.promises.stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @returns what a lock file says; null when there is none, or it says something else. */
async function readHolder(file: string): Promise<Holder | null> {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(utf8Text(await fs.promises.readFile(file))) as Record<string, unknown>;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
  const { nonce, pid, start, boot, pidns, host, since } = value;
  const texts = [start, boot, pidns, host, since].every((text) => typeof text === 'string');
  // The nonce becomes part of a file name.
  if (!texts || typeof nonce !== 'string' || !/^[0-9a-f]{32}$/.test(nonce) || !Number.isSafeInteger(pid)) return null;
  return value as unknown as Holder;
}

/** Where a boot has no id: how much earlier than the machine started a lock must be to be from before. Covers a clock set at boot. */
const BOOT_SLACK_MS = 60_000;

/** Whether a holder still runs, as far as it can be seen from this process. */
function stateOf(holder: Holder, me: Holder): 'runs' | 'gone' | 'unknown' {
  const sameHost = holder.host === me.host;
  if (holder.boot !== me.boot) return sameHost && holder.boot !== '' && me.boot !== '' ? 'gone' : 'unknown';
  if (holder.pidns !== me.pidns || (holder.boot === '' && !sameHost)) return 'unknown';
  if (holder.boot === '' && Date.parse(holder.since) < Date.now() - os.uptime() * 1000 - BOOT_SLACK_MS) return 'gone';
  return isRunning(holder.pid, holder.start) ? 'runs' : 'gone';
}

function isRunning(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = processStart(pid);
  return now === '' || start === '' || now === start;
}

/** @returns field 22 of /proc/<pid>/stat; 'ended' for one that only waits to be reaped; '' where the system does not say. @see proc_pid_stat(5) */
function processStart(pid: number | 'self'): string {
  const stat = readSystem(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses, and may hold anything, parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? '');
}

function readSystem(file: string): string {
  try {
    return fs.readFileSync(file, 'latin1').trim();
  } catch {
    return '';
  }
}

function describeSelf(): Holder {
  let pidns = '';
  try {
    pidns = fs.readlinkSync('/proc/self/ns/pid');
  } catch {
    // No such thing here.
  }
  return {
    nonce: toHex(systemRandom.bytes(16)),
    pid: process.pid,
    start: processStart('self'),
    boot: readSystem('/proc/sys/kernel/random/boot_id'),
    pidns,
    host: os.hostname(),
    since: new Date().toISOString(),
  };
}

function byHand(dir: string): string[] {
  return [
    `when you are sure that it is gone: remove ${path.join(dir, NAME)} and ${path.join(dir, `${NAME}.takeover-*`)}`,
  ];
}

function lockedBy(dir: string, holder: Holder | null, why: string, next: readonly string[]): ReceiptError {
  const who = holder === null ? 'an unknown holder' : `pid ${holder.pid} on ${holder.host} since ${holder.since}`;
  return new ReceiptError('LOG_LOCKED', `log: ${dir}: expected no other writer, found ${who}: ${why}`, {
    at: dir,
    expected: 'no other writer',
    found: who,
    next,
  });
}
