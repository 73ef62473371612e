import { code, link, prose } from './escape.ts';
import { duration } from './format.ts';
import type { Swept } from './model.ts';

/** First line of the sweeper's issue, by which it is found again. */
export const ISSUE_MARKER = '<!-- tpu-serving-gate: sweeper -->';
export const ISSUE_TITLE = 'TPU node pools were left running';

const REASONS = {
  expired: 'lease ran out',
  'run-ended': 'run ended',
  'kept-over': 'time was over',
  asked: 'its end was asked for',
  overwritten: 'lease overwritten',
  deleted: 'lease deleted',
} as const;

/** What a run left behind, or what could not be released: worth an issue. The end of a stack that was kept is not. */
export function leaks(swept: readonly Swept[]): Swept[] {
  return swept.filter(({ reason, outcome }) => outcome === 'failed' || reason === 'expired' || reason === 'run-ended');
}

/** A sweep for the job summary and, where pools were swept, for the issue. Markdown; all that comes from a cluster is escaped. */
export function renderSweep(
  swept: readonly Swept[],
  facts: { where: string; at: string; lastRanAt: string | null; runUrl: string | null },
): string {
  const last = facts.lastRanAt ? `the sweep before ended at ${prose(facts.lastRanAt)}` : 'no sweep is known before it';
  const head = `Sweep of ${code(facts.where)} at ${prose(facts.at)}${facts.runUrl ? ` (${link('run', facts.runUrl)})` : ''}; ${last}.`;
  if (swept.length === 0) return `${head}\n\nNo pool was left behind.\n`;
  const rows = swept.map((one) =>
    [
      code(one.nodePool),
      /^https:\/\//.test(one.holder) ? link('run', one.holder) : code(one.holder),
      REASONS[one.reason],
      one.outcome === 'failed' ? `**not released**: ${prose(one.message)}` : prose(one.message),
      duration(one.durationMs),
    ].join(' | '),
  );
  const commands = swept.flatMap(({ command }) => (command ? [`Run by hand: ${code(command, 600)}`] : []));
  return [
    head,
    '',
    '| Pool | Held by | Why | What became of it | Took |',
    '|:--|:--|:--|:--|--:|',
    ...rows.map((row) => `| ${row} |`),
    ...(commands.length > 0 ? ['', ...commands] : []),
    '',
  ].join('\n');
}
