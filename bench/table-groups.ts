import type { Result, Row } from './result.ts';
import { count, digits, duration, figuresOf, rowNamed, shown, threeCells } from './table-format.ts';

/*
 * One group of the table a stage: a heading, lines, and what is to be known beside them.
 */

/** A group as Markdown is made of it. */
export interface Group {
  readonly heading: string;
  readonly columns: readonly string[];
  readonly lines: readonly (readonly string[])[];
  /** Paragraphs below the lines. */
  readonly notes: readonly string[];
}

const BESIDE = 'Beside it, in the same run';
const COLUMNS = ['What', 'Measured', BESIDE, 'Ratio, and what it was to reach'];
const NEEDS_NATIVE = 'needs native ML-DSA (Node ≥ 24.7)';

/** Form the group of a stage. */
export function groupOf(result: Result): Group {
  switch (result.stage) {
    case 'engine':
      return { ...ratioGroup('The engine beside what else there is', result), notes: engineNotes(result) };
    case 'growth':
      return {
        ...ratioGroup('How the cost grows', result),
        notes: ['![Entries verified a second, by size of the log and by signed share](bench/results/growth.svg)'],
      };
    case 'pipeline':
      return { heading: 'An event on its way to the log', columns: COLUMNS, lines: pipelineLines(result), notes: [] };
    case 'append':
      return { heading: 'Appends to a disk', columns: COLUMNS, lines: appendLines(result), notes: [] };
    case 'batch':
      return {
        heading: 'One signature for many receipts',
        columns: BATCH_COLUMNS,
        lines: batchLines(result),
        notes: [BATCH_NOTE],
      };
    case 'verify':
      return { heading: 'Verification in TypeScript alone', columns: COLUMNS, lines: verifyLines(result), notes: [] };
    case 'prove':
      return {
        ...ratioGroup('Proofs without reading the log', result),
        notes: [
          'Every proof is verified against a root that was computed from the lines by other means. Tiles are 256 hashes wide (C2SP ' +
            'tlog-tiles) and stand in the page cache; each proof is of another entry; median, and p99.',
        ],
      };
    case 'crypto':
      return {
        heading: 'One signature, by engine',
        columns: ['What', 'Measured', BESIDE, 'Ratio'],
        lines: cryptoLines(result),
        notes: [],
      };
    case 'startup':
      return { heading: 'Short commands', columns: COLUMNS, lines: startupLines(result), notes: [] };
    case 'chromium':
      return { heading: 'In a page of Chromium', columns: COLUMNS, lines: chromiumLines(result), notes: [] };
    default:
      return ratioGroup(`Stage ${result.stage}`, result);
  }
}

const hasNative = ({ versions }: Result): boolean => versions.node_native !== undefined;

/** A line a ratio, those of one kind together; then what could not be measured. */
function ratioGroup(heading: string, result: Result): Group {
  const whats: string[] = [];
  const lines = result.ratios.flatMap((ratio) => {
    const [ours, rival] = (ratio.of ?? []).map((name) => rowNamed(result, name));
    if (ours === undefined) return [];
    const what = String(ours.what ?? ours.name);
    if (!whats.includes(what)) whats.push(what);
    const who = /^perdure, (.*)$/.exec(String(ours.rival ?? ''))?.[1];
    const measured = `${who === undefined ? '' : `${who}: `}${figuresOf(ours)}`;
    return [{ what, cells: [what, measured, rival === undefined ? '' : besideOf(rival, what), ...threeCells(ratio)] }];
  });
  const missing = result.rows
    .filter((row) => row.missing !== undefined)
    .map((row) => [String(row.what), '', `${row.rival}: ${row.missing}`, '', '', '']);
  return {
    heading,
    columns: ['What', 'Measured', BESIDE, 'Ratio', 'Must', 'Goal'],
    lines: [
      ...whats.flatMap((what) => lines.filter((line) => line.what === what).map(({ cells }) => cells)),
      ...missing,
    ],
    notes: [],
  };
}

/** @param what of ours: where the other row is ours, too, of something else, that is named. */
function besideOf(row: Row, what: string): string {
  const node = row.node === undefined ? '' : ` (${row.node})`;
  const threads = /^perdure, (.*)$/.exec(String(row.rival))?.[1];
  const name = threads === undefined ? (row.rival ?? row.name) : row.what === what ? threads : row.what;
  return `${name}${node}: ${figuresOf(row)}`;
}

