import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { Lease } from '../../clients/kubernetes/kinds.ts';
import { humanDuration } from '../../lib/duration.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { type Clock, poll } from '../../lib/poll.ts';
import type { Emit } from '../../progress/events.ts';
import type { LeaseState } from '../context.ts';
import {
  type Holder,
  isExpired,
  isHeldBy,
  LEASE_DURATION_S,
  type LeaseRecord,
  leaseObject,
  leaseRef,
  RENEW_EVERY_MS,
  readLease,
  SKEW_MS,
} from './lease-record.ts';
import { type Taking, writeTaking } from './taking.ts';

export interface LeaseContext {
  kube: KubeClient;
  clock: Clock;
  signal: AbortSignal;
  emit: Emit;
  /** Namespace that holds the leases of all pools. */
  namespace: string;
  holder: Holder;
}

export interface Waiting {
  onBusy: 'wait' | 'stop';
  /** Whether a stack that is kept may be replaced: by another that is to stay, or by its end. */
  takesKept: boolean;
  limitMs: number;
  pollIntervalMs: number;
  taking?: Taking;
}

/** What was found in place of a free pool. */
export interface Taken {
  /** The lease that had run out and was taken over. */
  story: LeaseRecord | null;
  /** Whether somebody else had the pool meanwhile: what was read of it before is old. */
  waited: boolean;
}

/**
 * Takes the pool's lease, by a create or by a replacement of exactly the version that was read, so that of two runs one
 * alone has it. Somebody else's lease is waited for or told; one that has run out is taken over.
 */
export async function acquirePool(context: LeaseContext, state: LeaseState, waiting: Waiting): Promise<Taken> {
  const { kube, namespace, holder, emit } = context;
  const ref = leaseRef(namespace, state.nodePool);
  let waited = false;
  let last: LeaseRecord | null = null;
  return poll({
    stage: 'lease',
    what: `the lease of node pool ${state.nodePool}`,
    everyMs: Math.max(waiting.pollIntervalMs, 250),
    limitMs: waiting.limitMs,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => emit({ type: 'waiting', stage: 'lease', ...status }),
    probe: async () => {
      const found = await kube.get(ref);
      const nowMs = kube.serverTime();
      if (!found) {
        const times = { nowMs, acquiredAtMs: nowMs, transitions: 0 };
        const made = await writeTaking(waiting.taking, () => kube.create(leaseObject(namespace, holder, state, times)));
        return made ? { done: { story: null, waited } } : { waiting: 'another run was faster' };
      }
      const record = readLease(found);
      const ours = isHeldBy(record, holder);
      if (!ours && !isExpired(record, nowMs) && !(waiting.takesKept && record.state?.kept)) {
        waited = true;
        last = record;
        if (waiting.onBusy === 'stop' || outlasts(record, nowMs, waiting.limitMs)) {
          throw poolLeased(state.nodePool, record, null);
        }
        return { waiting: heldText(record) };
      }
      const transitions = Number(found.spec?.leaseTransitions ?? 0) + (ours ? 0 : 1);
      const acquiredAtMs = ours ? Date.parse(String(found.spec?.acquireTime)) || nowMs : nowMs;
      const times = { nowMs, acquiredAtMs, transitions };
      const version = found.metadata.resourceVersion;
      const next = await writeTaking(waiting.taking, () =>
        kube.replace(leaseObject(namespace, holder, state, times, version)),
      );
      if (!next) return { waiting: 'another run was faster' };
      return { done: { story: ours ? null : record, waited: waited || !ours } };
    },
    onTimeout: (_seen, elapsedMs) => poolLeased(state.nodePool, last, elapsedMs),
  });
}

/**
 * Gives a sign of life every minute until the context's signal ends. A renewal that fails is tried again; `onLost` is called once,
 * when somebody else has the lease or when no sign could be given for as long as it lasts.
 */
