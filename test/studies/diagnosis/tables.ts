import type { Outcome, Problem } from './judge.ts';

const row = (...cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
const has = (kind: Problem['kind']) => (one: Outcome) => one.problems.some((problem) => problem.kind === kind);

/** One line for each fault. */
export function faultsTable(outcomes: readonly Outcome[]): string {
  return [
    row('fault injected', 'cause injected', 'cause found', 'confidence', 'verdict', 'right'),
    row('---', '---', '---', '---', '---', '---'),
    ...outcomes.map((one) =>
      row(
        `\`${one.name}\``,
        one.outside ? `outside of the table (${one.cause})` : one.cause,
        one.found,
        one.confidence,
        one.verdict,
        one.problems.length === 0 ? 'yes' : `NO: ${one.problems.map(({ text }) => text).join('; ')}`,
      ),
    ),
  ].join('');
}

/** What was taken for what: the cells beside the diagonal. */
export function confusionTable(outcomes: readonly Outcome[]): string {
  const beside = outcomes.filter(({ found, cause }) => found !== cause);
  if (beside.length === 0) return 'No cause was taken for another.\n';
  return [
    row('cause injected', 'taken for', 'faults'),
    row('---', '---', '---'),
    ...beside.map(({ cause, found, name }) => row(cause, found, `\`${name}\``)),
  ].join('');
}

/** The waits that ended by their fault. */
export function waitsTable(outcomes: readonly Outcome[]): string {
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  return [
    row('cause that ends the wait', 'fault', 'seconds from the fault to the end of the wait', 'promised'),
    row('---', '---', '---', '---'),
    ...outcomes.flatMap(({ cause, name, wait }) =>
      wait
        ? [row(cause, `\`${name}\``, seconds(wait.lagMs), `${seconds(wait.earliestMs)} to ${seconds(wait.latestMs)}`)]
        : [],
    ),
  ].join('');
}

/** The counts that decide. */
export function summary(outcomes: readonly Outcome[], wallSeconds: number): string {
  const outside = outcomes.filter((one) => one.outside);
  const inside = outcomes.filter((one) => !one.outside);
  const unknown = outside.filter(({ found, problems }) => found.startsWith('unknown.') && problems.length === 0);
  const quoted = outside.filter(({ found, problems }) => !found.startsWith('unknown.') && problems.length === 0);
  const causes = new Set(inside.map(({ cause }) => cause));
  const count = (kind: Problem['kind']) => outcomes.filter(has(kind)).length;
  return [
    `${outcomes.length} faults in ${Math.round(wallSeconds)} s: ${inside.length} of ${causes.size} causes, and ${outside.length} outside of the table`,
    `right in all: ${outcomes.filter(({ problems }) => problems.length === 0).length}`,
    `outside of the table: ${unknown.length} unknown as promised, ${quoted.length} in the words of who refused`,
    `wrong causes: ${count('cause')}`,
    `remedies for another cause, or without what they must hold: ${count('remedy')}`,
    `comments without the line that decides: ${count('evidence')}`,
    `waits that ended too early or too late: ${count('wait')} of ${outcomes.filter(({ wait }) => wait !== null).length}`,
    `other ends: ${count('end')}`,
    '',
  ].join('\n');
}
