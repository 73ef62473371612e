import { CHANGE_CONFIDENCE } from '../../lib/confidence.ts';
import { percentUpTo, upTo } from '../../lib/number.ts';
import { isRight } from '../../quality/score.ts';
import type { Expected, QualityTask } from '../../quality/task.ts';
import type { QualityComparison, QualityExample, QualityFigures, QualityPairs } from '../../report/model.ts';
import { judgeQuality } from '../../verdict/quality.ts';

/** Answers by the order of the tasks, null for one without a response; how many have none, and why the first. */
export interface Answers {
  texts: (string | null)[];
  /** Tasks that got no response; the measurement may have ended before others were asked. */
  lost: number;
  problem: string | null;
}

/** Share of the tasks that may be without a response; of more, the ones that are left would be a choice. */
const MOST_UNANSWERED = 0.05;
const MOST_EXAMPLES = 5;
/** Characters of a text in the report. */
const MOST_CHARACTERS = { prompt: 400, answer: 200 };

/** Tasks that one stack may leave without a response. */
export function mostUnanswered(tasks: number): number {
  return Math.floor(MOST_UNANSWERED * tasks);
}

interface Pair {
  task: QualityTask;
  head: string;
  base: string;
  isHeadRight: boolean;
  isBaseRight: boolean;
}

/** Compares both stacks' answers to the same tasks. A task that either has not answered counts for neither. */
export function compareAnswers({
  tasks,
  head,
  base,
  api,
  maxDrop,
}: {
  tasks: readonly QualityTask[];
  head: Answers;
  base: Answers;
  api: QualityFigures['api'];
  maxDrop: number;
}): Pick<QualityComparison, 'verdict' | 'reason' | 'figures'> {
  const unanswered = { head: head.lost, base: base.lost };
  const limit = mostUnanswered(tasks.length);
  if (unanswered.head > limit || unanswered.base > limit) {
    return { verdict: 'not-measured', reason: tooFew(tasks.length, { head, base }), figures: null };
  }
  const pairs = tasks.flatMap((task, index): Pair[] => {
    const [own, other] = [head.texts[index] ?? null, base.texts[index] ?? null];
    if (own === null || other === null) return [];
    const [isHeadRight, isBaseRight] = [isRight(own, task.expected), isRight(other, task.expected)];
    return [{ task, head: own, base: other, isHeadRight, isBaseRight }];
  });
  const counts = countsOf(pairs);
  const { verdict, difference } = judgeQuality(counts, maxDrop);
  const figures: QualityFigures = {
    ...{ api, pairs: counts, difference, unanswered },
    identicalShare: pairs.length === 0 ? 0 : pairs.filter((pair) => pair.head === pair.base).length / pairs.length,
    kinds: kindsOf(pairs),
    examples: examplesOf(pairs),
  };
  return { verdict, reason: reasonOf(verdict, figures, maxDrop), figures };
}

function tooFew(tasks: number, { head, base }: { head: Answers; base: Answers }): string {
  const isHead = head.lost >= base.lost;
  const who = isHead ? 'The stack under test' : 'The base stack';
  const problem = (isHead ? head : base).problem ?? 'no response';
  return `${who} gave no response to more than ${mostUnanswered(tasks)} of ${tasks} tasks (${problem.slice(0, 200)}).`;
}

function reasonOf(verdict: 'kept' | 'dropped' | 'too-low', figures: QualityFigures, maxDrop: number): string {
  const { pairs, difference } = figures;
  const all = pairs.bothRight + pairs.onlyBase + pairs.onlyHead + pairs.bothWrong;
  const shown = `The stack under test answers ${pairs.bothRight + pairs.onlyHead} of ${all} tasks right, the base stack ${pairs.bothRight + pairs.onlyBase}`;
  const points = (share: number) => `${share > 0 ? '+' : ''}${upTo(100 * share, 1)}`;
  const interval = `difference ${points(difference.value)} points, ${CHANGE_CONFIDENCE} limits ${points(difference.low)} to ${points(difference.high)}`;
  if (verdict === 'dropped') {
    return `${shown} (${interval}): a drop beyond the ${percentUpTo(maxDrop, 2)} that is allowed.`;
  }
  if (verdict === 'too-low') {
    return `${shown} (${interval}): too few for a drop to be found, which does not fail the run.`;
  }
  return `${shown} (${interval}): no drop that is surely beyond the ${percentUpTo(maxDrop, 2)} that is allowed.`;
}

function countsOf(pairs: readonly Pair[]): QualityPairs {
  const count = (isHead: boolean, isBase: boolean) =>
    pairs.filter(({ isHeadRight, isBaseRight }) => isHeadRight === isHead && isBaseRight === isBase).length;
  return {
    bothRight: count(true, true),
    onlyBase: count(false, true),
    onlyHead: count(true, false),
    bothWrong: count(false, false),
  };
}

function kindsOf(pairs: readonly Pair[]): QualityFigures['kinds'] {
  return [...Map.groupBy(pairs, ({ task }) => task.kind)].map(([kind, own]) => ({
    kind,
    tasks: own.length,
    headRight: own.filter(({ isHeadRight }) => isHeadRight).length,
    baseRight: own.filter(({ isBaseRight }) => isBaseRight).length,
  }));
}

function examplesOf(pairs: readonly Pair[]): QualityExample[] {
  const worse = pairs.filter(({ isHeadRight, isBaseRight }) => isBaseRight && !isHeadRight);
  const better = pairs.filter(({ isHeadRight, isBaseRight }) => isHeadRight && !isBaseRight);
  return [...worse, ...better].slice(0, MOST_EXAMPLES).map(({ task, head, base, isHeadRight }) => ({
    id: task.id,
    right: isHeadRight ? 'head' : 'base',
    prompt: shortened(task.messages.map(({ content }) => content).join('\n'), MOST_CHARACTERS.prompt),
    expected: shortened(expectedText(task.expected), MOST_CHARACTERS.answer),
    head: shortened(head, MOST_CHARACTERS.answer),
    base: shortened(base, MOST_CHARACTERS.answer),
  }));
}

function expectedText(expected: Expected): string {
  return 'json' in expected ? JSON.stringify(expected.json) : expected.texts.join(' | ');
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;
}