export async function keepPool(
  context: LeaseContext,
  state: LeaseState,
  told: { onRenewed?: (at: string) => void; onLost: (failure: Failure) => void },
): Promise<void> {
  const { clock, signal, emit } = context;
  let renewedAtMs = Date.now();
  while (!signal.aborted) {
    try {
      await clock.sleep(RENEW_EVERY_MS, signal);
      const taken = await renew(context, state);
      if (taken) return told.onLost(leaseLost(state.nodePool, taken));
      renewedAtMs = Date.now();
      told.onRenewed?.(new Date(renewedAtMs).toISOString());
    } catch (error) {
      if (signal.aborted) return;
      emit({ type: 'warning', text: `the lease could not be renewed: ${errorText(error)}` });
      const left = LEASE_DURATION_S * 1_000 - SKEW_MS - (Date.now() - renewedAtMs);
      if (left < 0) return told.onLost(leaseLost(state.nodePool, null));
    }
  }
}

/** One sign of life more, with the state as it is now. What prevents it is a warning: the next comes within a minute. */
export async function renewPool(context: LeaseContext, state: LeaseState): Promise<void> {
  try {
    await renew(context, state);
  } catch (error) {
    context.signal.throwIfAborted();
    context.emit({ type: 'warning', text: `the lease could not be renewed: ${errorText(error)}` });
  }
}

/** Null after a sign of life; the lease of somebody else, when it is no longer ours. */
async function renew(
  { kube, namespace, holder }: LeaseContext,
  state: LeaseState,
): Promise<LeaseRecord | 'gone' | null> {
  for (;;) {
    const found = await kube.get(leaseRef(namespace, state.nodePool));
    if (!found) return 'gone';
    const record = readLease(found);
    if (!isHeldBy(record, holder)) return record;
    // A sign of life that was under way when the stack was stamped as kept must not take its end back.
    if (record.state?.kept) return null;
    const nowMs = kube.serverTime();
    const acquiredAtMs = Date.parse(record.acquiredAt ?? '') || nowMs;
    const times = { nowMs, acquiredAtMs, transitions: Number(found.spec?.leaseTransitions ?? 0) };
    const version = found.metadata.resourceVersion;
    if (await kube.replace(leaseObject(namespace, holder, state, times, version))) return null;
  }
}

/** Whose the pool is, as far as the cluster knows. */
export type Standing = 'ours' | 'nobody' | LeaseRecord;

export async function standing(
  { kube, namespace, holder }: Pick<LeaseContext, 'kube' | 'namespace' | 'holder'>,
  pool: string,
): Promise<Standing> {
  const found = await kube.get(leaseRef(namespace, pool));
  if (!found) return 'nobody';
  const record = readLease(found);
  return isHeldBy(record, holder) ? 'ours' : record;
}

type Owner = Pick<LeaseContext, 'kube' | 'namespace' | 'holder'>;

/** A sign of life that was under way may change the lease between a look and a write. */
const TRIES = 5;

/** Does `change` to the lease as it stands, as long as it is ours, until it has taken; nothing happens to any other lease. */
async function changeOwn(
  { kube, namespace, holder }: Owner,
  pool: string,
  change: (object: Lease) => Promise<boolean>,
): Promise<void> {
  for (let n = 1; n <= TRIES; n += 1) {
    const found = await kube.get(leaseRef(namespace, pool));
    if (!found) return;
    if (!isHeldBy(readLease(found), holder)) return;
    if (await change(found)) return;
  }
  throw new Error(`the lease of node pool ${pool} changed under each of ${TRIES} tries`);
}

/** After the nodes have gone: the pool is free for the next run. Nothing happens to a lease that is not ours. */
export async function returnPool(owner: Owner, pool: string): Promise<void> {
  await changeOwn(owner, pool, ({ metadata: { uid, resourceVersion } }) =>
    owner.kube.remove(leaseRef(owner.namespace, pool), { uid, resourceVersion }),
  );
}

