/** @returns the mean time of one `step` in microseconds, over `count`, after a quarter as many that warm up. */
export function meanMicros(count: number, step: () => unknown): number {
  for (let i = 0; i < count / 4; i++) step();
  const startedAt = performance.now();
  for (let i = 0; i < count; i++) step();
  return ((performance.now() - startedAt) * 1000) / count;
}
