/**
 * One line of the first screen. The result comes first, and there are three columns: more do not fit on a telephone of 390
 * pixels.
 */
export type Row = [result: string, what: string, seen: string];

/** What was seen, with what is needed for a pass. */
export function withNeeded(seen: string, needed: string): string {
  return `${seen}, needs ${needed}`;
}
