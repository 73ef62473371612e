import type { ClusterInfo } from '../../clients/google/gke.ts';
import type { ObjectRef } from '../../clients/kubernetes/objects.ts';
import { isService, type OneService } from '../../stack/service.ts';
import { chipsOf } from '../../tpu/machines.ts';
import { choosePool, isByDemand } from '../../tpu/pool-shape.ts';
import type { Prepared, PreparedBase, StageContext } from '../context.ts';
import { poolNodes } from '../lease/nodes.ts';
import { priceText } from '../release/bill.ts';
import { baseLook, leaseBase, type PlannedBase } from './base.ts';
import { budgetMs, budgetNote } from './budget.ts';
import { checkCapacity, demandOn } from './capacity.ts';
import { otherLease, strangersOn } from './existing.ts';
import { checkShape } from './pool.ts';
import { checkSize } from './pool-size.ts';
import { unpricedLimit } from './slo-price.ts';
import type { Table } from './table.ts';

/** The pool, its size and its price: lines that build on one another. */
export async function checkNodes(
  context: StageContext,
  cluster: ClusterInfo,
  { manifest, service, unread, retired }: OneService & { retired: ObjectRef[] },
  table: Table,
  plansBase: () => Promise<PlannedBase | Exclude<PreparedBase, { state: 'ready' }> | null>,
): Promise<Pick<
  Prepared,
  'pool' | 'nodes' | 'sizeBefore' | 'restingNodes' | 'environment' | 'base' | 'demand'
> | null> {
  const { inputs, kube, note } = context;
  const planned = await table.check('pool', 'Node pool', async () => {
    const pool = choosePool(cluster, inputs.nodePool);
    const byDemand = isByDemand(pool, inputs.capacity);
    const demand = byDemand ? demandOn(pool, manifest, inputs) : undefined;
    // The size that an autoscaled pool was last set to is not the one that it has.
    const sizeBefore = byDemand ? (await poolNodes(kube, pool.name)).length : pool.initialNodeCount;
    const restingNodes = inputs.restingNodes === 'before' ? sizeBefore : inputs.restingNodes;
    const environment = {
      machineType: pool.machineType,
      chipsPerNode: chipsOf(pool.machineType),
      tpuTopology: pool.tpuTopology,
    };
    const own = inputs.nodes ?? service.replicas;
    const wished = await plansBase();
    const head = { pool, nodes: own, sizeBefore, restingNodes, service, environment, ...(demand ? { demand } : {}) };
    const base = wished?.state === 'planned' ? leaseBase(context, wished, head) : wished;
    const baseNodes = base?.state === 'ready' ? base.prepared.nodes : 0;
    const nodes = inputs.nodes ?? own + baseNodes;
    note({ type: 'planned', plan: { nodePool: pool.name, nodes, ...(baseNodes > 0 ? { baseNodes } : {}) } });
    note({ type: 'discovered', environment });
    checkSize({ nodes, restingNodes, sizeBefore, maxNodes: inputs.maxNodes }, pool.name);
    const look = checkShape(
      pool,
      { nodes, restingNodes, runMs: inputs.timeoutMs, byDemand },
      manifest,
      service,
      unread,
    );
    const optional = { ...(base ? { base } : {}), ...(demand ? { demand } : {}) };
    return { value: { pool, nodes, sizeBefore, restingNodes, environment, ...optional }, ...look };
  });
  if (!planned) return null;
  const { pool, sizeBefore, restingNodes, base, demand } = planned;
  if (demand) await table.look('capacity', 'Capacity by demand', () => checkCapacity(context, demand));
  if (base) await table.look('base', 'Base stack', async () => baseLook(base));
  await Promise.all([
    table.look('pool-use', 'Use of the pool', async () => {
      const present = await poolNodes(kube, pool.name);
      const leased = await otherLease(context, pool.name);
      const replaced = leased?.replaced?.workload ?? [];
      // While another run has the pool, the pods on its nodes are that run's, and go with it.
      const known =
        (!leased || leased.replaced) && restingNodes < present.length
          ? await strangersOn(context, present, [service, ...retired, ...replaced.filter(isService)])
          : null;
      const seen = [
        leased?.text ?? 'no other run has it',
        `${present.length} nodes now`,
        ...(present.length === sizeBefore ? [] : [`last set to ${sizeBefore}`]),
        ...(known === null ? [] : [known]),
      ].join('; ');
      return leased || present.length !== sizeBefore || known !== null ? { outcome: 'warning', seen } : { seen };
    }),
    table.look('quota', 'Quota and capacity', async () => {
      const spoken = pool.conditions.filter((text) => /QUOTA|STOCKOUT|EXHAUSTED/i.test(text));
      if (spoken.length > 0) return { outcome: 'warning', seen: `GKE reports of the pool: ${spoken.join('; ')}` };
      return {
        outcome: 'not-checked',
        seen: pool.reserved
          ? 'neither they nor the size of the reservation can be read with the permissions of the gate'
          : 'GKE reports nothing about them before nodes are requested',
        remedy: `https://console.cloud.google.com/iam-admin/quotas?project=${inputs.projectId}`,
      };
    }),
    table.look('price', 'Price', async () => {
      budgetMs(context, planned);
      const note = budgetNote(context, planned);
      const seen = priceText(context, planned);
      const unpriced = unpricedLimit(context, planned);
      if (unpriced) return { outcome: 'warning', seen: `${seen}; ${unpriced.text}`, remedy: unpriced.remedy };
      return note ? { outcome: note.outcome, seen: `${seen}; ${note.text}` } : { seen };
    }),
  ]);
  return planned;
}
