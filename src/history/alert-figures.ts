import { percentUpTo } from '../lib/number.ts';
import type { MarkedLevel } from './alert-mark.ts';
import type { IssueText, KnownIssue, Step } from './alert-step.ts';
import { type Compare, changes, type Drop, dropBody, GOOD, nights } from './alert-text.ts';
import { code } from './code.ts';
import { relative, shiftSince } from './detect.ts';
import { FIGURES, type FigureId } from './figures.ts';
import { conditionOf } from './identity.ts';
import type { HistoryRecord } from './record.ts';
import { newestTarget } from './speedup.ts';
import { type FigureWatch, watch } from './watch.ts';

/** A further comment needs the loss to have grown by so much of the level. */
const WORSE_BY = 0.03;

interface Context {
  series: string;
  records: readonly HistoryRecord[];
  newest: HistoryRecord;
  figures: readonly FigureWatch[];
  limits: readonly number[];
  compare: Compare;
}

/** What to do with the issue of the figures; one issue has all that are worse. `issue`: the one to go on with. */
export function figuresStep(
  series: string,
  records: readonly HistoryRecord[],
  { known, issue }: { known: readonly KnownIssue[]; issue: KnownIssue | undefined },
  compare: Compare,
): Step | null {
  const newest = records.at(-1);
  if (!newest || (issue && issue.mark.ts >= newest.ts)) return null;
  const { figures } = watch(records, acceptedSince(known));
  const context = { series, records, newest, figures, limits: newestTarget(records) ?? [], compare };
  if (issue?.open && issue.mark.levels.length > 0) return goOn(context, issue);
  const drops = newDrops(context, []);
  if (drops.length === 0) return null;
  const text = issueText(context, drops, drops.map(levelOf));
  if (!issue) return { do: 'open', ...text };
  return {
    do: 'reopen',
    number: issue.number,
    comment: `Again: ${drops.map((each) => lossText(context, each)).join('; ')}.`,
    ...text,
  };
}

/** A figure begins again where a shift was accepted. */
function acceptedSince(known: readonly KnownIssue[]): Map<FigureId, string> {
  const since = new Map<FigureId, string>();
  for (const { accepted, closedAt, mark } of known) {
    if (!accepted || closedAt === null) continue;
    for (const { id } of mark.levels) {
      if (closedAt > (since.get(id as FigureId) ?? '')) since.set(id as FigureId, closedAt);
    }
  }
  return since;
}

/** Figures that are worse, and that the newest night has: one without a figure has no news of it. */
function newDrops({ figures, newest }: Context, marked: readonly MarkedLevel[]): Drop[] {
  return figures.flatMap((watched) => {
    const { judgement, figure, nights: own } = watched;
    const isNews = own.at(-1)?.record === newest && marked.every(({ id }) => id !== figure.id);
    return judgement.state === 'worse' && isNews ? [{ watched, shift: judgement }] : [];
  });
}

function levelOf({ watched, shift }: Drop): MarkedLevel {
  return { id: watched.figure.id, level: shift.level.value, told: Math.abs(shift.shift) };
}

function issueText(
  { series, records, newest, compare }: Context,
  drops: readonly Drop[],
  levels: MarkedLevel[],
): IssueText {
  const [first] = drops;
  const what =
    drops.length === 1 && first ? `${first.watched.figure.name} is worse` : `${drops.length} figures are worse`;
  return {
    mark: { series, subject: 'figures', ts: newest.ts, cond: conditionOf(newest), levels },
    title: `${series}: ${what}`,
    body: dropBody(series, records, drops, compare),
  };
}

