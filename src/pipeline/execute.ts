import type { ClusterEvidence } from '../diagnosis/evidence.ts';
import type { Failure } from '../lib/failure.ts';
import type { Verdict } from '../report/model.ts';
import { diagnose } from './diagnose.ts';
import { failureOf } from './endings.ts';
import type { Run } from './run.ts';

/** How a story ends: with a verdict, and with what remains to be done unless it failed. */
export interface Ending {
  verdict: Verdict;
  /** One sentence each, most important first. */
  reasons: string[];
  /** Called after the diagnosis, unless the verdict is `fail`. */
  unlessFailed?: () => Promise<void>;
}

/** What a mode does, as a sequence of stages. */
export type Story = (run: Run) => Promise<Ending>;

/** What a run leaves beside its report. */
export interface Traces {
  /** What the cluster reported about a run that did not pass; null when it was not asked. */
  evidence: ClusterEvidence | null;
}

/** Runs a story. Never throws: whatever ends it leads to a verdict and, unless it is a pass, to a diagnosis. */
export async function execute(run: Run, story: Story): Promise<Traces> {
  try {
    const { verdict, reasons, unlessFailed } = await story(run);
    run.context.note({ type: 'judged', verdict });
    // Of a verdict of an earlier run this cluster can show nothing.
    const isExplained = verdict === 'pass' || run.report().reused !== undefined;
    const evidence = isExplained ? null : await diagnosed(run, null);
    if (verdict !== 'fail') await unlessFailed?.();
    end(run, verdict, reasons);
    return { evidence };
  } catch (error) {
    const failure = await failureOf(run, error);
    const evidence = await diagnosed(run, failure);
    end(run, 'error', [failure.message], failure);
    return { evidence };
  } finally {
    run.ended();
  }
}

function end({ context }: Run, verdict: Verdict, reasons: string[], failure: Failure | null = null): void {
  context.note({ type: 'ended', verdict, reasons, finishedAt: new Date().toISOString(), failure });
}

async function diagnosed({ context, known, report }: Run, failure: Failure | null): Promise<ClusterEvidence | null> {
  const { inputs, signal } = context;
  const { diagnosis, cluster } = await diagnose({ inputs, signal, report: report() }, known, failure);
  context.note({ type: 'diagnosed', diagnosis });
  return cluster;
}
