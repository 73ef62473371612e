import type { Lease, LeaseSpec } from '../../clients/kubernetes/kinds.ts';
import type { KubeObject, ObjectRef } from '../../clients/kubernetes/objects.ts';
import type { LeaseState } from '../context.ts';
import { MANAGED_BY, RUN_ANNOTATION } from '../deploy/marks.ts';

/** How long a lease holds without a sign of life of its run. */
export const LEASE_DURATION_S = 15 * 60;
/** How often a run gives one. */
export const RENEW_EVERY_MS = 60_000;
/**
 * Times of a lease are written by one runner and read by another, both by the clock of the API server. Of a control plane
 * with several API servers their clocks may differ a little, so an expired lease is left alone for this long.
 */
export const SKEW_MS = 30_000;

/** Of a stack that is kept for as long as nobody ends it: ten years, since a Lease has to have an end. */
const FOR_EVER_S = 10 * 365 * 86_400;

const STATE_ANNOTATION = 'tpu-serving-gate/lease';
export const LEASE_API = 'coordination.k8s.io/v1';

/** A pool's lease as it stands in the cluster. */
export interface LeaseRecord {
  object: Lease;
  /** Address of the run, or its name where it has none. */
  holder: string;
  runKey: string | null;
  acquiredAt: string | null;
  /** Last sign of life, milliseconds since the epoch; null when it cannot be read. */
  renewedAtMs: number | null;
  /** How long it holds after that; null when it cannot be read. */
  durationS: number | null;
  /** Milliseconds since the epoch; 0 for a lease that says nothing. */
  expiresAtMs: number;
  /** Null when it cannot be read: it cannot be the basis of a release then. */
  state: LeaseState | null;
}

/** Who may hold a lease, and under which key it is ours. */
export interface Holder {
  identity: string;
  runKey: string;
}

/** Whether a lease is the holder's. A matrix has several keys under one page, and a key alone could be copied. */
export function isHeldBy({ runKey, holder }: LeaseRecord, { identity, runKey: key }: Holder): boolean {
  return runKey === key && holder === identity;
}

const NAME_PREFIX = 'tpu-serving-gate-';

/** One lease for each pool of a cluster, in a namespace that all runs share whatever they deploy to. */
export function leaseRef(namespace: string, pool: string): ObjectRef<'Lease'> {
  return { apiVersion: LEASE_API, kind: 'Lease', name: `${NAME_PREFIX}${pool}`, namespace };
}

/** The node pool that a lease is for, by its name alone; null for a name that no pool's lease has. */
export function poolOf({ metadata }: Pick<KubeObject, 'metadata'>): string | null {
  const pool = metadata.name.startsWith(NAME_PREFIX) ? metadata.name.slice(NAME_PREFIX.length) : '';
  return isPoolName(pool) ? pool : null;
}

export function isPoolName(name: string): boolean {
  return NAME.test(name);
}

