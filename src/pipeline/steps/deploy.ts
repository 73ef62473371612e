import type { StageContext } from '../../stages/context.ts';
import { deploy } from '../../stages/deploy/deploy.ts';
import { isAfterClearing, leaseContext } from '../../stages/lease/lease.ts';
import { recordOwned } from '../../stages/lease/lease-state.ts';
import { renewPool } from '../../stages/lease/pool-lease.ts';
import type { Run } from '../run.ts';
import type { HeldPool } from './lease.ts';

/** Records what the run makes, in the lease that is saved. */
export function ownerOf(run: Run, { state }: Pick<HeldPool, 'state'>): NonNullable<StageContext['own']> {
  return (ref, uid) => {
    recordOwned(state, ref, uid);
    run.host.saveLease(state);
  };
}

/** Applies the manifests while the nodes arrive, and waits for both. */
export async function deployBesideLease(run: Run, pool: HeldPool): Promise<void> {
  const { prepared, beside, nodes, state } = pool;
  const context: StageContext = { ...beside.context, own: ownerOf(run, pool) };
  const applied = run.stage({ name: 'deploy', title: `Deploy ${prepared.service.name}` }, async () => {
    const found = await deploy(context, prepared, async () => {
      pool.cleared();
      // Replicas that waited beside the pods that hold nodes would bring twice as many.
      if (isAfterClearing(context, prepared)) await nodes;
    });
    // The lease in the cluster knows what was made, too: another run or a sweeper may have to remove it.
    await renewPool(leaseContext(context), state);
    const summary = [
      `${found.applied} objects applied`,
      found.retired > 0 ? `, ${found.retired} of what was there retired` : '',
      found.pruned > 0 ? `, ${found.pruned} pruned` : '',
    ].join('');
    return { value: found.applied, summary };
  });
  await beside.join([nodes, applied]);
}
