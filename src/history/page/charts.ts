import { targetRange } from '../../report/format.ts';
import type { HistoryRecord } from '../record.ts';
import { CHART_PLANS, figureOf, type PageFigure, type Read } from './figures.ts';
import { day } from './text.ts';
import { type Unit, valueText } from './values.ts';

type Target = NonNullable<HistoryRecord['target']>;

/** A line of a chart; a null is a night that measured nothing there, and a gap. */
export interface Line {
  label: string;
  values: (number | null)[];
  /** So that lines differ by more than their colour. */
  dash: 'solid' | 'dashed' | 'dotted';
  figure: PageFigure;
}

/** One chart as the page's script draws it. Times are those of the nights, shared by all charts. */
export interface Chart {
  id: string;
  title: string;
  unit: Unit;
  lines: Line[];
  /** Limits around the first line. */
  interval: { low: (number | null)[]; high: (number | null)[] } | null;
  /** What each night was held against, a shaded range; null for a chart without a target. */
  targets: (Target | null)[] | null;
}

const DASHES = ['solid', 'dashed', 'dotted'] as const;

/** The charts of a history; one that no night has a figure for is left out, and so is such a line. */
export function chartsOf(records: readonly HistoryRecord[]): Chart[] {
  return CHART_PLANS.flatMap(({ id, title, unit, figures }) => {
    const lines = figures
      .map(
        (figure, index): Line => ({
          label: figure.label,
          values: columnOf(records, figure.read),
          dash: DASHES[index] ?? 'solid',
          figure,
        }),
      )
      .filter(({ values }) => values.some((value) => value !== null));
    if (lines.length === 0) return [];
    const isSpeedup = id === 'speedup';
    const interval = isSpeedup && {
      low: columnOf(records, ({ m }) => m.speedup?.[1]),
      high: columnOf(records, ({ m }) => m.speedup?.[2]),
    };
    const targets = isSpeedup && records.some(({ target }) => target) && records.map(({ target }) => target ?? null);
    return [{ id, title, unit, lines, interval: interval || null, targets: targets || null }];
  });
}

function columnOf(records: readonly HistoryRecord[], read: Read): (number | null)[] {
  return records.map((record) => figureOf(read, record));
}

/** What a chart shows in one sentence, for those who do not see it. */
export function descriptionOf({ unit, lines, targets }: Chart, records: readonly HistoryRecord[]): string {
  const parts = lines.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    const [low, high, last] = [least(known), most(known), known.at(-1)!];
    const text = (value: number) => valueText(unit, value, targets?.findLast((target) => target !== null) ?? []);
    const runs = known.length === 1 ? '1 run' : `${known.length} runs`;
    return `${label}: ${text(last)} at last, ${text(low)} to ${text(high)} over ${runs}`;
  });
  return `${[...parts, ...(targets ? [targetsText(records)] : [])].join('; ')}.`;
}

const least = (values: readonly number[]) => values.reduce((low, value) => Math.min(low, value), Infinity);
const most = (values: readonly number[]) => values.reduce((high, value) => Math.max(high, value), -Infinity);

/** `target 2.5–2.8× since 3 Jan 2026, 2.4–2.7× before`: the newest target, and the one before it. */
function targetsText(records: readonly HistoryRecord[]): string {
  const changes: { text: string; since: string }[] = [];
  for (const { target, ts } of records) {
    const text = target && targetRange(...target);
    if (text && text !== changes.at(-1)?.text) changes.push({ text, since: ts });
  }
  const [before, newest] = [changes.at(-2), changes.at(-1)];
  if (!before || !newest) return `target ${newest?.text ?? 'not recorded'}`;
  const more = changes.length > 2 ? ', others earlier' : '';
  return `target ${newest.text} since ${day(newest.since)}, ${before.text} before${more}`;
}