/** The object that says that `holder` has the pool from `acquiredAtMs` on, with a sign of life at `nowMs`. */
export function leaseObject(
  namespace: string,
  holder: Holder,
  state: LeaseState,
  times: { nowMs: number; acquiredAtMs: number; transitions: number },
  resourceVersion?: string,
): KubeObject {
  const { name } = leaseRef(namespace, state.nodePool);
  return {
    apiVersion: LEASE_API,
    kind: 'Lease',
    metadata: {
      name,
      namespace,
      labels: { ...MANAGED_BY },
      annotations: { [RUN_ANNOTATION]: holder.runKey, [STATE_ANNOTATION]: JSON.stringify(state) },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: {
      holderIdentity: holder.identity,
      leaseDurationSeconds: durationOf(state, times.nowMs),
      acquireTime: microTime(times.acquiredAtMs),
      renewTime: microTime(times.nowMs),
      leaseTransitions: times.transitions,
    },
  };
}

/** Of a run, from its last sign of life; of a stack that is kept, to its end. */
function durationOf({ kept }: LeaseState, nowMs: number): number {
  if (!kept) return LEASE_DURATION_S;
  if (kept.until === null) return FOR_EVER_S;
  return Math.max(1, Math.round((Date.parse(kept.until) - nowMs) / 1_000));
}

/** Reads a lease whoever wrote it; what is not as the gate writes it is not trusted. */
export function readLease(object: Lease): LeaseRecord {
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime }: LeaseSpec = object.spec ?? {};
  const renewedAtMs = finite(Date.parse(String(renewTime ?? '')));
  const durationS = finite(Number(leaseDurationSeconds ?? Number.NaN));
  const { annotations = {} } = object.metadata;
  const state = parseState(annotations[STATE_ANNOTATION]);
  // A stack ends at the time in its record, even where the lease was made longer.
  const keptUntilMs = state?.kept?.until ? Date.parse(state.kept.until) : Number.POSITIVE_INFINITY;
  return {
    object,
    holder: typeof holderIdentity === 'string' && holderIdentity !== '' ? holderIdentity : 'nobody',
    runKey: annotations[RUN_ANNOTATION] ?? null,
    acquiredAt: typeof acquireTime === 'string' ? acquireTime : null,
    renewedAtMs,
    durationS,
    expiresAtMs: renewedAtMs === null ? 0 : Math.min(renewedAtMs + (durationS ?? 0) * 1_000, keptUntilMs),
    state,
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export function isExpired(record: LeaseRecord, nowMs: number): boolean {
  return record.expiresAtMs + SKEW_MS <= nowMs;
}

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const ISO = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const PATTERNS: readonly (readonly [keyof LeaseState, RegExp])[] = [
  ['projectId', /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{2,28}[a-z0-9]$/],
  ['location', /^[a-z]+-[a-z]+\d+(-[a-z])?$/],
  ['cluster', /^[a-z][a-z0-9-]{0,39}$/],
  ['nodePool', NAME],
  ['namespace', NAME],
  ['runKey', NAME],
  ['startedAt', ISO],
];

/** A state from an annotation or a file, checked as strictly as an input: it decides what is resized. */
export function parseState(text: string | undefined): LeaseState | null {
  if (text === undefined) return null;
  let value: WrittenState | null;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return value !== null && typeof value === 'object' && isState(value) ? mended(value) : null;
}

/** A state whose lesser fields are usable too. They decide nothing of the release, so an odd one does not stop it. */
function mended(state: LeaseState): LeaseState {
  const { machineType, run, holder, leaseNamespace, renewedAt, kept } = state;
  const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise);
  const deployment = kept?.deployment;
  const isDeployment =
    typeof deployment === 'object' &&
    Number.isSafeInteger(deployment?.id) &&
    typeof deployment?.repository === 'string';
  return {
    ...state,
    machineType: typeof machineType === 'string' ? machineType : null,
    spot: state.spot === true,
    reserved: state.reserved === true,
    run: text(run, 'unknown'),
    holder: text(holder, 'nobody'),
    leaseNamespace: NAME.test(text(leaseNamespace, '')) ? leaseNamespace : state.namespace,
    phase: state.phase === 'acquiring' ? 'acquiring' : 'held',
    renewedAt: ISO.test(text(renewedAt, '')) ? renewedAt : state.startedAt,
    workload: state.workload.map(({ namespace, ...ref }) =>
      typeof namespace === 'string' ? { ...ref, namespace } : ref,
    ),
    ...(kept ? { kept: { ...kept, deployment: isDeployment ? deployment : null } } : {}),
  };
}

type WrittenState = Partial<Record<keyof LeaseState, unknown>>;

function isState(state: WrittenState): state is LeaseState {
  const isText = PATTERNS.every(([name, pattern]) => {
    const field = state[name];
    return typeof field === 'string' && pattern.test(field);
  });
  const sizes = [state.sizeBefore, state.sizeAsked, state.restingNodes];
  const isSized = sizes.every(
    (size) => typeof size === 'number' && Number.isInteger(size) && size >= 0 && size <= 1_000,
  );
  const { workload, kept } = state;
  const isListed =
    Array.isArray(workload) &&
    workload.length <= 100 &&
    workload.every(
      (ref) =>
        [ref?.apiVersion, ref?.kind, ref?.name].every((part) => typeof part === 'string') &&
        (ref.uid === undefined || typeof ref.uid === 'string'),
    );
  const isKept =
    kept === undefined ||
    (kept !== null && typeof kept === 'object' && isEnd('until' in kept ? kept.until : undefined));
  return state.v === 1 && isText && isSized && isListed && isKept && isDemand(state.demand);
}

/** How the nodes go decides the release: an odd record of it is no record. A day is the longest that an input allows. */
function isDemand(demand: unknown): boolean {
  if (demand === undefined) return true;
  if (demand === null || typeof demand !== 'object' || !('scaleDownMs' in demand)) return false;
  const { scaleDownMs } = demand;
  return typeof scaleDownMs === 'number' && scaleDownMs >= 0 && scaleDownMs <= 86_400_000;
}

function isEnd(until: unknown): boolean {
  return until === null || (typeof until === 'string' && ISO.test(until));
}

function microTime(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, '000Z');
}
