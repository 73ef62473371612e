import { percentUpTo } from '../lib/number.ts';
import type { Shift } from './detect.ts';
import type { Figure } from './figures.ts';
import { changedText, differencesOf } from './identity.ts';
import type { HistoryRecord } from './record.ts';
import type { FigureNight, FigureWatch, Watch } from './watch.ts';

/** A shift that two nights must show, or the watch names the one that they do show. */
const WANTED = 0.1;
/** Figures with a larger share of noise that a sentence names. */
const MOST_BLIND = 13;

/** The judgement in sentences, the most important first. `limits`: the ends of the target range of the speedup. */
export function watchSentences(found: Watch, limits: readonly number[]): string[] {
  const of = <S extends Watch['state']>(state: S) => found.figures.filter(({ judgement }) => judgement.state === state);
  const [worse, odd, better] = [of('worse'), of('odd'), of('better')];
  const told = [...worse, ...better].flatMap(({ figure, nights, judgement }) =>
    judgement.state === 'worse' || judgement.state === 'better'
      ? [`${judgement.state === 'worse' ? 'Worse' : 'Better'}: ${shiftSentence(figure, nights, judgement, limits)}`]
      : [],
  );
  const oddOnes = odd.flatMap(({ figure, judgement }) =>
    judgement.state === 'odd' ? [`${figure.name} ${signed(judgement.shift)}`] : [],
  );
  return [
    ...told,
    ...(oddOnes.length > 0 ? [`One odd night: ${oddOnes.join(', ')}. The next one decides.`] : []),
    ...(told.length === 0 && oddOnes.length === 0 ? [steadySentence(found, limits)] : []),
    ...blindSentence(found.figures),
  ];
}

function steadySentence(found: Watch, limits: readonly number[]): string {
  const known = found.figures.filter(({ judgement }) => judgement.state === 'steady');
  const [first] = known;
  if (first?.judgement.state !== 'steady') return buildingSentence(found);
  const { level } = first.judgement;
  const value = first.figure.text(level.value, limits);
  const others = known.length > 1 ? `; ${known.length} figures are watched` : '';
  return `As before: ${first.figure.id === 'speedup' ? '' : `${first.figure.name} `}${value} over ${level.nights} nights${others}.`;
}

function buildingSentence({ have, need, began }: Watch): string {
  const because = changedText(began);
  return `Building history: ${have} of ${need} comparable nights${because ? `, since ${because}` : ''}.`;
}

/** Which figures are too noisy for two nights to show a shift of 10 %, and what two nights do show of them. */
function blindSentence(figures: readonly FigureWatch[]): string[] {
  const blind = figures.flatMap(({ figure, judgement }) => {
    if (judgement.state === 'building' || judgement.level.detectable <= WANTED) return [];
    return [`${figure.name} (${percentUpTo(judgement.level.detectable, 0)})`];
  });
  if (blind.length === 0) return [];
  return [`Too noisy to show ${percentUpTo(WANTED)} in two nights: ${blind.slice(0, MOST_BLIND).join(', ')}.`];
}

/**
 * `throughput of all replicas fell 19.0% (95% interval 17.2% to 20.8%), from 20.1 req/s to 16.3 req/s, in 2 nights, when the
 * vLLM image changed from `a` to `b`.` Text of the records is code.
 */
export function shiftSentence(
  figure: Figure,
  nights: readonly FigureNight[],
  shift: Pick<Shift, 'shift' | 'interval' | 'now' | 'since' | 'nights'> & { level: { value: number } },
  limits: readonly number[],
): string {
  const sides = sidesOf(nights, shift.since);
  const because = sides && changedText(differencesOf(...sides));
  return `${shiftText(figure, shift, limits)}, ${because ? `when ${because}` : 'with no recorded change'}.`;
}

/** The same without what changed. */
export function shiftText(
  { name, text }: Pick<Figure, 'name' | 'text'>,
  {
    shift,
    interval,
    now,
    nights,
    level,
  }: Pick<Shift, 'shift' | 'interval' | 'now' | 'nights'> & { level: { value: number } },
  limits: readonly number[],
): string {
  const [verb, sign] = shift < 0 ? (['fell', -1] as const) : (['rose', 1] as const);
  const ends = interval?.map((end) => sign * end).sort((a, b) => a - b);
  const limitsText = ends ? ` (95% interval ${ends.map(percentFixed).join(' to ')})` : '';
  const span = `${nights} ${nights === 1 ? 'night' : 'nights'}`;
  return `${name} ${verb} ${percentFixed(sign * shift)}${limitsText}, from ${text(level.value, limits)} to ${text(now, limits)}, in ${span}`;
}

/** The runs on both sides of a shift. */
export function sidesOf(nights: readonly FigureNight[], since: number): [HistoryRecord, HistoryRecord] | null {
  const [before, first] = [nights[since - 1]?.record, nights[since]?.record];
  return before && first ? [before, first] : null;
}

const percentFixed = (share: number) => `${(100 * share).toFixed(1).replace('-', '−')}%`;
const signed = (shift: number) => `${shift < 0 ? '' : '+'}${percentFixed(shift)}`;
