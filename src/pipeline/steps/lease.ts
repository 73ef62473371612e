import { Failure } from '../../lib/failure.ts';
import { orAbort, systemClock } from '../../lib/poll.ts';
import { USUAL_MS } from '../../report/wording.ts';
import type { LeaseState, Prepared, StageContext } from '../../stages/context.ts';
import { holdNodes, type Told } from '../../stages/lease/demand/hold.ts';
import { awaitNodes, isAfterClearing, leaseContext, requestNodes, takePool } from '../../stages/lease/lease.ts';
import { nodesOfBase, recordOwned } from '../../stages/lease/lease-state.ts';
import type { TpuNode } from '../../stages/lease/nodes.ts';
import { keepPool } from '../../stages/lease/pool-lease.ts';
import { overBudget } from '../../stages/preflight/budget.ts';
import type { Run } from '../run.ts';
import { type SideBySide, sideBySide } from '../side-by-side.ts';
import type { Planned } from './preflight.ts';

/** The pool while this run has it. */
export interface HeldPool {
  prepared: Prepared;
  state: LeaseState;
  /** The stage beside `deploy`, which waits for the nodes. */
  nodes: Promise<TpuNode[]>;
  beside: SideBySide;
  /** Why the nodes of the base stack did not come; null where they did. Known once `nodes` is. */
  shortage(): string | null;
  /** Tells a pool that becomes smaller that the pods of the stack before this one are gone. */
  cleared(): void;
  /** Ends the renewals and the limit on cost: the lease has an end of its own from now on. */
  stopRenewing(): void;
}

/** Begins the stage `lease` and returns once the pool is this run's; its nodes arrive in the meantime. */
export async function leaseStep(run: Run, planned: Planned): Promise<HeldPool> {
  const { context } = planned;
  const beside = sideBySide(context);
  const over = new AbortController();
  const cleared = Promise.withResolvers<void>();
  let shortage: string | null = null;
  const taken = Promise.withResolvers<{ prepared: Prepared; state: LeaseState }>();
  const { leaseTimeoutMs } = context.inputs;
  const title = leaseTitle(planned.prepared);
  const nodes = run.stage({ name: 'lease', title, usualMs: USUAL_MS.lease, limitMs: leaseTimeoutMs }, async () => {
    const { prepared, state } = await takePool(beside.context, planned.prepared, run.host.saveLease, {
      before: async () => {
        await run.host.stillWanted?.();
        run.host.changing?.(true);
      },
      refused: () => run.host.changing?.(false),
    });
    renew(run, context, state, over.signal);
    taken.resolve({ prepared, state });
    const onShort = (reason: string) => {
      shortage = reason;
      context.emit({ type: 'warning', text: `The change is not compared with the base stack: ${reason}` });
    };
    const spends = () => limitCost(run, planned.budgetMs, over.signal);
    // Pods of the stack before this one would keep the nodes from the pods that hold them.
    if (isAfterClearing(context, prepared)) await orAbort(cleared.promise, beside.context.signal);
    if (!prepared.demand) spends();
    const value = prepared.demand
      ? await holdNodes(beside.context, prepared, leaseTimeoutMs, { own: ownIn(run, state), onFirst: spends, onShort })
      : await leaseNodes(beside.context, prepared, leaseTimeoutMs, onShort);
    run.found({ leased: { pool: prepared.pool.name, spot: prepared.pool.spot, nodes: value } });
    const chips = value.reduce((sum, node) => sum + node.chips, 0);
    return { value, summary: `${value.length} nodes, ${chips} chips` };
  });
  nodes.catch(taken.reject);
  const stopRenewing = () => over.abort();
  run.onEnd(stopRenewing);
  return { ...(await taken.promise), nodes, beside, shortage: () => shortage, cleared: cleared.resolve, stopRenewing };
}

/** Records what the stage makes, in the lease that is saved. */
function ownIn(run: Run, state: LeaseState): Told['own'] {
  return (ref, uid) => {
    recordOwned(state, ref, uid);
    run.host.saveLease(state);
  };
}

/** Renews the lease in the cluster until `over`; the run ends when the pool is lost. */
function renew(run: Run, context: StageContext, state: LeaseState, over: AbortSignal): void {
  const kept = { ...context, signal: AbortSignal.any([run.context.signal, over]) };
  // In real time, as the times in the lease are.
  void keepPool({ ...leaseContext(kept), clock: systemClock }, state, {
    // A renewal that was under way when the stack was stamped as kept must not take that back.
    onRenewed: (renewedAt) => {
      if (!over.aborted) run.host.saveLease({ ...state, renewedAt });
    },
    onLost: (failure) => run.end(failure),
  });
}

/** Ends the run in time for the release to stay within the budget. */
function limitCost(run: Run, budgetMs: number | null, over: AbortSignal): void {
  const { clock, inputs } = run.context;
  // A timer of many days fires at once, and "timeout" ends the run before it.
  if (budgetMs === null || budgetMs >= inputs.timeoutMs) return;
  run.endBefore(clock.now() + budgetMs);
  clock.sleep(budgetMs, over).then(
    () => run.end(overBudget(inputs.maxCost?.usd ?? 0, budgetMs)),
    () => {},
  );
}

/**
 * Asks for the nodes and waits for them, both within `limitMs` milliseconds. Nodes that are refused with those of the base
 * stack are asked for without them, and `onShort` gets the reason.
 */
async function leaseNodes(
  context: StageContext,
  prepared: Prepared,
  limitMs: number,
  onShort: (reason: string) => void,
): Promise<TpuNode[]> {
  const began = context.clock.now();
  const leftMs = () => Math.max(0, limitMs - (context.clock.now() - began));
  try {
    const operation = await requestNodes(context, prepared, limitMs);
    return await awaitNodes(context, prepared, operation, leftMs(), onShort);
  } catch (error) {
    const ofBase = nodesOfBase(prepared);
    if (ofBase === 0 || !(error instanceof Failure) || !REFUSED_NODES.has(error.code)) throw error;
    context.signal.throwIfAborted();
    onShort(error.message);
    const { base: _, ...alone } = { ...prepared, nodes: prepared.nodes - ofBase };
    const operation = await requestNodes(context, alone, leftMs());
    return awaitNodes(context, alone, operation, leftMs());
  }
}

/** What fewer nodes may do without. */
const REFUSED_NODES: ReadonlySet<string> = new Set([
  'gke-quota',
  'gke-reservation-full',
  'gke-ip-space',
  'gke-org-policy',
]);

function leaseTitle({ pool, sizeBefore, nodes, demand }: Prepared): string {
  return `Lease node pool ${pool.name} ${sizeBefore} → ${nodes}${demand ? ' by demand' : ''}`;
}
