import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { describe } from '../../clients/kubernetes/objects.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import type { Emit } from '../../progress/events.ts';
import type { BilledNode } from '../../verdict/cost.ts';
import type { LeaseState } from '../context.ts';
import { removeMarked } from '../deploy/ownership.ts';
import { poolNodes } from '../lease/nodes.ts';
import { billedFrom } from './bill.ts';

/** Notes the nodes that exist now, and the end of those that have gone since the last look. Returns how many exist. */
export async function observe(kube: KubeClient, lease: LeaseState, leased: Map<string, BilledNode>): Promise<number> {
  const present = await poolNodes(kube, lease.nodePool);
  const names = new Set(present.map(({ name }) => name));
  for (const node of present) {
    if (!leased.has(node.name)) leased.set(node.name, billedFrom(node, lease));
  }
  for (const [name, node] of leased) {
    if (!names.has(name) && node.deletedAt === null) leased.set(name, { ...node, deletedAt: new Date().toISOString() });
  }
  return present.length;
}

/**
 * Removes the objects that carry this run's mark: what somebody else made is left alone. Returns false where an object
 * may still be there.
 */
export async function removeWorkload(kube: KubeClient, emit: Emit, lease: LeaseState): Promise<boolean> {
  let all = true;
  for (const ref of [...lease.workload].reverse()) {
    try {
      const what = await removeMarked(kube, ref, lease);
      if (what === 'absent') continue;
      const text =
        what === 'removed' ? `removed ${describe(ref)}` : `${describe(ref)} was not made by this run and stays`;
      emit({ type: 'fact', stage: 'release', text });
    } catch (error) {
      all = false;
      // What stays behind costs nothing where a resize takes the nodes away; they do.
      emit({ type: 'warning', text: `${describe(ref)} was not removed: ${errorText(error)}` });
      // Each further try would take minutes of the time that the nodes need.
      if (error instanceof Failure && error.code === 'kube-unreachable') return false;
    }
  }
  return all;
}
