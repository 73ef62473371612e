import type { Report } from '../model.ts';

/** One rendering of a report: what `report --format` prints, and what a run leaves as a file. */
export interface Format {
  /** As in `report --format NAME`. */
  name: string;
  /** Its file in the folder of results; null for one that is only printed. */
  file: string | null;
  /** Whether a run with this report leaves the file. */
  applies(report: Report): boolean;
  /** The whole text, with a line break at its end. */
  render(report: Report, options: FormatOptions): string;
  /** Where a run leaves several files of it: their names and whole texts, in place of `file`. */
  parts?(report: Report): [file: string, text: string][];
}

export interface FormatOptions {
  /** The id of the comment on the pull request. */
  commentId: string;
}

/** For a format that every run leaves. */
export const always = (): boolean => true;

/** A value as indented JSON, with a line break at its end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