function engineNotes(result: Result): string[] {
  const { sha_ni } = result.machine;
  const sha = sha_ni === null ? 'may have' : sha_ni ? 'has' : 'has no';
  return [
    ...(hasNative(result) ? [] : [`Beside node:crypto’s ML-DSA and the liboqs packages: ${NEEDS_NATIVE}.`]),
    `Native signatures are always hedged. The processor ${sha} SHA extensions, which node:crypto uses and WebAssembly cannot. Memory is the ` +
      'peak of the process. Noble’s time for the whole log is that of a part of it, scaled.',
  ];
}

function pipelineLines(result: Result): string[][] {
  const [all, , naive, recorded] = result.rows as readonly [Row, Row, Row, Row];
  return [
    [
      `one event of ${all.event_bytes} bytes, no disk, no signature: ${all.name}`,
      `${digits(all.us)} µs`,
      `${naive.name}: ${digits(naive.us)} µs`,
      ratioOf(result, 'guard + canonicalise + hash + line', ' µs'),
    ],
    [
      `an event of ${recorded.event_bytes} bytes through the recorder: ${recorded.name}`,
      `${digits(recorded.us)} µs · p50 ${digits(recorded.us_p50)} · p99 ${digits(recorded.us_p99)}`,
      '',
      '',
    ],
  ];
}

function appendLines(result: Result): string[][] {
  const rivals = ['awaited', 'blocking'].map((how) => ({ how, row: rowNamed(result, `fsync per line, ${how}`) }));
  const lines = result.rows
    .filter((row) => !rivals.some((rival) => rival.row === row))
    .map((row): string[] => {
      const [, mode, appenders] = /^(.*), (\d+)$/.exec(row.name) as unknown as [string, string, string];
      const who = appenders === '1' ? '1 appender' : `${appenders} appenders`;
      const what = `append, ${mode}, ${who}`;
      const figures = `${count(row.per_second)}/s · p50 ${digits(row.p50_ms)} ms · p99 ${digits(row.p99_ms)} ms`;
      if (mode !== 'unsigned') return [what, figures, '', ''];
      const figure = appenders === '1' ? 'p50' : 'throughput';
      const beside = rivals.map(({ how, row: rival }) =>
        figure === 'p50' ? `p50 ${digits(rival.p50_ms)} ms ${how}` : `${count(rival.per_second)}/s ${how}`,
      );
      const ratios = rivals.map(({ how }) => {
        const ratio = result.ratios.find(({ name }) => name === `${figure}, ${mode}, ${who} / fsync per line, ${how}`);
        return ratio === undefined ? '' : shown(ratio, `× ${how}`);
      });
      return [what, figures, `JSONL, fsync per line: ${beside.join(', ')}`, `${figure} ${ratios.join(', ')}`];
    });
  return hasNative(result) ? lines : [...lines, ['append, each, ML-DSA-65 native', NEEDS_NATIVE, '', '']];
}

const BATCH_COLUMNS = ['Signed', 'Receipts a second', 'Beside each', 'Signature bytes a receipt', 'Path to the root'];
const BATCH_NOTE =
  'Every receipt was acknowledged as signed, on disk. Signature bytes: signatures on lines, all checkpoints kept, and tiles. The path is not ' +
  'stored: it is made when a receipt is to stand alone, and grows with the logarithm of the log.';

function batchLines(result: Result): string[][] {
  return result.rows.map(({ name, per_second, signature_bytes, path_bytes }): string[] => {
    const bytes = result.ratios.find((ratio) => ratio.name === `signatures, checkpoints and tiles a receipt, ${name}`);
    return [
      name,
      count(per_second),
      ratioOf(result, `receipts/s, ${name} /`, '×'),
      bytes === undefined ? digits(signature_bytes) : shown(bytes, ''),
      bytes === undefined ? '' : `${digits(path_bytes)} bytes`,
    ];
  });
}

