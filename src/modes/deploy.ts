import { checkNodes } from '../pipeline/endings.ts';
import type { Ending } from '../pipeline/execute.ts';
import type { Run } from '../pipeline/run.ts';
import { deployBesideLease } from '../pipeline/steps/deploy.ts';
import { leaseStep } from '../pipeline/steps/lease.ts';
import { preflightStep } from '../pipeline/steps/preflight.ts';
import { readyStep, verifyStep } from '../pipeline/steps/serve.ts';
import { keepStack } from '../stages/release/keep-stack.ts';
import { servedVerdict } from '../verdict/served.ts';

/** Leases, deploys, verifies, and leaves a stack that serves unless a check failed. */
export async function serve(run: Run): Promise<Ending> {
  const planned = await preflightStep(run);
  const { context } = planned;
  const deployment = (await run.host.announce?.()) ?? null;
  const pool = await leaseStep(run, planned);
  const { prepared, state } = pool;
  await deployBesideLease(run, pool);
  const stack = await readyStep(run, context, prepared);
  await verifyStep(run, context, prepared, stack);
  await checkNodes(run, context.kube, 'verify');
  return {
    ...servedVerdict(run.report().checks),
    unlessFailed: async () => {
      pool.stopRenewing();
      const kept = await keepStack(context, prepared, state, deployment);
      run.host.saveLease(kept.state);
      context.note({ type: 'kept', release: kept.release });
    },
  };
}
