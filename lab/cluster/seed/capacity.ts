import type { KubeObject } from '../../protocol.ts';
import { definition } from './crd.ts';
import * as s from './schema.ts';

/** ProvisioningRequest as GKE serves it: kubernetes/autoscaler, apis/provisioningrequest/autoscaling.x-k8s.io. */
export function provisioningRequestDefinition(): KubeObject {
  const podSet = s.object(
    { count: { ...s.int32, minimum: 1 }, podTemplateRef: s.object({ name: s.string }, ['name']) },
    ['count', 'podTemplateRef'],
  );
  const spec = s.object({ provisioningClassName: s.string, parameters: s.stringMap, podSets: s.list(podSet) }, [
    'provisioningClassName',
    'podSets',
  ]);
  const status = s.object({ conditions: s.conditions, provisioningClassDetails: s.stringMap });
  return definition({
    ...{ group: 'autoscaling.x-k8s.io', kind: 'ProvisioningRequest', plural: 'provisioningrequests' },
    annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/autoscaler/pull/5848' },
    shortNames: ['provreq', 'provreqs'],
    versions: [{ name: 'v1', schema: s.resource(spec, status, true) }],
  });
}

/** The class of the pods that hold nodes, as `manifests/rbac/capacity.yaml` has it. */
export function holderPriority(): KubeObject {
  return {
    ...{ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'tpu-serving-gate-holder' } },
    ...{ value: -1, globalDefault: false, preemptionPolicy: 'Never' },
  };
}
