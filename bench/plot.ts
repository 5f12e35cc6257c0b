import type { Result, Row } from './result.ts';

/*
 * The plot of the growth stage as SVG, from its result file alone and the same bytes each time: entries a second by size of the log (left)
 * and by signed share (right), on one scale. White behind, so that it can be read on a dark page, too.
 */

const WIDTH = 920;
const HEIGHT = 430;
const TOP = 74;
const BOTTOM = 372;
const LEFT_PANEL = { left: 74, right: 500 };
const RIGHT_PANEL = { left: 560, right: 800 };
/** Room for the name of a kind behind its last point. */
const NAME_WIDTH = 80;
const INK = '#1f2328';
const MUTED = '#59636e';
const GRID = '#e3e7eb';
/** Told apart in black and white, too: one thread is a whole line with filled marks, two a dashed one with empty marks. */
const COLOURS: Readonly<Record<string, string>> = { unsigned: '#0b62c4', signed: '#c2410c', share: '#6d28d9' };

interface Panel {
  readonly left: number;
  readonly right: number;
}

type Scale = (value: number) => number;

interface Series {
  readonly label: string;
  readonly colour: string;
  readonly dashed: boolean;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Draw it. @returns SVG text. @throws Error where the result is of another stage. */
export function renderPlot(result: Result): string {
  if (result.stage !== 'growth') throw new Error(`plot: expected the stage growth, got ${result.stage}`);
  const of = (series: string, workers: number): Row[] =>
    result.rows.filter((row) => row.series === series && row.workers === workers);
  const rates = result.rows.map((row) => Number(row.per_second));
  const yTicks = ticksAround(Math.min(...rates), Math.max(...rates));
  const sizes = result.rows.filter(({ series }) => series !== 'share').map((row) => Number(row.entries));
  const decades = [Math.floor(Math.log10(Math.min(...sizes))), Math.ceil(Math.log10(Math.max(...sizes)))] as const;
  const y = logScale(yTicks[0]!, yTicks.at(-1)!, BOTTOM, TOP);
  const xSize = logScale(10 ** decades[0], 10 ** decades[1], LEFT_PANEL.left, LEFT_PANEL.right);
  const xShare: Scale = (share) => RIGHT_PANEL.left + (share / 100) * (RIGHT_PANEL.right - RIGHT_PANEL.left);
  const seriesOf = (series: string, x: (row: Row) => number): Series[] =>
    [1, 2].map((workers) => ({
      label: workers === 1 ? 'one thread' : 'two threads',
      colour: COLOURS[series]!,
      dashed: workers === 2,
      points: of(series, workers).map((row) => ({ x: x(row), y: y(Number(row.per_second)) })),
    }));
  const mixed = Number(of('share', 1)[0]?.entries ?? 0);
  const bySize = (row: Row): number => xSize(Number(row.entries));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" role="img">`,
    '<title>Entries verified a second, by size of the log and by signed share</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(LEFT_PANEL.left, 26, 'Entries verified a second', { size: 16, weight: 600 }),
    text(LEFT_PANEL.left, 46, 'from the call to the verdict, a new process each time', { fill: MUTED }),
    text(RIGHT_PANEL.left, 46, `log of ${mixed.toLocaleString('en-US')} entries`, { fill: MUTED }),
    ...gridOf(LEFT_PANEL, y, yTicks, true),
    ...gridOf(RIGHT_PANEL, y, yTicks, false),
    ...axisOf(
      LEFT_PANEL,
      powers(decades).map((size) => ({ at: xSize(size), label: short(size) })),
      'entries in the log',
    ),
    ...axisOf(
      RIGHT_PANEL,
      [0, 25, 50, 75, 100].map((share) => ({ at: xShare(share), label: `${share} %` })),
      'of them signed',
    ),
    ...drawAll(seriesOf('unsigned', bySize), 'unsigned'),
    ...drawAll(seriesOf('signed', bySize), 'signed'),
    ...drawAll(
      seriesOf('share', (row) => xShare(Number(row.share))),
      null,
    ),
    ...legend(),
    '</svg>',
    '',
  ].join('\n');
}

