import { isOnPath } from '../../critical-path.ts';
import { prose } from '../../escape.ts';
import { duration, elapsed } from '../../format.ts';
import type { CriticalPath, Report, StageResult } from '../../model.ts';
import { pathSteps, pathSummary } from '../../path-text.ts';
import { isRunning, shownStages } from '../../wording.ts';
import { table } from '../markdown.ts';
import type { Section } from './section.ts';

const OUTCOMES: Record<StageResult['outcome'], string> = {
  done: '✅\u00a0done',
  failed: '❌\u00a0failed',
  stopped: 'stopped',
  skipped: 'not run',
  pending: 'not run',
};

/** Every stage with its time, and the critical path. */
export function timeline(report: Report): Section | null {
  const stages = shownStages(report);
  if (stages.length === 0) return null;
  const [longest] = stages.toSorted((a, b) => (b.durationMs ?? 0) - (a.durationMs ?? 0));
  const path = report.criticalPath ?? null;
  const rows = table(
    ['Result', 'Took', 'Stage', 'Seen'],
    ['left', 'right', 'left', 'left'],
    stages.map((stage) => [
      outcome(report, stage),
      elapsed(stage.durationMs),
      path && isOnPath(path, stage.stage) ? `**${stage.stage}**` : stage.stage,
      prose(stage.summary, 200),
    ]),
  );
  return {
    name: 'timeline',
    summary: `Timeline: ${longest?.durationMs ? `${longest.stage} took longest, ${duration(longest.durationMs)}` : 'no stage was timed'}`,
    body: [rows, path && pathText(path)].filter((part) => part !== null).join('\n\n'),
    open: false,
  };
}

function pathText(path: CriticalPath): string | null {
  const summary = pathSummary(path);
  return summary && `${summary}. The path, its stages in bold: ${pathSteps(path)}.`;
}

function outcome(report: Report, stage: StageResult): string {
  if (stage.stage === 'release' && stage.outcome === 'pending' && report.release === null) return 'in the post step';
  return isRunning(stage) ? 'interrupted' : OUTCOMES[stage.outcome];
}
