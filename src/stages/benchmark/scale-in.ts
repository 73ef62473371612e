import { Failure } from '../../lib/failure.ts';
import { OUTAGE_MS, poll } from '../../lib/poll.ts';
import { workloadSelector } from '../../stack/labels.ts';
import { isAlive, isFinished, isReady } from '../../stack/pods.ts';
import type { Prepared, StageContext } from '../context.ts';
import { holdAgain } from '../lease/demand/hold.ts';
import { nodesOfBase } from '../lease/lease-state.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { goneFrom, replicaGone } from './gone-replicas.ts';

const LIMIT_MS = 10 * 60_000;

/**
 * Takes all replicas but one away, and waits until they are gone. The nodes stay leased until the release. Throws a Failure
 * as soon as a node is lost, or as none of the replicas that were verified is left (`replica-gone`).
 */
export async function scaleIn(
  context: StageContext,
  prepared: Prepared,
  { replicas }: Pick<ReadyStack, 'replicas'>,
): Promise<void> {
  const { kube, emit } = context;
  const { apiVersion, name, namespace } = prepared.service;
  await kube.mergePatch({ apiVersion, kind: 'LLMInferenceService', name, namespace }, { spec: { replicas: 1 } });
  emit({ type: 'fact', stage: 'benchmark', text: `scaled ${name} in to one replica` });
  await poll({
    stage: 'benchmark',
    what: 'one replica alone',
    everyMs: context.inputs.pollIntervalMs,
    limitMs: Math.min(LIMIT_MS, context.inputs.readyTimeoutMs),
    bearsMs: OUTAGE_MS,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => emit({ type: 'waiting', stage: 'benchmark', ...status }),
    probe: async () => {
      await context.refuseLostNodes?.();
      const all = (await kube.list('v1', 'Pod', { namespace, labelSelector: workloadSelector(name) })) ?? [];
      const gone = goneFrom(all.filter(isAlive), replicas);
      if (gone.length === replicas.length) throw replicaGone('during the scale-in', gone);
      // One that has ended stays listed, and has neither chips nor requests.
      const pods = all.filter((pod) => !isFinished(pod));
      const ready = pods.filter(isReady).length;
      return pods.length === 1 && ready === 1
        ? { done: true }
        : { waiting: `${pods.length} pods, ${ready} of them Ready`, soon: ready === 1 };
    },
    onTimeout: (seen) =>
      new Failure({
        stage: 'benchmark',
        code: 'scale-in-timeout',
        message: `${name} did not come down to one replica; last seen: ${seen}.`,
        hint: 'Look whether an autoscaler holds the replicas, and at the conditions of the service.',
      }),
  });
  await holdAgain(context, prepared, 1 + nodesOfBase(prepared));
}