function logScale(from: number, to: number, begin: number, end: number): Scale {
  const [low, high] = [Math.log10(from), Math.log10(to)];
  return (value) => begin + ((Math.log10(value) - low) / (high - low)) * (end - begin);
}

/** 1, 3, 10, 30 …, from the last at or below `least` to the first at or above `most`. */
function ticksAround(least: number, most: number): number[] {
  const all = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : 3) * 10 ** Math.floor(i / 2));
  const first = Math.max(
    0,
    all.findLastIndex((tick) => tick <= least),
  );
  const last = all.findIndex((tick) => tick >= most);
  return all.slice(first, last + 1);
}

function powers([from, to]: readonly [number, number]): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
}

/** 10,000 as 10k. */
function short(value: number): string {
  return value >= 1e6 ? `${value / 1e6}M` : value >= 1e3 ? `${value / 1e3}k` : String(value);
}

interface Style {
  readonly fill?: string;
  readonly size?: number;
  readonly weight?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** White around the letters, where lines may pass behind them. */
  readonly halo?: boolean;
}

function text(x: number, y: number, words: string, { fill = INK, size, weight, anchor, halo }: Style = {}): string {
  const more = [
    size === undefined ? '' : ` font-size="${size}"`,
    weight === undefined ? '' : ` font-weight="${weight}"`,
    anchor === undefined ? '' : ` text-anchor="${anchor}"`,
    halo ? ' stroke="#ffffff" stroke-width="5" paint-order="stroke"' : '',
  ];
  return `<text x="${round(x)}" y="${round(y)}" fill="${fill}"${more.join('')}>${words}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}"/>`;
}

function gridOf({ left, right }: Panel, y: Scale, ticks: readonly number[], named: boolean): string[] {
  return ticks.flatMap((tick) => [
    line(left, y(tick), right, y(tick), GRID),
    ...(named ? [text(left - 10, y(tick) + 4.5, short(tick), { fill: MUTED, anchor: 'end' })] : []),
  ]);
}

function axisOf({ left, right }: Panel, ticks: readonly { at: number; label: string }[], name: string): string[] {
  return [
    line(left, BOTTOM, right, BOTTOM, MUTED),
    ...ticks.flatMap(({ at, label }) => [
      line(at, BOTTOM, at, BOTTOM + 5, MUTED),
      text(at, BOTTOM + 21, label, { fill: MUTED, anchor: 'middle' }),
    ]),
    text((left + right) / 2, BOTTOM + 43, name, { anchor: 'middle' }),
  ];
}

/** Both lines of one kind, and its name: behind their ends where there is room, else above them. */
function drawAll(series: readonly Series[], name: string | null): string[] {
  const ends = series.map(({ points }) => points.at(-1)).filter((point) => point !== undefined);
  const drawn = series.flatMap(({ colour, dashed, points }) => [
    `<polyline points="${points.map(({ x, y }) => `${round(x)},${round(y)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ''}/>`,
    ...points.map(({ x, y }) => mark(x, y, colour, dashed)),
  ]);
  const last = ends[0];
  if (name === null || last === undefined) return drawn;
  const style = { fill: series[0]!.colour, weight: 600, halo: true };
  const middle = ends.reduce((sum, { y }) => sum + y, 0) / ends.length;
  const above = Math.min(...ends.map(({ y }) => y)) - 12;
  return last.x + NAME_WIDTH < LEFT_PANEL.right
    ? [...drawn, text(last.x + 12, middle + 4.5, name, style)]
    : [...drawn, text(last.x, above, name, { ...style, anchor: 'end' })];
}

function mark(x: number, y: number, colour: string, empty: boolean): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="4" fill="${empty ? '#ffffff' : colour}" stroke="${colour}" stroke-width="2"/>`;
}

function legend(): string[] {
  const x = RIGHT_PANEL.right + 22;
  return [
    { name: 'one thread', dashed: false },
    { name: 'two threads', dashed: true },
  ].flatMap(({ name, dashed }, i) => {
    const y = TOP + 4 + 40 * i;
    return [
      `<line x1="${x}" y1="${y}" x2="${x + 36}" y2="${y}" stroke="${INK}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ''}/>`,
      mark(x + 18, y, INK, dashed),
      text(x, y + 20, name, {}),
    ];
  });
}

/** Tenths of a pixel are enough, and the same on every machine. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
