import type { Release } from '../../report/model.ts';
import type { Kept, LeaseState, Prepared, StageContext } from '../context.ts';
import { leaseContext } from '../lease/lease.ts';
import { stampKept } from '../lease/pool-lease.ts';
import { usdPerHour } from '../preflight/budget.ts';

/**
 * Leaves the stack and its nodes, until `expires-in` is over. The pool's lease in the cluster has the end, for the sweeper to
 * release them then, and for every other run to leave them alone until then. Returns the state as it stands now.
 */
export async function keepStack(
  context: StageContext,
  prepared: Prepared,
  state: LeaseState,
  deployment: Kept['deployment'],
): Promise<{ state: LeaseState; release: Release }> {
  const { inputs, emit } = context;
  const expiresMs = inputs.keep?.expiresMs ?? null;
  const until = expiresMs === null ? null : new Date(context.kube.serverTime() + expiresMs).toISOString();
  const kept: LeaseState = { ...state, kept: { until, deployment } };
  await stampKept(leaseContext(context), kept);
  const release = keptRelease(kept, prepared.nodes, usdPerHour(context, prepared));
  emit({ type: 'fact', stage: 'release', text: release.message });
  return { state: kept, release };
}

/** What a report says of nodes that stay. */
export function keptRelease(state: LeaseState, nodes: number, usd: number | null): Release {
  const until = state.kept?.until ?? null;
  const end = until === null ? 'until somebody ends it' : `until ${until.replace(/\.\d+Z$/, 'Z')}`;
  return {
    outcome: 'kept',
    nodePool: state.nodePool,
    restingNodes: state.restingNodes,
    nodesLeft: nodes,
    message: `Node pool ${state.nodePool} keeps ${nodes} ${nodes === 1 ? 'node' : 'nodes'} for the stack ${end}.`,
    command: null,
    durationMs: 0,
    kept: { until, usdPerHour: usd },
  };
}