/** Changes of an open issue: figures that have recovered leave it, others join it, and it closes with the last. */
function goOn(context: Context, issue: KnownIssue): Step {
  const { series, records, newest, figures } = context;
  const { mark, number } = issue;
  const cond = conditionOf(newest);
  const end = (comment: string, body: string): Step => {
    const title = `${series}: figures are as before`;
    return { do: 'close', number, comment, title, body, mark: { ...mark, ts: newest.ts } };
  };
  if (cond !== null && mark.cond !== null && cond !== mark.cond) {
    const before = records.findLast((record) => conditionOf(record) === mark.cond);
    const body = `The measured system has changed, so the old level no longer applies: ${changes(before, newest)}.\n\n${nights(records)}`;
    return end('What is measured has changed; a new level begins.', body);
  }
  const comments: string[] = [];
  const kept: { drop: Drop; level: MarkedLevel }[] = [];
  for (const level of mark.levels) {
    const watched = figures.find(({ figure }) => figure.id === level.id);
    const drop = watched && dropOf(watched, level);
    if (!watched || !drop) continue;
    const { figure } = watched;
    const last = watched.nights.at(-1)!;
    const isNews = last.record === newest;
    if (isNews && hasRecovered(watched, level)) {
      comments.push(
        `${capital(figure.name)} is back at ${figure.text(last.value, context.limits)}, two nights in a row.`,
      );
      continue;
    }
    const loss = Math.abs(relative(last.value, level.level));
    const isWorse = isNews && isBad(watched, last.value, level) && loss >= level.told + WORSE_BY;
    if (isWorse) {
      const text = `${figure.text(last.value, context.limits)}, ${percentUpTo(loss)} from ${figure.text(level.level, context.limits)}`;
      comments.push(`${capital(figure.name)} is now ${text}.`);
    }
    kept.push({ drop, level: isWorse ? { ...level, told: loss } : level });
  }
  for (const drop of newDrops(context, mark.levels)) {
    comments.push(`Worse too: ${lossText(context, drop)}.`);
    kept.push({ drop, level: levelOf(drop) });
  }
  const comment = comments.join('\n') || null;
  if (kept.length === 0) {
    const names = mark.levels.flatMap(({ id }) => FIGURES.find((each) => each.id === id)?.name ?? []).join(', ');
    const body = `The last two nights of ${code(series)} are as before: ${names || 'nothing is watched'}.\n\n${nights(records)}`;
    return end(comment ?? 'No figure of it is watched any more.', body);
  }
  const text = issueText(
    context,
    kept.map(({ drop }) => drop),
    kept.map(({ level }) => level),
  );
  return { do: 'update', number, comment, ...text, mark: { ...text.mark, cond: cond ?? mark.cond } };
}

/** The shift against the level of the issue, from the night after the last good one; null where no night shows it. */
function dropOf(watched: FigureWatch, { level }: MarkedLevel): Drop | null {
  const values = watched.nights.map(({ value }) => value);
  const good = values.findLastIndex((value) => !isBad(watched, value, { level }));
  const since = good === values.length - 1 ? good : good + 1;
  const found = shiftSince(values, { since, value: level, better: watched.figure.better });
  const [value] = [values.slice(since)];
  if (value.length === 0) return null;
  const now = value.reduce((sum, each) => sum + each, 0) / value.length;
  const plain = { shift: relative(now, level), now, nights: value.length, interval: null };
  const { judgement } = watched;
  const own =
    judgement.state === 'building' ? { value: level, nights: 0, tolerance: GOOD, detectable: 1 } : judgement.level;
  return { watched, shift: { ...(found ?? plain), since, level: { ...own, value: level } } };
}

/** Whether a night is worse than a level by more than a good night is. */
function isBad({ figure, judgement }: FigureWatch, value: number, { level }: Pick<MarkedLevel, 'level'>): boolean {
  const tolerance = judgement.state === 'building' ? GOOD : Math.max(GOOD, judgement.level.tolerance);
  return (figure.better === 'higher' ? 1 : -1) * relative(value, level) < -tolerance;
}

function hasRecovered(watched: FigureWatch, level: MarkedLevel): boolean {
  const last = watched.nights.slice(-2);
  return (
    watched.judgement.state !== 'worse' && last.length === 2 && last.every(({ value }) => !isBad(watched, value, level))
  );
}

function lossText({ limits }: Context, { watched: { figure }, shift }: Drop): string {
  return `${figure.name} is ${figure.text(shift.now, limits)}, ${percentUpTo(Math.abs(shift.shift))} from ${figure.text(shift.level.value, limits)}`;
}

const capital = (text: string) => text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
