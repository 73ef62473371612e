import { decimal } from '../../../lib/number.ts';
import { isoMinute } from '../../../lib/timestamp.ts';
import { percent, targetRange } from '../../../report/format.ts';
import type { HistoryRecord } from '../../record.ts';
import { speedupText } from '../../speedup.ts';
import { ENVIRONMENT } from '../environment.ts';
import { CHART_PLANS, figureOf } from '../figures.ts';
import { pullRequestOf } from '../repository.ts';
import { type Unit, valueText } from '../values.ts';

/** Something that is known of a run, with its name. `value`: in `unit`, null where it was not measured. */
export type Fact = { name: string; text: string } & ({ value: number | null; unit: FactUnit } | { value?: never });

/** Units of the charts, and whole numbers and seconds, which only the comparison has. */
type FactUnit = Unit | 'count' | 'seconds';

/** One row of the comparison of two runs. `same`: the two do not differ. */
export interface Compared {
  name: string;
  from: string;
  to: string;
  difference: string;
  same: boolean;
}

const UNKNOWN = '–';

/** Everything that a run measured and what it ran on. */
export function factsOf(record: HistoryRecord): Fact[] {
  const { m, env, cost, target, run, change } = record;
  const word = (name: string, text: string | number | null | undefined): Fact => ({
    name,
    text: text == null || text === '' ? UNKNOWN : String(text),
  });
  const number = (name: string, unit: FactUnit, value: number | null | undefined): Fact => ({
    ...{ name, unit, value: value ?? null },
    text: value == null ? UNKNOWN : factText(unit, value),
  });
  const figures = CHART_PLANS.flatMap(({ id, unit, figures }) =>
    id === 'speedup'
      ? [{ ...number('speedup', unit, m.speedup?.[0]), text: speedupText(record) }]
      : figures.map(({ name, read }) => number(name, unit, figureOf(read, record))),
  );
  return [
    word('time', `${isoMinute(record.ts)} UTC`),
    word('verdict', record.verdict),
    word('cause', record.cause),
    word('who acts', record.blame),
    ...figures,
    word('target', target && targetRange(...target)),
    number('spread between replicas', 'share', m.spread),
    word('replicas that stand out', m.apart?.join(', ')),
    number('chip-minutes', 'count', cost.chipMinutes),
    word('verdict of the change', change?.verdict),
    number('throughput of the change over its base', 'ratio', change?.ratio?.[0]),
    ...ENVIRONMENT.map(([name, label]) => word(label, env[name])),
    word('run', `#${run.number}, attempt ${run.attempt}`),
    word('event', run.event),
    word('commit', run.sha?.slice(0, 7)),
    word('subject of the commit', run.subject),
    word('pull request', pullRequestOf(run)?.text),
    ...record.stages.flatMap(([name, seconds, outcome]) => [
      number(`stage ${name}`, 'seconds', seconds),
      word(`outcome of stage ${name}`, outcome),
    ]),
  ];
}

/** Two runs in full: a row for each fact of either, in the order of the first. */
export function comparisonOf(from: HistoryRecord, to: HistoryRecord): Compared[] {
  const [was, is] = [from, to].map((record) => new Map(factsOf(record).map((fact) => [fact.name, fact]))) as [
    Map<string, Fact>,
    Map<string, Fact>,
  ];
  return [...new Set([...was.keys(), ...is.keys()])].map((name) => {
    const [before, after] = [was.get(name), is.get(name)];
    const [fromText, toText] = [before?.text ?? UNKNOWN, after?.text ?? UNKNOWN];
    const difference = differenceOf(before, after);
    return { name, from: fromText, to: toText, difference: difference ?? 'same', same: difference === null };
  });
}

/** What lies between two facts: `+12.0 ms (+2.0%)`; null where they are the same. */
function differenceOf(before: Fact | undefined, after: Fact | undefined): string | null {
  const [was, is] = [before?.value, after?.value];
  if (after && 'unit' in after && typeof was === 'number' && typeof is === 'number') {
    const difference = is - was;
    if (difference === 0) return null;
    const sign = difference < 0 ? '−' : '+';
    const size = Math.abs(difference);
    if (after.unit === 'share') return `${sign}${decimal(100 * size, 1)} points`;
    const share = was === 0 ? '' : ` (${sign}${decimal((100 * size) / Math.abs(was), 1)}%)`;
    return `${sign}${factText(after.unit, size)}${share}`;
  }
  const [from, to] = [before?.text ?? UNKNOWN, after?.text ?? UNKNOWN];
  if (from === to) return null;
  return from === UNKNOWN || to === UNKNOWN ? 'only in one' : 'differs';
}

function factText(unit: FactUnit, value: number): string {
  if (unit === 'count') return decimal(value, 0);
  if (unit === 'seconds') return `${decimal(value, 0)} s`;
  if (unit === 'share') return percent(value, 1);
  return valueText(unit, value);
}
