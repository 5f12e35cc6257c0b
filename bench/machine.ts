import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Machine } from './result.ts';

/** Describe this machine. @param folder whose file system matters. @param loadBefore load average before the work. */
export function describeMachine(folder: string, loadBefore: number): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    sha_ni: hasShaNi(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release().split('-')[0]}`,
    fs: fileSystemOf(folder),
    load: [loadBefore, loadNow()],
  };
}

/** @returns the load average over one minute. */
export function loadNow(): number {
  return Math.round(loadavg()[0]! * 100) / 100;
}

function hasShaNi(): boolean | null {
  try {
    return /\b(sha_ni|sha2)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return null;
  }
}

/** The type of the mount that holds `folder`. */
function fileSystemOf(folder: string): string {
  try {
    const [, line] = execFileSync('df', ['-PT', folder], { encoding: 'utf8' }).split('\n');
    return line?.split(/\s+/)[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
