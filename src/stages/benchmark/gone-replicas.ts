import type { Pod } from '../../clients/kubernetes/kinds.ts';
import { Failure } from '../../lib/failure.ts';
import { workloadSelector } from '../../stack/labels.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';

/**
 * Throws a Failure where a node is lost, or (`replica-gone`) where a replica of the ready stack has been deleted, or is about
 * to end: no wait brings it back. Pods that cannot be listed are not looked at.
 */
export async function refuseGone(
  { kube, signal, refuseLostNodes }: Pick<StageContext, 'kube' | 'signal' | 'refuseLostNodes'>,
  { service }: Pick<Prepared, 'service'>,
  { replicas }: Pick<ReadyStack, 'replicas'>,
): Promise<void> {
  await refuseLostNodes?.();
  const options = { namespace: service.namespace, labelSelector: workloadSelector(service.name) };
  const there = await kube.list('v1', 'Pod', options).catch(() => null);
  signal.throwIfAborted();
  if (there === null) return;
  const gone = goneFrom(
    there.filter(({ metadata }) => !metadata.deletionTimestamp),
    replicas,
  );
  if (gone.length > 0) throw replicaGone('before the measurement', gone);
}

/** Names of the replicas that are not among the pods: a namesake is another. */
export function goneFrom(pods: readonly Pod[], replicas: readonly Pod[]): string[] {
  const there = new Set(pods.map(({ metadata }) => metadata.uid));
  return replicas.filter(({ metadata }) => !there.has(metadata.uid)).map(({ metadata }) => metadata.name);
}

/** The failure of replicas that went away. `when` is `before the measurement` or the like. */
export function replicaGone(when: string, pods: readonly string[]): Failure {
  return new Failure({
    stage: 'benchmark',
    code: 'replica-gone',
    message: `The replicas changed ${when}: ${pods.join(', ')} went away.`,
    hint: 'Look who deleted the pods, such as a drain of their nodes, and run again.',
    evidence: { pods },
  });
}
