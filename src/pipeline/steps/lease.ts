import { orAbort, systemClock } from '../../lib/poll.ts';
import { USUAL_MS } from '../../report/wording.ts';
import type { LeaseState, Prepared, StageContext } from '../../stages/context.ts';
import { awaitNodes, isSmaller, leaseContext, requestNodes, takePool } from '../../stages/lease/lease.ts';
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
    if (isSmaller(context, prepared)) await orAbort(cleared.promise, beside.context.signal);
    limitCost(run, planned.budgetMs, over.signal);
    const value = await leaseNodes(beside.context, prepared, leaseTimeoutMs);
    run.found({ leased: { pool: prepared.pool.name, spot: prepared.pool.spot, nodes: value } });
    const chips = value.reduce((sum, node) => sum + node.chips, 0);
    return { value, summary: `${value.length} nodes, ${chips} chips` };
  });
  nodes.catch(taken.reject);
  const stopRenewing = () => over.abort();
  run.onEnd(stopRenewing);
  return { ...(await taken.promise), nodes, beside, cleared: cleared.resolve, stopRenewing };
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

/** Asks for the nodes and waits for them, both within `limitMs` milliseconds. */
async function leaseNodes(context: StageContext, prepared: Prepared, limitMs: number): Promise<TpuNode[]> {
  const began = context.clock.now();
  const operation = await requestNodes(context, prepared, limitMs);
  const leftMs = Math.max(0, limitMs - (context.clock.now() - began));
  return awaitNodes(context, prepared, operation, leftMs);
}

function leaseTitle({ pool, sizeBefore, nodes }: Prepared): string {
  return `Lease node pool ${pool.name} ${sizeBefore} → ${nodes}`;
}
