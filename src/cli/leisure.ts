/** How long to wait at most, and how much processor time in a step of so long means that another thread computes. */
const MOST_MS = 10;
const STEP_MS = 1;
const BUSY_US = 300;
/** Steps at rest in a row: one alone may be a thread that was not given a processor. */
const CALM_STEPS = 2;

/** What a process tells of itself. */
interface Clocks {
  /** Microseconds, all threads together. */
  cpuUsage(): { readonly user: number; readonly system: number };
  /** Milliseconds from any moment on. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

const ours: Clocks = {
  cpuUsage: () => process.cpuUsage(),
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Wait until the compiler threads of Node are at rest, 10 ms at most. Ending the process, Node waits for them, and one of them may wait
 * for a collection of garbage that only this thread can do: then neither ends (nodejs/node#54918, open). In the event loop the
 * collection is done, the thread goes on and ends its work, which shows as processor time that is not ours.
 */
export async function leisure({ cpuUsage, now, sleep }: Clocks = ours): Promise<void> {
  const spentUs = (): number => {
    const { user, system } = cpuUsage();
    return user + system;
  };
  const end = now() + MOST_MS;
  for (let calm = 0; calm < CALM_STEPS && now() < end; ) {
    const before = spentUs();
    await sleep(STEP_MS);
    calm = spentUs() - before < BUSY_US ? calm + 1 : 0;
  }
}
