/** Whether this is the thread that draws a web page: while it computes, the page neither scrolls nor answers a click. */
export const ON_PAGE: boolean = typeof document !== 'undefined';

/** How long a page may stand still before its thread looks after it, in milliseconds: two frames at most are late. */
const PAGE_SLICE_MS = 16;

/**
 * Let other work of this thread run. In a page by a message to itself: browsers hold back the timers of a page in the background to
 * one a second and fewer, and messages not at all.
 */
export function pause(): Promise<void> {
  if (!ON_PAGE) return new Promise((resolve) => setTimeout(resolve, 0));
  toSelf ??= messagesToSelf();
  return toSelf();
}

/** Sends one. */
let toSelf: (() => Promise<void>) | null = null;

/**
 * One channel for as long as the page lives: one for each message would be held by nobody while the message is on its way.
 */
function messagesToSelf(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port2.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port1.postMessage(null);
    });
}

/** @returns what is to be awaited between two pieces of work: it pauses when a page has waited long enough, elsewhere never. */
export function paceOfPage(): () => Promise<void> | undefined {
  if (!ON_PAGE) return () => undefined;
  let since = performance.now();
  return async () => {
    if (performance.now() - since < PAGE_SLICE_MS) return;
    await pause();
    since = performance.now();
  };
}
