import type { Ratio, Row } from './result.ts';

/** What one part of the stage measured. */
export interface Part {
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
}

/** What is promised of a ratio. */
export type Promised = Pick<Ratio, 'at_least' | 'at_most' | 'goal'>;

/** Node as the table names it. */
export const NODE: string = `Node ${process.versions.node.split('.').slice(0, 2).join('.')}`;

export const NOT_INSTALLED = 'not installed';

/** A row for a rival that is not here. @param why in the words of the table. */
export function missingRow(row: { readonly what: string; readonly rival: string; readonly why: string }): Row {
  return { name: `${row.what}, ${row.rival}`, what: row.what, rival: row.rival, missing: row.why };
}