function verifyLines(result: Result): string[][] {
  const entries = Math.max(...result.rows.map((row) => Number(row.entries)));
  const of = (way: string): Row => result.rows.find((row) => row.way === way && row.entries === entries)!;
  const figures = (row: Row): string =>
    `${digits(Number(row.ms) / 1000)} s · ${digits(row.us_an_entry)} µs an entry · ${digits(row.max_rss_mb)} MB at most`;
  const naive = of('naive');
  const what = `verify ${count(entries)} unsigned entries (${count(Number(naive.log_bytes) / 1e6)} MB)`;
  const beside = `readline + JSON.parse + JSON.stringify + createHash: ${figures(naive)}`;
  const memory = result.ratios.find(({ name }) => name.startsWith('peak memory') && name.endsWith('perdure'))!;
  return [
    [`${what}, TypeScript, \`crypto.hash\``, figures(of('perdure')), beside, ratioOf(result, 'naive / perdure,', '×')],
    [
      `${what}, TypeScript, noble alone`,
      figures(of('noble')),
      beside,
      ratioOf(result, 'naive / perdure with noble', '×'),
    ],
    [
      'memory of that, ten times the log',
      `${digits(of('perdure').max_rss_mb)} MB at most`,
      `a tenth of it: ${digits(result.rows.find((row) => row.way === 'perdure' && row.entries !== entries)!.max_rss_mb)} MB`,
      shown(memory, '×'),
    ],
  ];
}

function cryptoLines(result: Result): string[][] {
  const time = (row: Row): string => `${duration(Number(row.us))} · ${count(row.per_second)}/s`;
  const lines = result.rows
    .filter((row) => row.alg === 'ML-DSA-65')
    .map((row): string[] => {
      const classical = result.rows.find(
        (other) =>
          other.alg === 'Ed25519' &&
          other.op === row.op &&
          other.engine === (row.engine === 'wasm' ? 'native' : row.engine) &&
          other.node === row.node,
      );
      const whose = row.engine === 'wasm' ? 'Ed25519, native' : 'Ed25519';
      const beside = classical === undefined ? '' : `${whose}: ${time(classical)}`;
      const ratio = result.ratios.find(
        ({ name }) => name === `${row.op} ML-DSA-65 / Ed25519, ${row.engine}, ${row.node}`,
      );
      return [String(row.name), time(row), beside, ratio === undefined ? '' : `${digits(ratio.value)}× its time`];
    });
  return hasNative(result) ? lines : [...lines, ['sign and verify ML-DSA-65, native', NEEDS_NATIVE, '', '']];
}

function startupLines(result: Result): string[][] {
  const [empty, ...rows] = result.rows as readonly [Row, ...Row[]];
  return rows.map((row) => [
    `\`${row.name.replace(/,.*/, '')}\`${/,.*/.exec(row.name) ?? ''}, from start to end`,
    `${digits(row.ms)} ms`,
    `\`${empty.name}\`: ${digits(empty.ms)} ms`,
    ratioOf(result, `${row.name}, ms above`, ' ms above it'),
  ]);
}

function chromiumLines(result: Result): string[][] {
  if (result.rows.length === 0) return [['verify a File in Chromium', 'needs Chromium', '', '']];
  const rate = (row: Row): string => `${count(row.entries_per_second)} entries/s · ${digits(Number(row.ms) / 1000)} s`;
  const naive = rowNamed(result, String(result.parameters.naive));
  const hash = naive.name === 'naive subtle' ? 'crypto.subtle' : '@noble/hashes';
  const beside = `File.stream + JSON.parse + JSON.stringify + ${hash} on the page's thread: ${rate(naive)}`;
  const what = `verify a File of ${count(naive.entries)} unsigned entries in a page, Chromium ${result.parameters.chromium}`;
  return [
    ['perdure', 'naive / perdure, '],
    ['perdure 1', 'naive / perdure with one worker'],
  ].map(([way, ratio]): string[] => {
    const row = rowNamed(result, way!);
    const workers = row.workers === 1 ? '1 worker' : `${row.workers} workers`;
    return [`${what}, ${workers}`, rate(row), beside, ratioOf(result, ratio!, '×')];
  });
}

function ratioOf(result: Result, begin: string, unit: string): string {
  const ratio = result.ratios.find(({ name }) => name.startsWith(begin));
  return ratio === undefined ? '' : shown(ratio, unit);
}
