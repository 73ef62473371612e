import { fromJson, list, maybe, number, object, text } from '../lib/decode.ts';

/** A level that an issue is about. */
export interface MarkedLevel {
  /** The id of the figure. */
  id: string;
  /** Before the drop. */
  level: number;
  /** Share of the level that was lost when a comment last gave it. */
  told: number;
}

/** What an issue is about: figures that are worse, or one cause that keeps a series from measuring. */
export interface AlertMark {
  series: string;
  /** `figures`, or `cause ID`. */
  subject: string;
  /** The newest record that the issue accounts for; an older run that comes late changes nothing. */
  ts: string;
  /** The condition that the levels hold for; null for a cause, and where it is not known. */
  cond: string | null;
  /** Empty for a cause. */
  levels: MarkedLevel[];
}

/** Whoever may edit the issue may have changed it. The last three are of issues that were about the speedup alone. */
const fields = object({
  series: text,
  subject: text,
  ts: text,
  cond: maybe(text),
  levels: maybe(list(object({ id: text, level: number, told: number }))),
  level: maybe(number),
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
    const {
      series,
      subject,
      ts,
      cond = null,
      levels,
      level,
      told = 0,
    } = fields(fromJson(MARK.exec(body)?.[1] ?? ''), '');
    const isOld = subject === 'speed-up';
    const old = isOld && level !== undefined ? [{ id: 'speedup', level, told }] : [];
    const own = levels?.map(({ id, level: value, told: share }) => ({ id, level: value, told: share }));
    return { series, subject: isOld ? 'figures' : subject, ts, cond, levels: own ?? old };
  } catch {
    return null;
  }
}
