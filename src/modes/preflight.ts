import type { Ending } from '../pipeline/execute.ts';
import type { Run } from '../pipeline/run.ts';
import { preflightStep } from '../pipeline/steps/preflight.ts';
import { preflightCounts } from '../report/wording.ts';

/** Checks all that can be known for free. */
export async function look(run: Run): Promise<Ending> {
  await preflightStep(run);
  const counts = preflightCounts(run.report().preflight);
  return { verdict: 'pass', reasons: [`${counts}. Nothing was leased, deployed or measured.`] };
}
