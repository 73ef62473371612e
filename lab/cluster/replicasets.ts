import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { ClusterClock } from './clock.ts';
import type { RecordEvent } from './events.ts';
import { suffix } from './names.ts';
import { deletePod, isOwnedBy, isReady, ownedBy, writeStatus } from './objects.ts';
import { qosClassOf } from './pod-status.ts';
import { DEPLOYMENTS, NAMESPACES, PODS, REPLICA_SETS } from './resources.ts';
import { withSidecar } from './sidecar.ts';
import { createWorkQueue } from './workqueue.ts';

const DEFAULT_PROXY = 'docker.io/istio/proxyv2:1.27.3';

/** Keeps the number of pods of every ReplicaSet, and its counts. */
export function startReplicaSets(options: {
  store: Store;
  clock: ClusterClock;
  record: RecordEvent;
  /** The API server's words for each pod of a workload that it does not take. */
  refusal: string | null;
  /** A webhook takes resources and node selector from the pods of a workload. */
  strips?: boolean;
}): { close(): void } {
  const { store, clock, record, refusal, strips = false } = options;
  const told = new Set<string>();

  const createPod = (set: KubeObject) => {
    const { namespace } = set.metadata;
    const pod: KubeObject = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...set.spec.template.metadata,
        name: `${set.metadata.name}-${suffix(clock.random)}`,
        generateName: `${set.metadata.name}-`,
        namespace: namespace as string,
        ownerReferences: ownedBy(set),
      },
      spec: set.spec.template.spec,
      status: { phase: 'Pending', qosClass: qosClassOf(set.spec.template as KubeObject) },
    };
    if (strips && pod.metadata.labels?.['kserve.io/component'] === 'workload') strip(pod);
    const created = store.create(
      PODS,
      withSidecar(pod, store.get(NAMESPACES, undefined, namespace as string), proxyImage(store)),
    );
    record(set, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
  };

  const reconcile = (key: string) => {
    const [namespace, name] = key.split('/') as [string, string];
    const set = store.get(REPLICA_SETS, namespace, name);
    if (!set || set.metadata.deletionTimestamp) return;
    const owned = store.list(PODS, namespace).filter((pod) => isOwnedBy(pod, set));
    const active = owned.filter((pod) => !pod.metadata.deletionTimestamp && pod.status?.phase !== 'Failed');
    const wanted = (set.spec.replicas ?? 1) as number;
    const refused = refusal !== null && set.spec.template.metadata?.labels?.['kserve.io/component'] === 'workload';
    if (refused && wanted > active.length && !told.has(key)) {
      told.add(key);
      record(set, 'Warning', 'FailedCreate', `Error creating: ${refusal}`);
    }
    for (let missing = wanted - active.length; missing > 0 && !refused; missing -= 1) createPod(set);
    // The least useful pods go first, as the real controller ranks them: unscheduled, then not ready, then the youngest.
    const rank = (pod: KubeObject) => (pod.spec.nodeName ? 1 : 0) + (isReady(pod) ? 2 : 0);
    const surplus = [...active].sort((a, b) => rank(a) - rank(b)).slice(0, Math.max(0, active.length - wanted));
    for (const pod of surplus) {
      deletePod(store, PODS, pod);
      record(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
    }
    const ready = active.filter((pod) => isReady(pod) && !surplus.includes(pod)).length;
    writeStatus(store, REPLICA_SETS, set, {
      replicas: Math.min(active.length, wanted),
      fullyLabeledReplicas: Math.min(active.length, wanted),
      readyReplicas: ready,
      availableReplicas: ready,
      observedGeneration: set.metadata.generation,
    });
  };

  const queue = createWorkQueue('replicaset', reconcile);
  const unsubscribe = store.subscribe(({ resource, object }) => {
    if (resource.plural === REPLICA_SETS.plural) queue.add(`${object.metadata.namespace}/${object.metadata.name}`);
    if (resource.plural !== PODS.plural || resource.group !== '') return;
    const owner = object.metadata.ownerReferences?.find((one) => one.kind === 'ReplicaSet');
    if (owner) queue.add(`${object.metadata.namespace}/${owner.name}`);
  });
  for (const set of store.list(REPLICA_SETS)) queue.add(`${set.metadata.namespace}/${set.metadata.name}`);
  return {
    close() {
      unsubscribe();
      queue.close();
    },
  };
}

function strip(pod: KubeObject): void {
  const { nodeSelector: _, ...spec } = pod.spec;
  const containers = spec.containers.map(({ resources: _resources, ...rest }: KubeObject) => ({
    ...rest,
    resources: {},
  }));
  pod.spec = { ...spec, containers };
}

/** The proxy of the same release as the control plane. */
function proxyImage(store: Store): string {
  const istiod = store.get(DEPLOYMENTS, 'istio-system', 'istiod');
  const image = istiod?.spec?.template?.spec?.containers?.[0]?.image as string | undefined;
  return image?.replace(/\/pilot:/, '/proxyv2:') ?? DEFAULT_PROXY;
}
