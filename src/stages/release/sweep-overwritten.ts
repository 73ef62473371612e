import { errorText } from '../../lib/failure.ts';
import { patient, poll } from '../../lib/poll.ts';
import type { Swept } from '../../report/model.ts';
import { type LeaseRecord, poolOf } from '../lease/lease-record.ts';
import { poolNodes, type TpuNode } from '../lease/nodes.ts';
import type { SeenPool } from '../lease/pool-note.ts';
import { handCommand } from './by-hand.ts';
import { countNodes, leftText } from './nodes-left.ts';
import { isHere, type SweepContext } from './sweep-context.ts';

/**
 * Looks for nodes under a lease that is too damaged for a release; `wrong` is why. The pool is left alone. Null, with a
 * warning, when no more nodes are left than the pool rests at.
 */
export async function sweepOverwritten(
  context: SweepContext,
  record: LeaseRecord,
  wrong: string,
): Promise<Swept | null> {
  const { emit, clock, where } = context;
  const { object, state, holder } = record;
  const lease = `lease ${object.metadata.name} is not as a run writes it: ${wrong}`;
  const nodePool = poolOf(object);
  if (nodePool === null) {
    emit({ type: 'warning', text: `${lease}; it is left alone` });
    return null;
  }
  const isOwn = state?.nodePool === nodePool && isHere(state, where);
  const known = context.seen?.find((pool) => pool.nodePool === nodePool);
  const restingNodes = (isOwn ? state.restingNodes : known?.restingNodes) ?? 0;
  const started = clock.now();
  const nodesLeft = await countNodes(context, nodePool, restingNodes);
  if (nodesLeft !== null && nodesLeft <= restingNodes) {
    emit({ type: 'warning', text: `${lease}; no node is left in its pool, and it is left alone` });
    return null;
  }
  const durationMs = Math.round(clock.now() - started);
  const pool = { nodePool, restingNodes, holder };
  return leftBehind(context, pool, { reason: 'overwritten', text: lease, nodesLeft, durationMs });
}

/**
 * Looks for nodes of pools that the sweep before saw leased and that have no lease now. A release deletes the lease after
 * its nodes: a node that was there at that sweep, and still is, had its lease deleted by somebody else. So had each node of
 * a pool that its run noted, since a run removes its note after the release.
 */
export async function sweepDeleted(context: SweepContext, leased: ReadonlySet<string>): Promise<Swept[]> {
  const swept: Swept[] = [];
  for (const pool of context.seen ?? []) {
    if (leased.has(pool.nodePool)) continue;
    const started = context.clock.now();
    const nodes = await nodesOf(context, pool.nodePool);
    const isOld = ({ createdAt }: TpuNode) => pool.noted || Date.parse(createdAt) <= Date.parse(pool.seenAt);
    const old = nodes?.filter(isOld) ?? null;
    if (old !== null && old.length <= pool.restingNodes) continue;
    const text = `its lease, which ${pool.holder} held at ${pool.seenAt}, was deleted`;
    const durationMs = Math.round(context.clock.now() - started);
    swept.push(
      await leftBehind(context, pool, { reason: 'deleted', text, nodesLeft: nodes?.length ?? null, durationMs }),
    );
  }
  return swept;
}

/** The nodes of a pool; null, with a warning, when they cannot be listed in time. */
async function nodesOf(context: SweepContext, pool: string): Promise<TpuNode[] | null> {
  const { kube, clock, signal, emit } = context;
  try {
    return await poll({
      stage: 'release',
      what: `the nodes of ${pool}`,
      everyMs: context.pollIntervalMs,
      limitMs: context.limitMs,
      clock,
      signal,
      onWait: (status) => emit({ type: 'waiting', stage: 'release', ...status }),
      probe: patient(signal, async () => ({ done: await poolNodes(kube, pool) })),
    });
  } catch (error) {
    emit({ type: 'warning', text: `the nodes of ${pool} could not be counted: ${errorText(error)}` });
    return null;
  }
}

async function leftBehind(
  context: SweepContext,
  { nodePool, restingNodes, holder }: Omit<SeenPool, 'seenAt'>,
  found: Pick<Swept, 'reason' | 'nodesLeft' | 'durationMs'> & { text: string },
): Promise<Swept> {
  const { emit, where } = context;
  const { reason, nodesLeft, durationMs, text } = found;
  const message = `${leftText(nodePool, nodesLeft)}: ${text}. It was left alone: look who uses it before you run the command.`;
  const command = await handCommand(context, { ...where, nodePool, restingNodes });
  emit({ type: 'warning', text: `${message} Run by hand: ${command}` });
  return { nodePool, holder, reason, outcome: 'failed', message, command, durationMs, nodesLeft };
}
