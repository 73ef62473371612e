import { checkNodes } from '../pipeline/endings.ts';
import type { Ending } from '../pipeline/execute.ts';
import type { Run } from '../pipeline/run.ts';
import { baseStep } from '../pipeline/steps/base.ts';
import { benchmarkStep } from '../pipeline/steps/benchmark.ts';
import { deployBesideLease, ownerOf } from '../pipeline/steps/deploy.ts';
import { leaseStep } from '../pipeline/steps/lease.ts';
import { limitsStep } from '../pipeline/steps/limits.ts';
import { preflightStep } from '../pipeline/steps/preflight.ts';
import { reuseStep } from '../pipeline/steps/reuse.ts';
import { readyStep, verifyStep } from '../pipeline/steps/serve.ts';
import { withChange } from '../verdict/comparisons.ts';
import { overallVerdict } from '../verdict/overall.ts';
import { disprovedVerdict } from '../verdict/served.ts';
import { withLimits } from '../verdict/slo.ts';

/** Leases, deploys, verifies, measures and judges, unless an earlier verdict counts. */
export async function measure(run: Run): Promise<Ending> {
  const planned = await preflightStep(run);
  const reused = await reuseStep(run, planned);
  if (reused) return reused;
  const { context } = planned;
  const pool = await leaseStep(run, planned);
  const { prepared } = pool;
  await deployBesideLease(run, pool);
  const base = await baseStep(run, pool, ownerOf(run, pool));
  const stack = await readyStep(run, context, prepared);
  const model = await verifyStep(run, context, prepared, stack);
  const disproved = disprovedVerdict(run.report().checks);
  if (disproved) {
    await checkNodes(run, context.kube, 'verify');
    return withLimits(disproved, limitsStep(run, context, prepared, null));
  }
  const measured = await benchmarkStep(run, context, { prepared, stack, model }, base);
  const limits = limitsStep(run, context, prepared, measured);
  const { checks, target, comparisons } = run.report();
  const change = comparisons?.find(({ name }) => name === 'change');
  return withLimits(withChange(overallVerdict(checks, measured.benchmark, target), change), limits);
}
