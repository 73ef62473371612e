import { prose } from '../../escape.ts';
import { duration, elapsed } from '../../format.ts';
import type { Report, StageResult } from '../../model.ts';
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

/** Every stage with its time. */
export function timeline(report: Report): Section | null {
  const stages = shownStages(report);
  if (stages.length === 0) return null;
  const [longest] = stages.toSorted((a, b) => (b.durationMs ?? 0) - (a.durationMs ?? 0));
  return {
    name: 'timeline',
    summary: `Timeline: ${longest?.durationMs ? `${longest.stage} took longest, ${duration(longest.durationMs)}` : 'no stage was timed'}`,
    body: table(
      ['Result', 'Took', 'Stage', 'Seen'],
      ['left', 'right', 'left', 'left'],
      stages.map((stage) => [
        outcome(report, stage),
        elapsed(stage.durationMs),
        stage.stage,
        prose(stage.summary, 200),
      ]),
    ),
    open: false,
  };
}

function outcome(report: Report, stage: StageResult): string {
  if (stage.stage === 'release' && stage.outcome === 'pending' && report.release === null) return 'in the post step';
  return isRunning(stage) ? 'interrupted' : OUTCOMES[stage.outcome];
}
