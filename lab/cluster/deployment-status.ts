import type { KubeObject } from '../protocol.ts';
import { type Condition, nowIso, withCondition } from './objects.ts';

/** A Deployment's status from its newest ReplicaSet and the pods of the older ones, worded as by the real controller. */
export function deploymentStatus(
  deployment: KubeObject,
  counts: { wanted: number; old: number; set: KubeObject },
  rollout: { complete: boolean; overdue: boolean },
): Record<string, unknown> {
  const { wanted, old, set } = counts;
  const ready = (set.status.readyReplicas ?? 0) as number;
  const pods = (set.status.replicas ?? 0) as number;
  const enough = ready >= wanted - maxUnavailable(deployment, wanted);
  const before = deployment.status?.conditions as Condition[] | undefined;
  const available: Condition = enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
  const conditions = withCondition(
    withCondition(before, stamped(before, available)),
    stamped(before, progressing(set.metadata.name, rollout)),
  );
  return {
    observedGeneration: deployment.metadata.generation,
    ...(pods + old > 0 ? { replicas: pods + old } : {}),
    ...(pods > 0 ? { updatedReplicas: pods } : {}),
    ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
    ...(wanted - ready > 0 ? { unavailableReplicas: wanted - ready } : {}),
    conditions,
  };
}

function progressing(set: string, rollout: { complete: boolean; overdue: boolean }): Condition {
  const name = `ReplicaSet "${set}"`;
  if (rollout.complete) {
    const message = `${name} has successfully progressed.`;
    return { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message };
  }
  if (rollout.overdue) {
    const message = `${name} has timed out progressing.`;
    return { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message };
  }
  return { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: `${name} is progressing.` };
}

/** lastUpdateTime moves with the reason; a status that says the same again must not make a new revision. */
function stamped(before: Condition[] | undefined, next: Condition): Condition {
  const known = before?.find((condition) => condition.type === next.type);
  const same = known?.status === next.status && known.reason === next.reason && known.message === next.message;
  return { ...next, lastUpdateTime: (same ? known.lastUpdateTime : undefined) ?? nowIso() };
}

function maxUnavailable(deployment: KubeObject, wanted: number): number {
  const { type, rollingUpdate } = deployment.spec.strategy ?? {};
  if (type === 'Recreate') return 0;
  const given: number | string = rollingUpdate?.maxUnavailable ?? '25%';
  return typeof given === 'number' ? given : Math.floor((wanted * Number.parseInt(given, 10)) / 100);
}
