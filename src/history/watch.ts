import { CONFIRM, type Judgement, judge, REFERENCE } from './detect.ts';
import { FIGURES, type Figure, type FigureId } from './figures.ts';
import { conditionOf, type Difference, differencesOf } from './identity.ts';
import type { HistoryRecord } from './record.ts';

/** Runs that end so close to each other are one night: a rerun, a second start by hand, a clock that is set back. */
const NIGHT_MS = 12 * 3_600_000;

/** Nights that are judged: what is older moves nothing. */
const WATCHED = 400;

/** One night of a figure: the runs of the night that have it, and the median of what they measured. */
export interface FigureNight {
  value: number;
  /** The newest of them. */
  record: HistoryRecord;
}

/** What is known of one figure after its newest night. */
export interface FigureWatch {
  figure: Figure;
  nights: FigureNight[];
  judgement: Judgement;
}

export type WatchState = Judgement['state'];

export interface Watch {
  /** The worst of all figures: `worse`, then `odd`, `better`, `steady`, `building`. */
  state: WatchState;
  /** Nights of the series, and how many it needs at least. */
  have: number;
  need: number;
  /** Those that some night has, in the order of `FIGURES`. */
  figures: FigureWatch[];
  /** What began the series, where an older one has other conditions. */
  began: Difference[];
}

const ORDER: readonly WatchState[] = ['worse', 'odd', 'better', 'steady', 'building'];

/**
 * Watches all figures of a series at once. `records` in order of time. The series is that of the newest run that measured:
 * the same hardware, workload and method. Images, flags, scorers and versions begin no series; they are where a shift may come
 * from. `since`: a figure whose level was accepted begins there.
 *
 * By simulation of 13 independent figures there is less than one false alarm in a year over all of them, at 0.5 to 6 % of noise
 * from night to night. A shift of 10 % of one figure is found in two nights in 99 % of cases at 1.5 % of noise, and in nine of
 * ten at 2 %. Above that `detectable` is what two nights show.
 */
export function watch(records: readonly HistoryRecord[], since: ReadonlyMap<FigureId, string> = new Map()): Watch {
  const condition = records.findLast((record) => conditionOf(record) !== null);
  const cond = condition && conditionOf(condition);
  const own = records.filter((record) => cond !== undefined && conditionOf(record) === cond);
  const nights = nightsOf(own).slice(-WATCHED);
  const figures = FIGURES.flatMap((figure): FigureWatch[] => {
    const from = since.get(figure.id) ?? '';
    const measured = figureNights(
      figure,
      nights.map((runs) => runs.filter(({ ts }) => ts > from)),
    );
    const judgement = judge(
      measured.map(({ value }) => value),
      figure.better,
    ).at(-1);
    return judgement ? [{ figure, nights: measured, judgement }] : [];
  });
  const state = ORDER.find((each) => figures.some(({ judgement }) => judgement.state === each)) ?? 'building';
  const first = own[0];
  const before =
    first && records.findLast((record) => record.ts < first.ts && ![null, cond].includes(conditionOf(record)));
  return {
    ...{ state, figures },
    have: Math.max(0, ...figures.map((each) => each.nights.length)),
    need: REFERENCE.fewest + CONFIRM,
    began: before && first ? differencesOf(before, first) : [],
  };
}

/** The runs of each night, from records in order of time. A run whose time cannot be read is a night of its own. */
export function nightsOf(records: readonly HistoryRecord[]): HistoryRecord[][] {
  const nights: HistoryRecord[][] = [];
  for (const record of records) {
    const night = nights.at(-1);
    const isSame = night && Date.parse(record.ts) - Date.parse(night[0]!.ts) < NIGHT_MS;
    if (isSame) night.push(record);
    else nights.push([record]);
  }
  return nights;
}

/** The nights that have a figure, each with the median of its runs. */
export function figureNights({ read }: Figure, nights: readonly (readonly HistoryRecord[])[]): FigureNight[] {
  return nights.flatMap((runs) => {
    const known = runs.flatMap((record) => {
      const value = read(record);
      return typeof value === 'number' && Number.isFinite(value) ? [{ value, record }] : [];
    });
    const sorted = known.map(({ value }) => value).sort((a, b) => a - b);
    const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
    return low === undefined || high === undefined ? [] : [{ value: (low + high) / 2, record: known.at(-1)!.record }];
  });
}
