import { MODES } from '../lib/modes.ts';
import type { Ending } from '../pipeline/execute.ts';
import type { Run } from '../pipeline/run.ts';
import { preflightStep } from '../pipeline/steps/preflight.ts';
import { preflightCounts } from '../report/wording.ts';
import type { RunMode } from './mode.ts';

/** Checks all that can be known for free. */
async function look(run: Run): Promise<Ending> {
  await preflightStep(run);
  const counts = preflightCounts(run.report().preflight);
  return { verdict: 'pass', reasons: [`${counts}. Nothing was leased, deployed or measured.`] };
}

export const preflight: RunMode = { traits: MODES.preflight, story: look };
