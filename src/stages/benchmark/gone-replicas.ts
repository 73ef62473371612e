import { Failure } from '../../lib/failure.ts';
import { workloadSelector } from '../../stack/labels.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';

/**
 * Throws a Failure (`replica-gone`) where a replica of the ready stack has been deleted, or is about to end: no wait brings
 * it back, and its node may be gone. Pods that cannot be listed are not looked at.
 */
export async function refuseGone(
  { kube, signal }: Pick<StageContext, 'kube' | 'signal'>,
  { service }: Pick<Prepared, 'service'>,
  { replicas }: Pick<ReadyStack, 'replicas'>,
): Promise<void> {
  const options = { namespace: service.namespace, labelSelector: workloadSelector(service.name) };
  const there = await kube.list('v1', 'Pod', options).catch(() => null);
  signal.throwIfAborted();
  if (there === null) return;
  const living = new Set(
    there.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.uid),
  );
  const gone = replicas.filter(({ metadata }) => !living.has(metadata.uid)).map(({ metadata }) => metadata.name);
  if (gone.length === 0) return;
  throw new Failure({
    stage: 'benchmark',
    code: 'replica-gone',
    message: `The replicas changed before the measurement: ${gone.join(', ')} went away.`,
    hint: 'Look who deleted the pods, such as a drain of their nodes, and run again.',
    evidence: { pods: gone },
  });
}
