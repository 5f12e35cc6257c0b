/** Where a verb writes text: standard output for data, standard error for progress and messages. */
export interface Out {
  /** Write all of it. Resolves when it was taken, never rejects: what went wrong stands in `closed` and `failure`. */
  write(data: string | Uint8Array): Promise<void>;
  readonly isTTY: boolean;
  /** Width of the terminal in cells; 80 where there is none. */
  readonly columns: number;
  /** The terminal itself, for what redraws a line; null where there is none. */
  readonly terminal: NodeJS.WritableStream | null;
  /** Whether to colour what goes here. */
  readonly color: boolean;
  /** Whether the reader went away, as `| head` does: more output helps nobody, but what the verb records is still recorded. */
  readonly closed: boolean;
  /** Why output was lost otherwise, as on a full disk; null when none was. */
  readonly failure: Error | null;
}

/** Where a verb reads. */
export interface In {
  readonly isTTY: boolean;
  /** All bytes until the end. @param signal ends it early, without an error. */
  chunks(signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Ask for one line that is not shown. Only with a terminal. @returns null when the user ended the input instead. */
  askSecret(prompt: string): Promise<string | null>;
}

/** Environment variables. */
export type Env = Readonly<Record<string, string | undefined>>;

/** All that a verb may touch of the process it runs in, so that a test can stand in for it. */
export interface Io {
  readonly stdin: In;
  readonly stdout: Out;
  readonly stderr: Out;
  readonly env: Env;
  /**
   * Take over what an interrupt (Ctrl-C) does: the signal aborts, and the verb ends in good order by itself, exit code 130.
   * A verb that never calls this is ended at once; so is any at the second interrupt.
   */
  interruption(): AbortSignal;
}

/** @returns whether output is coloured: NO_COLOR forbids, FORCE_COLOR demands; else on a terminal that is not CI's. */
export function wantsColor(env: Env, isTTY: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR, CI, TERM } = env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTTY && !isSet(CI) && TERM !== 'dumb';
}

/** @returns the cells to fold text for: those of a terminal; undefined elsewhere, where lines stay whole. */
export function foldWidth({ isTTY, columns }: Out): number | undefined {
  return isTTY ? columns : undefined;
}

/** @returns whether progress that redraws itself is of use: on a terminal that is not CI's. */
export function wantsProgress({ env, stderr }: Pick<Io, 'env' | 'stderr'>): boolean {
  return stderr.isTTY && !isSet(env.CI) && env.TERM !== 'dumb';
}

function isSet(flag: string | undefined): boolean {
  return flag !== undefined && flag !== '' && flag !== '0' && flag !== 'false';
}
