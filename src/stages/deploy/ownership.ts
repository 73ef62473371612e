import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { describe, type KubeObject, type ObjectRef, type OwnedRef } from '../../clients/kubernetes/objects.ts';
import { Failure, type FailureStage } from '../../lib/failure.ts';
import type { LeaseState } from '../context.ts';
import { isExpired, type LeaseRecord } from '../lease/lease-record.ts';
import { overwritten } from '../lease/overwritten.ts';
import { RUN_ANNOTATION } from './marks.ts';

/** Who made an object that exists. */
export type Maker =
  | 'us'
  /** Not a run of the gate: it is changed where the manifests name it, and never labelled or deleted. */
  | 'others'
  /** A run that no lease knows any more, or whose lease has run out. */
  | 'ended-run'
  /** A run whose lease on another pool holds, with its stack; or may hold, since somebody overwrote the lease. */
  | LeaseRecord;

/** Judges an object by its mark and by the leases of all pools. Pure. */
export function makerOf(
  { metadata }: Pick<KubeObject, 'metadata'>,
  runKey: string,
  leases: readonly LeaseRecord[],
  nowMs: number,
): Maker {
  const run = metadata.annotations?.[RUN_ANNOTATION];
  if (run === undefined) return 'others';
  if (run === runKey) return 'us';
  // A run whose lease somebody made unreadable may live, and this may be that run.
  const isOf = (lease: LeaseRecord) => madeUnder(lease, run) || lease.state === null;
  const mayLive = (lease: LeaseRecord) => !isExpired(lease, nowMs) || overwritten(lease, nowMs) !== null;
  return leases.find((lease) => isOf(lease) && mayLive(lease)) ?? 'ended-run';
}

/** Whether a run has a lease, or had it when it deployed: a sweeper that takes a lease over keeps the run's words. */
function madeUnder({ runKey, state }: LeaseRecord, run: string): boolean {
  return runKey === run || state?.runKey === run;
}

/** The failure of a run that would change or delete what a living run of another pool serves with. */
export function ownedByRun(ref: ObjectRef, lease: LeaseRecord, stage: FailureStage): Failure {
  const { holder, state, expiresAtMs, object } = lease;
  const hidden = state ? null : `may belong to the run of lease ${object.metadata.name}, which cannot be read.`;
  const pool = state ? `node pool ${state.nodePool}` : 'another node pool';
  const until = new Date(expiresAtMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const kept = state?.kept ? (state.kept.until ? `, kept until ${until}` : ', kept until somebody ends it') : '';
  return new Failure({
    stage,
    code: 'owned-by-run',
    message: `${describe(ref)} ${hidden ?? `belongs to the stack of ${holder} on ${pool}${kept}.`}`,
    hint: hidden
      ? 'Look who uses that node pool. Delete the lease once nobody does, or give this stack another name or namespace.'
      : 'Give this stack another name or namespace, or end that one first (mode: cleanup).',
    evidence: { holder, nodePool: state?.nodePool ?? null },
  });
}

/** An object may be made in the second in which the lease was taken, and the API server counts whole seconds. */
const CREATED_SLACK_MS = 2_000;

/**
 * Deletes an object that a run made: it carries the run's mark, and has the UID that the lease recorded. A run that was
 * killed between the two has no UID of it: then it must be younger than the lease. Anything else is `foreign` and stays.
 */
export async function removeMarked(
  kube: KubeClient,
  ref: OwnedRef,
  { runKey, startedAt }: Pick<LeaseState, 'runKey' | 'startedAt'>,
): Promise<'removed' | 'absent' | 'foreign'> {
  const object = await kube.get(ref);
  if (!object) return 'absent';
  const { uid, annotations, creationTimestamp } = object.metadata;
  const isYounger = Date.parse(creationTimestamp ?? '') >= Date.parse(startedAt) - CREATED_SLACK_MS;
  const isOurs = annotations?.[RUN_ANNOTATION] === runKey && (ref.uid === undefined ? isYounger : uid === ref.uid);
  if (!isOurs) return 'foreign';
  await kube.remove(ref, { uid });
  return 'removed';
}
