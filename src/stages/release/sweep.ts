import type { GkeClient } from '../../clients/google/gke.ts';
import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { KubeObject } from '../../clients/kubernetes/objects.ts';
import { errorText } from '../../lib/failure.ts';
import type { Clock } from '../../lib/poll.ts';
import type { Emit } from '../../progress/events.ts';
import type { Swept } from '../../report/model.ts';
import type { LeaseState } from '../context.ts';
import { MANAGED_BY } from '../deploy/marks.ts';
import { leasesOf, SWEEPER } from '../lease/find-leases.ts';
import { type Holder, isExpired, LEASE_API, type LeaseRecord, leaseObject } from '../lease/lease-record.ts';
import { expirePool, keepPool, returnPool } from '../lease/pool-lease.ts';
import { release } from './release.ts';

export interface SweepContext {
  gke: GkeClient;
  kube: KubeClient;
  clock: Clock;
  signal: AbortSignal;
  emit: Emit;
  pollIntervalMs: number;
  /** For one pool. */
  limitMs: number;
  namespace: string;
  holder: Holder;
  /** The cluster that is swept; leases that name another are left alone. */
  where: { projectId: string; location: string; cluster: string };
  /** Only says what would be given back. */
  dryRun?: boolean;
  /** A pool whose stack is kept no longer, or `all`: its end was asked for. */
  ends?: string | 'all';
  /** Told of a pool that `ends` means and a run still holds. */
  onHeld?: (nodePool: string, holder: string) => void;
  /** Told after a stack that was kept has gone. */
  onEnded?: (state: LeaseState) => Promise<void>;
  /** Whether the run with this page has ended, and its post step with it; null when that cannot be known. */
  runEnded: (holder: string) => Promise<boolean | null>;
}

/**
 * Gives back the pools whose lease has run out or whose run has ended. A pool without a lease of ours that can be read is
 * never touched. Each lease is taken over first, in the version that was read, so that neither a run nor another sweeper
 * has the same pool.
 */
export async function sweep(context: SweepContext): Promise<Swept[]> {
  const { kube, emit, namespace } = context;
  const swept: Swept[] = [];
  for (const record of await leasesOf(kube, namespace)) {
    const { object } = record;
    const due = await reasonToSweep(context, record);
    if (!due) continue;
    if (context.dryRun) {
      emit({ type: 'fact', stage: 'release', text: `${due.state.nodePool} would be given back: ${due.reason}` });
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

async function reasonToSweep(
  context: SweepContext,
  record: LeaseRecord,
): Promise<{ state: LeaseState; reason: Swept['reason'] } | null> {
  const { emit, where } = context;
  const { state, holder, object } = record;
  const { name } = object.metadata;
  if (!state) {
    emit({ type: 'warning', text: `lease ${name} does not say how to give its pool back; it is left alone` });
    return null;
  }
  if (name !== `tpu-serving-gate-${state.nodePool}` || !isHere(state, where)) {
    emit({ type: 'warning', text: `lease ${name} names another pool or cluster; it is left alone` });
    return null;
  }
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

function isHere(state: LeaseState, { projectId, location, cluster }: SweepContext['where']): boolean {
  return state.projectId === projectId && state.location === location && state.cluster === cluster;
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
    const { release: ended } = await release(context, state);
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

/**
 * Notes that a sweep has ended, unless it is a dry run, and answers when the one before it did (ISO 8601; null for the first): a schedule that
 * stopped is seen by whoever looks.
 */
export async function noteSweep(
  { kube, namespace, holder, emit, dryRun }: Pick<SweepContext, 'kube' | 'namespace' | 'holder' | 'emit' | 'dryRun'>,
  nowMs: number,
): Promise<string | null> {
  const ref = { apiVersion: LEASE_API, kind: 'Lease', name: SWEEPER, namespace } as const;
  try {
    const found = await kube.get(ref);
    const object: KubeObject = {
      apiVersion: LEASE_API,
      kind: 'Lease',
      metadata: {
        name: SWEEPER,
        namespace,
        labels: { ...MANAGED_BY },
        ...(found?.metadata.resourceVersion ? { resourceVersion: found.metadata.resourceVersion } : {}),
      },
      spec: { holderIdentity: holder.identity, renewTime: new Date(nowMs).toISOString().replace(/Z$/, '000Z') },
    };
    if (!dryRun) await (found ? kube.replace(object) : kube.create(object));
    const last: unknown = found?.spec?.renewTime;
    return typeof last === 'string' ? last : null;
  } catch (error) {
    emit({ type: 'warning', text: `the time of this sweep could not be noted: ${errorText(error)}` });
    return null;
  }
}
