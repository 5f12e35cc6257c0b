/** Clock: the wall clock a core may ask for. */
export interface Clock {
  /** @returns integer milliseconds since 1970-01-01T00:00:00Z; may jump, also backwards. */
  nowMs(): number;
}

/** Random: a cryptographically secure source. Tests pass a fixed one, nobody else does. */
export interface Random {
  /** @returns `length` fresh bytes, the caller's to keep. */
  bytes(length: number): Uint8Array;
}

/** The machine's clock. */
export const systemClock: Clock = { nowMs: () => Date.now() };

/** The machine's CSPRNG (Web Crypto: in Node, workers and browsers alike). */
export const systemRandom: Random = {
  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    // getRandomValues refuses more than 65,536 bytes a call.
    for (let at = 0; at < length; at += 65_536) {
      globalThis.crypto.getRandomValues(out.subarray(at, Math.min(length, at + 65_536)));
    }
    return out;
  },
};

/** Bytes drawn at once by pooledRandom: a draw costs microseconds, whatever its length. */
const POOL_BYTES = 4096;

/** Serve short draws from longer ones. @returns a Random with a pool of its own, which forgets what it gave out. */
export function pooledRandom(random: Random): Random {
  let pool: Uint8Array = new Uint8Array(0);
  let used = 0;
  return {
    bytes(length: number): Uint8Array {
      if (length > POOL_BYTES) return random.bytes(length);
      if (used + length > pool.length) {
        pool = random.bytes(POOL_BYTES);
        used = 0;
      }
      const out = pool.slice(used, used + length);
      pool.fill(0, used, used + length);
      used += length;
      return out;
    },
  };
}

/** One open file that only grows. */
export interface AppendFile {
  /** Put all of `bytes` after what is there, or throw: how much of it then stands there is unknown. Only read. */
  write(bytes: Uint8Array): Promise<void>;
  /** Make everything written so far survive a power loss. After it threw nothing written since the last success may be trusted. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The right to be the only writer of a folder. */
export interface DiskLock {
  /** Give it up; a second call does nothing. */
  release(): Promise<void>;
}

/**
 * Disk: one root folder, relative paths with `/`, `''` the root itself. What the log needs and nothing else, so that a test can
 * stand in for it, fail each operation, and forget whatever was not synced. Every method that fails throws ReceiptError IO with
 * the path as `at` and the system's error as `cause`.
 *
 * Durability is the caller's: bytes survive a power loss after `sync`, a new name or a rename after `syncDir` of the folder that
 * holds it.
 */
export interface Disk {
  /** How messages name the root. */
  readonly name: string;
  /** @returns the names in a folder, ascending, folders without a mark; empty when there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** @returns the length of a file in bytes, null when there is none. */
  size(path: string): Promise<number | null>;
  /** Read [begin, end) of a file. @returns fresh bytes, fewer where the file ends before. */
  read(path: string, begin: number, end: number): Promise<Uint8Array>;
  /** Create a file, empty; throws when the name is taken. */
  create(path: string): Promise<AppendFile>;
  /** Open an existing file to append. */
  open(path: string): Promise<AppendFile>;
  /** Cut a file to its first `size` bytes; durable when it returns. */
  truncate(path: string, size: number): Promise<void>;
  /** Move a file, atomically replacing what bears the new name. */
  rename(from: string, to: string): Promise<void>;
  /** Remove a file. */
  remove(path: string): Promise<void>;
  /** Create a folder; fine when it is there. Creating the root also creates what is above it, durably. */
  makeDir(folder: string): Promise<void>;
  /** Make the names in a folder survive a power loss. */
  syncDir(folder: string): Promise<void>;
  /** Become the only writer, or throw ReceiptError LOG_LOCKED at once; the lock of a holder that died is taken over. */
  lock(): Promise<DiskLock>;
}
