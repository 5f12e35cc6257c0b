import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Env, Io } from '../../src/cli/io.ts';
import { startMeter } from '../../src/cli/progress.ts';

/** A terminal that keeps what it was sent. */
function screen(env: Env = {}): { io: Io; shown: () => string } {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 100 });
  let shown = '';
  terminal.on('data', (chunk) => {
    shown += chunk;
  });
  // Of an Io a meter takes no more than this.
  return { io: { env, stderr: { isTTY: true, terminal } } as unknown as Io, shown: () => shown };
}

/** Report progress until something holds, but no longer than a busy machine may take to get there. */
async function work(
  io: Io,
  done: () => boolean,
  { forMs = 10_000, total = undefined as number | undefined } = {},
): Promise<void> {
  const meter = startMeter(io, 'verify', total);
  for (const begin = Date.now(); !done() && Date.now() - begin < forMs; await pause(20)) meter.update(250, 1500);
  meter.stop();
}

test('work that takes long shows how far it is, and leaves nothing behind', async () => {
  const { io, shown } = screen();
  const bar = /verify \[#####-{15}\] 25 % · 1,500 entries · [\d,]+\/s · \d+ s left/;
  await work(io, () => bar.test(shown()), { total: 1000 });
  expect(shown()).toMatch(bar);
  // The last word is to clear the line.
  expect(shown().endsWith('\u001b[1G\u001b[2K')).toBe(true);
});

test('without a known total it counts', async () => {
  const { io, shown } = screen();
  const line = /verify · 1,500 entries · [\d,]+\/s/;
  await work(io, () => line.test(shown()));
  expect(shown()).toMatch(line);
});

test('work that is done soon, and CI, see nothing', async () => {
  const soon = screen();
  await work(soon.io, () => false, { forMs: 100, total: 1000 });
  const ci = screen({ CI: 'true' });
  await work(ci.io, () => false, { forMs: 1000, total: 1000 });
  expect([soon.shown(), ci.shown()]).toEqual(['', '']);
});
