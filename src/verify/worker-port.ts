import type { FromWorker, ToWorker } from './protocol.ts';

/** A worker as a pool sees it. */
export interface WorkerPort {
  post(message: ToWorker, transfer: readonly ArrayBuffer[]): void;
  /** End it at once, whatever it does. Resolves when it has ended. */
  end(): Promise<void>;
  /** Instead of ending it: keep it for another verification, where workers are kept. It must have nothing to do. */
  release?(): void;
}

/**
 * Start a worker. @param onMessage for each message of it. @param onEnd when it ended by itself, or never began, with what is known
 * of why. @param withNoble one that has the JavaScript engine too. @throws whatever a runtime throws that allows no workers here.
 */
export type Spawn = (
  onMessage: (message: FromWorker) => void,
  onEnd: (cause: unknown) => void,
  withNoble: boolean,
) => WorkerPort;

/** Threads as a runtime has them. */
export interface ThreadsHere {
  readonly spawn: Spawn;
  /** How many run at once. */
  readonly parallelism: number;
  /**
   * Whether the thread that asks does a share of the work. Not that of a page: a share is hundreds of milliseconds of standing still,
   * so there are as many workers as threads, and the page only hands out.
   */
  readonly shares: boolean;
  /**
   * Where workers come over a network: load them now and keep them waiting, also after verifications, so that those need no network.
   * @returns how many there are, fewer than asked for where they cannot start.
   */
  readonly prepare?: (count: number, withNoble: boolean) => Promise<number>;
}
