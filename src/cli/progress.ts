import type { GenericFormatter, SingleBar } from 'cli-progress';
import { type Io, wantsProgress } from './io.ts';

/** Work that ends sooner needs no bar. */
const PATIENCE_MS = 500;
const BAR_CELLS = 20;

/** How far some work has come, redrawn on standard error; silent where that is no terminal. */
export interface Meter {
  /** @param done of `total`, or what was read where no total is known. @param entries so far. */
  update(done: number, entries: number): void;
  /** Remove the bar, so that nothing of it stands between messages. */
  stop(): void;
}

/** Shows nothing. */
export const SILENT: Meter = { update: () => undefined, stop: () => undefined };

/**
 * Show how far something has come, once it takes more than half a second.
 * @param total in the unit of `done`; undefined when it is not known, as of standard input.
 */
export function startMeter(io: Io, label: string, total: number | undefined): Meter {
  const { terminal } = io.stderr;
  if (!wantsProgress(io) || terminal === null) return SILENT;
  const startedAt = Date.now();
  let bar: SingleBar | null = null;
  let state: 'waiting' | 'loading' | 'drawing' | 'stopped' = 'waiting';
  const load = async (): Promise<void> => {
    const { default: progress } = await import('cli-progress');
    if (state !== 'loading') return;
    bar = new progress.SingleBar({
      stream: terminal,
      clearOnComplete: true,
      hideCursor: true,
      fps: 8,
      format: lineOf(label, startedAt),
    });
    bar.start(total ?? 0, 0, { entries: 0 });
    state = 'drawing';
  };
  return {
    update(done, entries) {
      if (state === 'waiting' && Date.now() - startedAt > PATIENCE_MS) {
        state = 'loading';
        void load();
      }
      if (state === 'drawing') bar!.update(done, { entries });
    },
    stop() {
      if (state === 'drawing') bar!.stop();
      state = 'stopped';
    },
  };
}

/** `verify [#####-----] 45 % · 123,456 entries · 310/s · 12 s left` */
function lineOf(label: string, startedAt: number): GenericFormatter {
  return (_options, { value, total, progress }, { entries }: { entries: number }) => {
    const seconds = Math.max((Date.now() - startedAt) / 1000, 0.001);
    const rate = entries / seconds;
    // Before the first batch is through there is no rate to speak of.
    if (entries === 0) return `${label} …`;
    const parts = [`${entries.toLocaleString('en')} entries`, `${Math.round(rate).toLocaleString('en')}/s`];
    if (total === 0) return [label, ...parts].join(' · ');
    const bar = '#'.repeat(Math.round(progress * BAR_CELLS)).padEnd(BAR_CELLS, '-');
    const left = value === 0 ? '' : ` · ${duration((seconds * (total - value)) / value)} left`;
    return `${label} [${bar}] ${Math.floor(100 * progress)} % · ${parts.join(' · ')}${left}`;
  };
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
