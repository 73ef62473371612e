import { MODES } from '../../lib/modes.ts';
import { link } from '../escape.ts';
import type { Report } from '../model.ts';
import { ratioCounts, speedupText } from '../speedup.ts';

/**
 * How to run it again; null where there is no run of GitHub Actions, and for a pass that this run measured. Where another run
 * cannot change the verdict, how to measure a fix.
 */
export function againLine(report: Report): string | null {
  const { run, verdict, reused, mode } = report;
  if (reused) return 'To measure this stack anyway, set `reuse: never`.';
  if (run.url === null || verdict === 'pass') return null;
  const rerun = link('re-run the job', run.url);
  const isDecided = ratioCounts(report) && speedupText(report)?.relation === 'below';
  if (!MODES[mode].measures || run.pullRequest === null) return isDecided ? null : `To run again, ${rerun}.`;
  if (isDecided) {
    const place = run.event === 'issue_comment' ? '' : ', where the repository has its workflow';
    return `To measure a fix, push it and comment \`/measure\`${place}.`;
  }
  if (run.event === 'issue_comment') return 'To measure again, comment `/measure`.';
  return `To measure again, ${rerun}. Where the repository has its workflow, a comment \`/measure\` does the same.`;
}
