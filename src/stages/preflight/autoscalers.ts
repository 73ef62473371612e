import type { Manifest } from '../../clients/files/manifests.ts';
import type { KubeClient } from '../../clients/kubernetes/client.ts';
import { unlessForbidden } from '../../clients/kubernetes/forbidden.ts';
import type { HorizontalPodAutoscaler, ScaledObject } from '../../clients/kubernetes/kinds.ts';
import { groupOf } from '../../clients/kubernetes/objects.ts';
import { Failure } from '../../lib/failure.ts';
import { childName } from '../../stack/kserve-names.ts';
import type { OneService } from '../../stack/service.ts';
import { notReadable } from './namespace-rules.ts';
import type { Look } from './table.ts';

const KEDA = 'keda.sh';
const AUTOSCALING = 'autoscaling';
/** KEDA keeps its hands off the replicas while one of these is set (apis/keda/v1alpha1/scaledobject_types.go). */
const PAUSED = ['autoscaling.keda.sh/paused', 'autoscaling.keda.sh/paused-replicas'];

interface Scaler {
  /** `HorizontalPodAutoscaler vllm-replicas`. */
  shown: string;
  /** Fewest and most replicas. */
  least: number;
  most: number;
  /** Where the manifests have it; null for one that is in the cluster alone. */
  own: Manifest | null;
}

interface AutoscalerSubject {
  service: OneService['service'];
  manifests: readonly Manifest[];
  /** Whether pairs of arms are measured, which need a fixed number of replicas. */
  measures: boolean;
}

/**
 * Whether an autoscaler may change the replicas while the pairs are measured: a HorizontalPodAutoscaler or a ScaledObject of
 * KEDA whose target is the Deployment of the replicas, in the manifests or in the namespace. A run that measures refuses it.
 * One whose limits are both the number of replicas, and a paused ScaledObject, change nothing.
 */
export async function checkAutoscalers(
  kube: Pick<KubeClient, 'list' | 'versionsOf'>,
  subject: AutoscalerSubject,
): Promise<Look> {
  const { service, measures } = subject;
  const { scalers, unread } = await scalersOf(kube, subject);
  const active = scalers.filter(({ least, most }) => least !== service.replicas || most !== service.replicas);
  const told = scalers.map(({ shown, least, most }) => `${shown} (${least} to ${most})`).join(', ');
  if (active.length > 0 && measures) throw autoscaled(active, service);
  if (unread !== null) return notReadable(service.namespace, unread.what, 'list', unread.resource);
  if (scalers.length === 0) return { seen: 'no autoscaler has the replicas as its target' };
  if (active.length === 0) return { seen: `${told} holds the replicas at ${service.replicas}` };
  return { seen: `${told} changes the replicas; nothing is measured that needs a fixed number` };
}

async function scalersOf(
  kube: Pick<KubeClient, 'list' | 'versionsOf'>,
  { service, manifests }: AutoscalerSubject,
): Promise<{ scalers: Scaler[]; unread: { what: string; resource: string } | null }> {
  const { namespace, name } = service;
  const target = childName(name, '-kserve');
  const brought = (kind: string, group: string) =>
    manifests.filter(({ object }) => object.kind === kind && groupOf(object.apiVersion) === group);
  const ownHpas = brought('HorizontalPodAutoscaler', AUTOSCALING);
  const ownScaled = brought('ScaledObject', KEDA);
  const [keda] = await kube.versionsOf(KEDA);
  const [hpas, scaled] = await Promise.all([
    unlessForbidden(async () => (await kube.list('autoscaling/v2', 'HorizontalPodAutoscaler', { namespace })) ?? []),
    unlessForbidden(async () =>
      keda === undefined ? [] : ((await kube.list(`${KEDA}/${keda}`, 'ScaledObject', { namespace })) ?? []),
    ),
  ]);
  const beside = <T extends { metadata: { name: string } }>(own: readonly Manifest[], there: readonly T[] | null) =>
    (there ?? []).filter(({ metadata }) => !own.some(({ object }) => object.metadata.name === metadata.name));
  const scalers = [
    ...ownHpas.map((own) => ofHpa(own.object as HorizontalPodAutoscaler, target, own)),
    ...beside(ownHpas, hpas).map((each) => ofHpa(each, target, null)),
    ...ownScaled.map((own) => ofScaledObject(own.object as ScaledObject, target, own)),
    ...beside(ownScaled, scaled).map((each) => ofScaledObject(each, target, null)),
  ].filter((each) => each !== null);
  if (hpas === null)
    return { scalers, unread: { what: 'HorizontalPodAutoscalers', resource: 'horizontalpodautoscalers.autoscaling' } };
  return { scalers, unread: scaled === null ? { what: 'ScaledObjects', resource: 'scaledobjects.keda.sh' } : null };
}

/** KEDA makes an HPA of its own for each ScaledObject; it is reported by the ScaledObject that owns it. */
function ofHpa({ metadata, spec }: HorizontalPodAutoscaler, target: string, own: Manifest | null): Scaler | null {
  if (spec?.scaleTargetRef?.name !== target) return null;
  if (metadata.ownerReferences?.some(({ kind }) => kind === 'ScaledObject')) return null;
  const { minReplicas = 1, maxReplicas = Number.POSITIVE_INFINITY } = spec;
  return { shown: `HorizontalPodAutoscaler ${metadata.name}`, least: minReplicas, most: maxReplicas, own };
}

function ofScaledObject({ metadata, spec }: ScaledObject, target: string, own: Manifest | null): Scaler | null {
  if (spec?.scaleTargetRef?.name !== target) return null;
  if (PAUSED.some((name) => metadata.annotations?.[name] !== undefined)) return null;
  const { minReplicaCount = 0, maxReplicaCount = 100 } = spec;
  return { shown: `ScaledObject ${metadata.name}`, least: minReplicaCount, most: maxReplicaCount, own };
}

function autoscaled(active: readonly Scaler[], { name, namespace, replicas }: OneService['service']): Failure {
  const shown = active.map((each) => `${each.shown} (${each.least} to ${each.most} replicas)`).join(' and ');
  const own = active.find((each) => each.own !== null)?.own ?? null;
  const verb = active.length === 1 ? 'scales' : 'scale';
  return new Failure({
    stage: 'preflight',
    code: 'replicas-autoscaled',
    message: `${shown} ${verb} ${name} in ${namespace}: one replica is compared with a fixed number of others, so no autoscaler may change it while the pairs are measured.`,
    hint: `Set both limits to ${replicas}, pause a ScaledObject with the annotation autoscaling.keda.sh/paused: "true", or leave the autoscaler out of the manifests of a run that measures.`,
    ...(own
      ? {
          blame: 'change',
          evidence: { file: own.file, line: own.lineOf?.(['spec', 'scaleTargetRef']) ?? own.line },
        }
      : {}),
  });
}
