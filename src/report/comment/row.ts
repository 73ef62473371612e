import { table } from './markdown.ts';

/** One line of the first screen: its result, what it is about, and what was seen; a dash for nothing. */
export type Row = [result: string, what: string, seen: string];

/**
 * Rows as a table of two columns, its results first: a telephone of 390 pixels shows no more, and the left of a table
 * first.
 */
export function rowsTable(seen: string, rows: readonly Row[]): string {
  return table(
    ['Result', seen],
    ['left', 'left'],
    rows.map(([result, what, text]) => [result, text === '–' ? what : `${what}: ${text}`]),
  );
}

/** What was seen, with what is needed for a pass. */
export function withNeeded(seen: string, needed: string): string {
  return seen === '–' ? `needs ${needed}` : `${seen}, needs ${needed}`;
}
