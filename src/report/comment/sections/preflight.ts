import { MODES } from '../../../lib/modes.ts';
import { withCommands } from '../../commands.ts';
import { html, prose } from '../../escape.ts';
import type { Report } from '../../model.ts';
import { PREFLIGHT_WORDS, preflightCounts, sentence } from '../../wording.ts';
import { table } from '../markdown.ts';
import type { Detail, Section } from './section.ts';

/** What was known before money was spent: every line, those that need somebody first; with what to do for each of them. */
export function preflight(report: Report, detail: Detail): Section | null {
  const lines = report.preflight;
  if (lines.length === 0) return null;
  const order = ['fail', 'warning', 'not-checked', 'pass'] as const;
  const sorted = order.flatMap((outcome) => lines.filter((line) => line.outcome === outcome));
  const passed = lines.filter(({ outcome }) => outcome === 'pass');
  const shown =
    detail === 'comment' && MODES[report.mode].leases ? sorted.filter(({ outcome }) => outcome !== 'pass') : sorted;
  const max = detail === 'comment' ? 300 : 1_000;
  const rows = shown.map(({ title, outcome, seen, remedy }) => [
    PREFLIGHT_WORDS[outcome],
    lineOf(title, prose(seen, outcome === 'fail' ? max * 2 : max), remedy),
  ]);
  if (shown.length < sorted.length) {
    const names = passed.map(({ title }) => title).join(', ');
    rows.push([PREFLIGHT_WORDS.pass, `${prose(names, 1_000)}: in the summary`]);
  }
  const failed = lines.some(({ outcome }) => outcome === 'fail');
  return {
    name: 'preflight',
    summary: `Preflight: ${html(preflightCounts(lines).replace('preflight checks ', ''))}`,
    body: table(['Result', 'Check'], ['left', 'left'], rows),
    open: failed || !MODES[report.mode].leases,
  };
}

/** `**Node pool:** what was seen. **To do:** …`; `seen` is Markdown. */
function lineOf(title: string, seen: string, remedy: string | null): string {
  const named = `**${prose(title, 60)}:**`;
  return remedy === null
    ? `${named} ${seen}`
    : `${named} ${sentence(seen)} **To do:** ${prose(withCommands(remedy), 1_000)}`;
}
