import type { Cost, Report } from '../../report/model.ts';
import { bill, type Pricing } from './bill.ts';
import type { Released } from './release.ts';

/** Adds to a report what the release found out: nodes left, time taken, and the bill of the nodes that were leased. */
export function closeReport(report: Report, released: Released, options: Pricing & { now: string }): Report {
  const { release } = released;
  return {
    ...report,
    release,
    stages: report.stages.map((stage) =>
      stage.stage === 'release'
        ? {
            ...stage,
            outcome: release.outcome === 'failed' ? ('failed' as const) : ('done' as const),
            startedAt: stage.startedAt ?? new Date(Date.parse(options.now) - release.durationMs).toISOString(),
            durationMs: release.durationMs,
            summary: release.message,
          }
        : stage,
    ),
    cost: finalCost(report, released, options),
  };
}

/** Without the nodes' own times there is no final bill: what main saw stands, and nodes that nobody counted are no zero. */
function finalCost(report: Report, { release, billed }: Released, options: Pricing & { now: string }): Cost | null {
  const counted = billed.length > 0 || (report.cost === null && release.nodesLeft !== null);
  return counted ? bill(report, billed, options, options.now) : report.cost;
}

/** A run that never leased a node has none to give back. */
export function withoutLease(report: Report): Report {
  return {
    ...report,
    release: {
      outcome: 'not-needed',
      nodePool: report.plan.nodePool,
      restingNodes: null,
      nodesLeft: null,
      message: 'No TPU node was leased.',
      command: null,
      durationMs: 0,
    },
    stages: report.stages.map((stage) =>
      stage.stage === 'release' ? { ...stage, outcome: 'skipped' as const, summary: 'No TPU node was leased.' } : stage,
    ),
  };
}
