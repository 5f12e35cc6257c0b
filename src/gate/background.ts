/** Recordings that nobody waits for, by the recorder that makes them. */
const underWay = new WeakMap<object, Set<Promise<unknown>>>();

/** Let a recording go on while its caller does; a failure of it must be reported already. */
export function inBackground(recorder: object, recording: Promise<unknown>): void {
  let all = underWay.get(recorder);
  if (all === undefined) {
    all = new Set();
    underWay.set(recorder, all);
  }
  const mine = all;
  const forget = (): void => void mine.delete(ended);
  const ended: Promise<void> = recording.then(forget, forget);
  mine.add(ended);
}

/**
 * Wait until what wrapped calls had to record is on disk or was reported as failed: before the log is closed, or a process ends. Calls
 * that have not ended yet are not waited for. @param recorder that was given to wrap, receipted or session.
 */
export async function flush(recorder: object): Promise<void> {
  for (let all = underWay.get(recorder); all !== undefined && all.size > 0; ) await Promise.all(all);
}

/** Messages that were shown: a broken disk would show each of them thousands of times. */
const shown = new Set<string>();

/** Report a call whose receipt could not be written, where nobody else does. Once a kind: what follows is more of the same. */
export function warn(error: unknown): void {
  const code = String((error as { readonly code?: unknown } | null)?.code ?? 'ERROR');
  if (shown.has(code)) return;
  shown.add(code);
  const text = `perdure: a call was not recorded (${code}); give wrap an onError to hear of each`;
  const { process } = globalThis as { readonly process?: { emitWarning?: (text: string, name: string) => void } };
  if (typeof process?.emitWarning === 'function') process.emitWarning(text, 'PerdureWarning');
  else console.warn(text);
}
