import { MODES } from '../lib/modes.ts';
import type { Ending } from '../pipeline/execute.ts';
import type { Run } from '../pipeline/run.ts';
import { benchmarkStep } from '../pipeline/steps/benchmark.ts';
import { deployBesideLease } from '../pipeline/steps/deploy.ts';
import { leaseStep } from '../pipeline/steps/lease.ts';
import { preflightStep } from '../pipeline/steps/preflight.ts';
import { readyStep, verifyStep } from '../pipeline/steps/serve.ts';
import { overallVerdict } from '../verdict/overall.ts';
import { servedVerdict } from '../verdict/served.ts';
import type { RunMode } from './mode.ts';

/** Leases, deploys, verifies, measures and judges. */
export async function measure(run: Run): Promise<Ending> {
  const planned = await preflightStep(run);
  const { context } = planned;
  const pool = await leaseStep(run, planned);
  const { prepared } = pool;
  await deployBesideLease(run, pool);
  const stack = await readyStep(run, context, prepared);
  const model = await verifyStep(run, context, prepared, stack);
  // A service that does not answer has no throughput, and each request to it would hold the nodes for its time limit.
  if (model.unanswered !== null) return servedVerdict(run.report().checks);
  const { benchmark } = await benchmarkStep(run, context, { prepared, stack, model });
  const { checks, target } = run.report();
  return overallVerdict(checks, benchmark, target);
}

export const validate: RunMode = { traits: MODES.validate, story: measure };
