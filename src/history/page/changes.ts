import { type Judgement, judge, type Shift } from '../detect.ts';
import { FIGURES, type Figure } from '../figures.ts';
import { conditionOf } from '../identity.ts';
import type { HistoryRecord } from '../record.ts';
import { type FigureNight, figureNights, nightsOf } from '../watch.ts';
import { shiftText, sidesOf } from '../watch-text.ts';
import { ENVIRONMENT } from './environment.ts';
import { commitRange, type Reference } from './repository.ts';
import { day } from './text.ts';

/** Where the figures moved, or what is measured changed. */
export interface ChangePoint {
  /** Index in the records of the first night after it, and the key of that night. */
  index: number;
  key: string;
  day: string;
  /** The figures that moved, one sentence each, without a full stop. */
  shifts: string[];
  /** Whether one of them is worse. */
  isWorse: boolean;
  /** What changed of hardware, model and stack. */
  changed: string[];
  /** The commits that came in with it. */
  commits: Reference | null;
}

/** A part of a change point, with the nights around it. */
interface Part {
  before: HistoryRecord;
  after: HistoryRecord;
  shift?: { text: string; isWorse: boolean };
  changed?: string[];
}

/** The change points of a series, oldest first. `records` in order of time. */
export function changePointsOf(records: readonly HistoryRecord[]): ChangePoint[] {
  const indexOf = new Map(records.map((record, index) => [record, index]));
  const parts = Map.groupBy([...epochsOf(records), ...shiftsOf(records)], ({ after }) => after);
  return [...parts]
    .map(([after, own]): ChangePoint => {
      const shifts = own.flatMap(({ shift }) => shift ?? []);
      const first = own.map(({ before }) => before).sort((a, b) => indexOf.get(a)! - indexOf.get(b)!)[0]!;
      return {
        index: indexOf.get(after)!,
        key: after.key,
        day: day(after.ts),
        shifts: shifts.map(({ text }) => text),
        isWorse: shifts.some(({ isWorse }) => isWorse),
        changed: own.flatMap(({ changed = [] }) => changed),
        commits: commitRange(first.run, after.run),
      };
    })
    .sort((a, b) => a.index - b.index);
}

/**
 * Where an epoch begins: the first night that measured something else than the one that measured before it. A run that
 * died early knows little of its cluster, which is not a change of it.
 */
function epochsOf(records: readonly HistoryRecord[]): Part[] {
  const measured = records.filter(({ m }) => m.speedup);
  return measured.flatMap((after, at) => {
    const before = measured[at - 1];
    if (!before || before.env.fp === after.env.fp) return [];
    const changed = ENVIRONMENT.flatMap(([name, label]) =>
      before.env[name] === after.env[name] ? [] : [`${label}: ${before.env[name] ?? '–'} → ${after.env[name] ?? '–'}`],
    );
    return [{ before, after, changed: changed.length > 0 ? changed : ['the flags of vLLM'] }];
  });
}

/** Where a figure moved, by the rule that raises the alerts, over the whole of each series of comparable runs. */
function shiftsOf(records: readonly HistoryRecord[]): Part[] {
  const comparable = records.filter((record) => conditionOf(record) !== null);
  return [...Map.groupBy(comparable, conditionOf).values()].flatMap((own) => {
    const nights = nightsOf(own);
    return FIGURES.flatMap((figure) => shiftsIn(figure, figureNights(figure, nights)));
  });
}

function shiftsIn(figure: Figure, nights: readonly FigureNight[]): Part[] {
  const judgements = judge(
    nights.map(({ value }) => value),
    figure.better,
  );
  return spells(judgements).flatMap((spell): Part[] => {
    // Single nights date a shift; the ranks of a week only bound it.
    const dated = spell.findLast(({ by }) => by === 'nights') ?? spell[0]!;
    const sides = sidesOf(nights, dated.since);
    if (!sides) return [];
    const [before, after] = sides;
    const text = shiftText(figure, dated, after.target ?? []);
    return [{ before, after, shift: { text, isWorse: dated.state === 'worse' } }];
  });
}

/** Judgements that report the same shift, night after night: one reaches back to a night that another covers. */
function spells(judgements: readonly Judgement[]): Shift[][] {
  const found: { shifts: Shift[]; end: number }[] = [];
  for (const [index, judgement] of judgements.entries()) {
    if (judgement.state !== 'worse' && judgement.state !== 'better') continue;
    const last = found.at(-1);
    if (last && last.shifts[0]?.state === judgement.state && judgement.since <= last.end) {
      last.shifts.push(judgement);
      last.end = index;
    } else found.push({ shifts: [judgement], end: index });
  }
  return found.map(({ shifts }) => shifts);
}
