import { MODES } from '../../lib/modes.ts';
import { link } from '../escape.ts';
import type { Report } from '../model.ts';

/** How to run it again; null where there is no run of GitHub Actions, and for a pass that this run measured. */
export function againLine({ run, verdict, reused, mode }: Report): string | null {
  if (reused) return 'To measure this stack anyway, set `reuse: never`.';
  if (run.url === null || verdict === 'pass') return null;
  const rerun = link('re-run the job', run.url);
  if (!MODES[mode].measures || run.pullRequest === null) return `To run again, ${rerun}.`;
  if (run.event === 'issue_comment') return 'To measure again, comment `/measure`.';
  return `To measure again, ${rerun}. Where the repository has its workflow, a comment \`/measure\` does the same.`;
}
