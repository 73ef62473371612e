import { checkNodes } from '../pipeline/endings.ts';
import type { Ending } from '../pipeline/execute.ts';
import type { Run } from '../pipeline/run.ts';
import { benchmarkStep } from '../pipeline/steps/benchmark.ts';
import { deployBesideLease } from '../pipeline/steps/deploy.ts';
import { leaseStep } from '../pipeline/steps/lease.ts';
import { preflightStep } from '../pipeline/steps/preflight.ts';
import { readyStep, verifyStep } from '../pipeline/steps/serve.ts';
import { overallVerdict } from '../verdict/overall.ts';
import { disprovedVerdict } from '../verdict/served.ts';

/** Leases, deploys, verifies, measures and judges. */
export async function measure(run: Run): Promise<Ending> {
  const planned = await preflightStep(run);
  const { context } = planned;
  const pool = await leaseStep(run, planned);
  const { prepared } = pool;
  await deployBesideLease(run, pool);
  const stack = await readyStep(run, context, prepared);
  const model = await verifyStep(run, context, prepared, stack);
  const disproved = disprovedVerdict(run.report().checks);
  if (disproved) {
    await checkNodes(run, context.kube, 'verify');
    return disproved;
  }
  const { benchmark } = await benchmarkStep(run, context, { prepared, stack, model });
  const { checks, target } = run.report();
  return overallVerdict(checks, benchmark, target);
}
