import { fromJson, maybe, number, object, text } from '../lib/decode.ts';

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

/** Whoever may edit the issue may have changed it. */
const fields = object({
  series: text,
  subject: text,
  ts: text,
  level: maybe(number),
  fp: maybe(text),
  told: maybe(number),
});

const MARK = /^<!-- tpu-serving-gate alert (\{.*\}) -->/;

/** The first line of an issue's body, without a line break. No text in it can end the HTML comment. */
export function renderMark(mark: AlertMark): string {
  return `<!-- tpu-serving-gate alert ${JSON.stringify(mark).replaceAll('>', '\\u003e')} -->`;
}

/** The mark of an issue's body, or null when the gate did not write it. */
export function parseMark(body: string): AlertMark | null {
  try {
    const { level = null, fp = null, told = null, ...mark } = fields(fromJson(MARK.exec(body)?.[1] ?? ''), '');
    return { ...mark, level, fp, told };
  } catch {
    return null;
  }
}
