import type { KubeObject } from '../../clients/kubernetes/objects.ts';
import type { Swept } from '../../report/model.ts';
import { comesByDemand } from '../../tpu/pool-shape.ts';
import type { LeaseState } from '../context.ts';
import { leasesOf } from '../lease/find-leases.ts';
import { isExpired, type LeaseRecord, leaseObject, poolOf } from '../lease/lease-record.ts';
import { overwritten } from '../lease/overwritten.ts';
import { expirePool, keepPool, returnPool } from '../lease/pool-lease.ts';
import { release } from './release.ts';
import { isHere, type SweepContext } from './sweep-context.ts';
import { sweepOverwritten } from './sweep-overwritten.ts';

/**
 * Releases the pools whose lease has run out or whose run has ended. A pool without a readable lease of the gate is
 * never touched: nodes that are left under such a lease are a failure, with the command. Each lease is taken over first, in
 * the version that was read, so that neither a run nor another sweeper has the same pool.
 */
export async function sweep(context: SweepContext): Promise<Swept[]> {
  const { kube, emit, namespace } = context;
  const swept: Swept[] = [];
  for (const record of await leasesOf(kube, namespace)) {
    const { object } = record;
    const wrong = wrongWith(context, record);
    const due = wrong === null ? await reasonToSweep(context, record) : await emptied(context, record);
    if (!due) {
      const left = wrong === null ? null : await sweepOverwritten(context, record, wrong);
      if (left) swept.push(left);
      continue;
    }
    if (context.dryRun) {
      emit({ type: 'fact', stage: 'release', text: `${due.state.nodePool} would be released: ${due.reason}` });
      continue;
    }
    const taken = await takeOver(context, record, due.state);
    if (!taken) {
      emit({ type: 'fact', stage: 'release', text: `${object.metadata.name} was renewed meanwhile and is left alone` });
      continue;
    }
    swept.push(await giveBack(context, record, due));
  }
  return swept;
}

interface Due {
  state: LeaseState;
  reason: Swept['reason'];
}

/** Why a lease is not a basis for a release, as a clause; null for one as the gate writes it. */
function wrongWith({ kube, where }: SweepContext, record: LeaseRecord): string | null {
  const { state } = record;
  if (state && !isHere(state, where)) return 'its record names another cluster';
  return overwritten(record, kube.serverTime());
}

/** A lease whose holder was emptied: its record still names the run, and GitHub may know that this has ended. */
async function emptied(context: SweepContext, { state, holder, object }: LeaseRecord): Promise<Due | null> {
  const isOwn = holder === 'nobody' && state && isHere(state, context.where) && poolOf(object) === state.nodePool;
  return isOwn && (await context.runEnded(state.holder)) ? { state, reason: 'run-ended' } : null;
}

async function reasonToSweep(context: SweepContext, record: LeaseRecord): Promise<Due | null> {
  const { emit } = context;
  const { state, holder } = record;
  if (!state) return null;
  const { kept } = state;
  if (isExpired(record, context.kube.serverTime())) return { state, reason: kept ? 'kept-over' : 'expired' };
  const wanted = context.ends === 'all' || context.ends === state.nodePool;
  if (kept && wanted) return { state, reason: 'asked' };
  // The run that deployed it has ended, as it should.
  if (!kept && (await context.runEnded(holder))) return { state, reason: 'run-ended' };
  const until = new Date(record.expiresAtMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const text = kept
    ? `${state.nodePool} keeps a stack that ${holder} deployed, ${kept.until ? `until ${until}` : 'with no end'}`
    : `${state.nodePool} is held by ${holder} until ${until} or longer`;
  emit({ type: 'fact', stage: 'release', text });
  if (wanted) context.onHeld?.(state.nodePool, holder);
  return null;
}

/** The lease keeps the dead run's words, so that a sweeper that dies is followed by another. */
async function takeOver(
  { kube, namespace, holder }: SweepContext,
  { object }: LeaseRecord,
  state: LeaseState,
): Promise<KubeObject | null> {
  const nowMs = kube.serverTime();
  const transitions = Number(object.spec?.leaseTransitions ?? 0) + 1;
  const times = { nowMs, acquiredAtMs: nowMs, transitions };
  const { kept: _, ...rest } = state;
  return kube.replace(leaseObject(namespace, holder, rest, times, object.metadata.resourceVersion));
}

/** How long an autoscaler has where no input gave it a time. */
const SCALE_DOWN_MS = 15 * 60_000;

/** The lease, by demand where the pool was given an autoscaler after the run had resized it: that owns its size now. */
async function asPoolIs({ gke, signal }: SweepContext, lease: LeaseState): Promise<LeaseState> {
  if (lease.demand) return lease;
  try {
    const pool = await gke.getNodePool(lease.nodePool);
    return comesByDemand(pool) ? { ...lease, demand: { scaleDownMs: SCALE_DOWN_MS } } : lease;
  } catch {
    signal.throwIfAborted();
    return lease;
  }
}

async function giveBack(
  context: SweepContext,
  { holder: from }: LeaseRecord,
  { state, reason }: { state: LeaseState; reason: Swept['reason'] },
): Promise<Swept> {
  const { emit } = context;
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  emit({ type: 'fact', stage: 'release', text: `${state.nodePool} was held by ${from}: ${reason}` });
  // Two minutes of a resize must not look like a dead sweeper.
  void keepPool({ ...context, signal }, state, {
    onLost: (failure) => emit({ type: 'warning', text: failure.message }),
  });
  try {
    const lease = await asPoolIs(context, state);
    const limitMs = context.limitMs + (lease.demand?.scaleDownMs ?? 0);
    const { release: ended } = await release({ ...context, limitMs }, lease);
    over.abort();
    if (ended.outcome === 'failed') await expirePool(context, state);
    else await returnPool(context, state.nodePool);
    const { message, command, durationMs, nodesLeft } = ended;
    // A release never keeps.
    const outcome = ended.outcome === 'kept' ? 'not-needed' : ended.outcome;
    emit({ type: 'fact', stage: 'release', text: message });
    if (outcome !== 'failed') await context.onEnded?.(state);
    return { nodePool: state.nodePool, holder: from, reason, outcome, message, command, durationMs, nodesLeft };
  } finally {
    over.abort();
  }
}
