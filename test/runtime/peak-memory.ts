import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';

/**
 * The most memory that a process of a page has ever had, its workers included, in bytes: the largest of the browser's renderers.
 * @returns null where the system does not say (no /proc).
 */
export async function peakMemoryOfPages(browser: Browser): Promise<number | null> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const pages = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => peakOf(id));
  if (pages.length === 0 || pages.includes(null)) return null;
  return Math.max(...pages.map(Number));
}

function peakOf(pid: number): number | null {
  try {
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
    return Number(kib) * 1024;
  } catch {
    return null;
  }
}
