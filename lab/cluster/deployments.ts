import { isDeepStrictEqual } from 'node:util';
import { isAbort } from '../errors.ts';
import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import type { ClusterClock } from './clock.ts';
import { deploymentStatus } from './deployment-status.ts';
import type { RecordEvent } from './events.ts';
import { templateHash } from './names.ts';
import { isOwnedBy, ownedBy, writeStatus } from './objects.ts';
import { canonicalTemplate, HASH_LABEL } from './pod-template.ts';
import { DEPLOYMENTS, PODS, REPLICA_SETS } from './resources.ts';
import { createWorkQueue } from './workqueue.ts';

/**
 * Deployments by way of ReplicaSets. A changed template replaces the pods: all old ones first, then the new ones. That
 * is the Recreate strategy, also where a RollingUpdate is asked for: on a pool with one node per pod a surge pod could
 * never be placed.
 */
export function startDeployments(options: { store: Store; clock: ClusterClock; record: RecordEvent }): {
  close(): void;
} {
  const { store, clock, record } = options;
  const stop = new AbortController();
  /** Rollouts under way by deployment: what has been reached, and the timer that gives up on them. */
  const rollouts = new Map<string, { progress: string; timer: AbortController; overdue: boolean }>();

  const scale = (set: KubeObject, replicas: number, deployment: KubeObject) => {
    if (set.spec.replicas === replicas) return;
    const up = replicas > set.spec.replicas;
    store.update(REPLICA_SETS, { ...set, spec: { ...set.spec, replicas } });
    const message = `Scaled ${up ? 'up' : 'down'} replica set ${set.metadata.name} from ${set.spec.replicas} to ${replicas}`;
    record(deployment, 'Normal', 'ScalingReplicaSet', message);
  };

  const createSet = (deployment: KubeObject, canonical: unknown): KubeObject => {
    const { template, selector } = deployment.spec;
    const { namespace, name } = deployment.metadata;
    let hash = templateHash(canonical);
    // A set of that name whose template was changed by hand is not for this template.
    for (let count = 1; store.get(REPLICA_SETS, namespace, `${name}-${hash}`); count += 1) {
      hash = templateHash([canonical, count]);
    }
    const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
    return store.create(REPLICA_SETS, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-${hash}`,
        namespace: namespace as string,
        labels,
        ownerReferences: ownedBy(deployment),
      },
      spec: {
        replicas: 0,
        selector: { matchLabels: { ...selector?.matchLabels, [HASH_LABEL]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
      status: { replicas: 0, observedGeneration: 1 },
    });
  };

  const reconcile = (key: string) => {
    const [namespace, name] = key.split('/') as [string, string];
    // What a real API server has filled in comes back here.
    if (store.isPending?.(DEPLOYMENTS, namespace, name)) return;
    const deployment = store.get(DEPLOYMENTS, namespace, name);
    if (!deployment || deployment.metadata.deletionTimestamp) {
      rollouts.get(key)?.timer.abort();
      rollouts.delete(key);
      return;
    }
    const wanted = (deployment.spec.replicas ?? 1) as number;
    const canonical = canonicalTemplate(deployment.spec.template);
    const sets = store.list(REPLICA_SETS, namespace).filter((set) => isOwnedBy(set, deployment));
    const fits = (set: KubeObject) => isDeepStrictEqual(canonicalTemplate(set.spec.template), canonical);
    const current = sets.find(fits) ?? createSet(deployment, canonical);
    const old = sets.filter((set) => set.metadata.uid !== current.metadata.uid);
    for (const set of old) scale(set, 0, deployment);
    const remaining = store.list(PODS, namespace).filter((pod) => old.some((set) => isOwnedBy(pod, set)));
    if (remaining.length === 0) scale(current, wanted, deployment);

    const fresh = store.get(REPLICA_SETS, namespace, current.metadata.name) as KubeObject;
    const counts = { wanted, old: remaining.length, set: fresh };
    const complete = fresh.status.readyReplicas === wanted && remaining.length === 0;
    const overdue = watchProgress(
      key,
      complete,
      JSON.stringify([current.metadata.name, wanted, fresh.status]),
      deployment,
    );
    writeStatus(store, DEPLOYMENTS, deployment, deploymentStatus(deployment, counts, { complete, overdue }));
  };

  /** Progress starts the deadline anew; true once a rollout has gone without progress for longer than that. */
  const watchProgress = (key: string, complete: boolean, progress: string, deployment: KubeObject): boolean => {
    const known = rollouts.get(key);
    if (complete) {
      known?.timer.abort();
      rollouts.delete(key);
      return false;
    }
    if (known?.progress === progress) return known.overdue;
    known?.timer.abort();
    const rollout = { progress, timer: new AbortController(), overdue: false };
    rollouts.set(key, rollout);
    const limit = (deployment.spec.progressDeadlineSeconds ?? 600) as number;
    clock.pause(limit, AbortSignal.any([stop.signal, rollout.timer.signal])).then(
      () => {
        rollout.overdue = true;
        queue.add(key);
      },
      (error: unknown) => {
        if (!isAbort(error)) throw error;
      },
    );
    return false;
  };

  const queue = createWorkQueue('deployment', reconcile);
  const keyOf = (object: KubeObject) => `${object.metadata.namespace}/${object.metadata.name}`;
  const unsubscribe = store.subscribe(({ type, resource, object }) => {
    if (resource.plural === DEPLOYMENTS.plural) queue.add(keyOf(object));
    const owner = object.metadata.ownerReferences?.find((one) => one.kind === 'Deployment');
    if (owner && resource.plural === REPLICA_SETS.plural) queue.add(`${object.metadata.namespace}/${owner.name}`);
    // The last old pod to go lets the new ones come.
    if (type === 'DELETED' && resource.plural === PODS.plural && resource.group === '') {
      for (const deployment of store.list(DEPLOYMENTS, object.metadata.namespace)) queue.add(keyOf(deployment));
    }
  });
  for (const deployment of store.list(DEPLOYMENTS)) queue.add(keyOf(deployment));
  return {
    close() {
      unsubscribe();
      queue.close();
      stop.abort();
    },
  };
}
