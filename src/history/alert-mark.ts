/** What an issue is about: the level of a series, or one cause that keeps it from measuring. */
export interface AlertMark {
  series: string;
  /** `speed-up`, or `cause ID`. */
  subject: string;
  /** The newest record that the issue accounts for; an older run that comes late changes nothing. */
  ts: string;
  /** Level before the drop, and the fingerprint that it holds for; null for a cause. */
  level: number | null;
  fp: string | null;
  /** Share of the level that was lost when a comment last said so. */
  told: number | null;
}

const MARK = /^<!-- tpu-serving-gate alert (\{.*\}) -->/;

/** The first line of an issue's body, without a line break. No text in it can end the HTML comment. */
export function renderMark(mark: AlertMark): string {
  return `<!-- tpu-serving-gate alert ${JSON.stringify(mark).replaceAll('>', '\\u003e')} -->`;
}

/** The mark of an issue's body, or null when the gate did not write it. */
export function parseMark(body: string): AlertMark | null {
  try {
    const mark: AlertMark | null = JSON.parse(MARK.exec(body)?.[1] ?? 'null');
    return mark && typeof mark.series === 'string' && typeof mark.subject === 'string' && typeof mark.ts === 'string'
      ? mark
      : null;
  } catch {
    return null;
  }
}
