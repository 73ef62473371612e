import { prose } from '../escape.ts';
import { duration } from '../format.ts';
import type { StageResult } from '../model.ts';
import { hasEnded, isRunning, STAGES } from '../wording.ts';
import { type Row, rowsTable } from './row.ts';

/** The stages as a table, their results first. */
export function stagesTable(stages: readonly StageResult[], idle: 'not run' | 'waiting' = 'not run'): string {
  return rowsTable('Stage', stageRows(stages, idle));
}

/** Stages in order; neighbours that have not begun share a row. The release that is still to come is the post step's. */
export function stageRows(stages: readonly StageResult[], idle: 'not run' | 'waiting'): Row[] {
  const rows: Row[] = [];
  let waiting: string[] = [];
  const flush = () => {
    if (waiting.length > 0) rows.push([idle, waiting.join(', '), '–']);
    waiting = [];
  };
  for (const stage of STAGES.flatMap((name) => stages.filter((result) => result.stage === name))) {
    const began = hasEnded(stage) || isRunning(stage);
    if (!began && (stage.stage !== 'release' || stage.outcome === 'skipped')) {
      waiting.push(stage.stage);
      continue;
    }
    flush();
    if (!began) {
      rows.push(['to\u00a0come', stage.stage, 'in the post step']);
      continue;
    }
    const name = stage.outcome === 'failed' ? `**${stage.stage}**` : stage.stage;
    const took = stage.durationMs === null ? '' : `, ${duration(stage.durationMs)}`;
    rows.push([RESULTS[stage.outcome], `${name}${took}`, prose(stage.summary, 160) || '–']);
  }
  flush();
  return rows;
}

const RESULTS: Readonly<Record<StageResult['outcome'], string>> = {
  done: '✅\u00a0done',
  failed: '❌\u00a0**failed**',
  stopped: 'stopped',
  skipped: 'not run',
  pending: '⏳\u00a0running',
};