/** Stamps the lease of a stack that stays: it holds until its end, whoever sweeps. Throws when it is no longer ours. */
export async function stampKept(owner: Owner, state: LeaseState): Promise<void> {
  const { namespace, holder, kube } = owner;
  let stamped = false;
  await changeOwn(owner, state.nodePool, async ({ metadata, spec }) => {
    const nowMs = kube.serverTime();
    const acquiredAtMs = Date.parse(String(spec?.acquireTime)) || nowMs;
    const times = { nowMs, acquiredAtMs, transitions: Number(spec?.leaseTransitions ?? 0) };
    stamped = (await kube.replace(leaseObject(namespace, holder, state, times, metadata.resourceVersion))) !== null;
    return stamped;
  });
  if (!stamped) throw leaseLost(state.nodePool, 'gone');
}

/** After a release that failed: the lease records it, and a sweeper need not wait for its end. */
export async function expirePool(owner: Owner, state: LeaseState): Promise<void> {
  const { namespace, holder, kube } = owner;
  await changeOwn(owner, state.nodePool, async ({ metadata, spec }) => {
    const nowMs = kube.serverTime() - LEASE_DURATION_S * 1_000 - SKEW_MS;
    const times = { nowMs, acquiredAtMs: nowMs, transitions: Number(spec?.leaseTransitions ?? 0) };
    return (await kube.replace(leaseObject(namespace, holder, state, times, metadata.resourceVersion))) !== null;
  });
}

/** One sentence about a lease that was taken over. */
export function storyOf(record: LeaseRecord): string {
  if (record.state?.kept) return `node pool ${record.state.nodePool} ${keptText(record)}; it is replaced`;
  const size = record.state ? `; it had asked for ${record.state.sizeAsked} nodes` : '';
  return `took over the lease of ${record.holder}, ${since(record)}, which ran out at ${iso(record.expiresAtMs)}${size}`;
}

/** A stack that is kept beyond the time that may be waited: no reason to begin. */
export function outlasts(record: LeaseRecord, nowMs: number, limitMs: number): boolean {
  return record.state?.kept !== undefined && record.expiresAtMs > nowMs + limitMs;
}

function heldText(record: LeaseRecord): string {
  return record.state?.kept ? keptText(record) : `held by ${record.holder} ${since(record)}`;
}

function keptText({ holder, state }: LeaseRecord): string {
  const until = state?.kept?.until;
  return `keeps a stack that ${holder} deployed, ${until ? `until ${until.replace(/\.\d+Z$/, 'Z')}` : 'with no end'}`;
}

export function poolLeased(pool: string, record: LeaseRecord | null, waitedMs: number | null): Failure {
  if (record?.state?.kept) {
    return new Failure({
      stage: 'lease',
      code: 'pool-kept',
      message: `Node pool ${pool} ${keptText(record)}${waitedMs === null ? '' : `; waited ${humanDuration(waitedMs)}`}.`,
      hint: 'End that stack first (mode: cleanup), measure on another pool, or raise "busy-timeout" beyond its end.',
      evidence: { holder: record.holder },
    });
  }
  const who = record ? `${record.holder} ${since(record)}` : 'another run';
  const until = record ? `, until ${iso(record.expiresAtMs)} unless it is renewed` : '';
  return new Failure({
    stage: 'lease',
    code: 'pool-leased',
    message: `Node pool ${pool} is leased by ${who}${until}${waitedMs === null ? '' : `; waited ${humanDuration(waitedMs)}`}.`,
    hint: 'Let that run end, put both into one concurrency group of the workflow, or raise "busy-timeout".',
    evidence: { holder: record?.holder ?? null },
  });
}

function leaseLost(pool: string, record: LeaseRecord | 'gone' | null): Failure {
  const why =
    record === null
      ? 'it could not be renewed in time'
      : record === 'gone'
        ? 'somebody deleted it'
        : `${record.holder} took it over`;
  return new Failure({
    stage: 'lease',
    code: 'lease-lost',
    message: `The lease of node pool ${pool} was lost: ${why}.`,
    hint: 'Another run may resize the pool now, so the measurement cannot count. Run it again.',
  });
}

function since({ acquiredAt }: LeaseRecord): string {
  return acquiredAt ? `since ${acquiredAt.replace(/\.\d+Z$/, 'Z')}` : 'for an unknown time';
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
