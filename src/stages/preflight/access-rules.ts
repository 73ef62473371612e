import { PLAN_MAP, REPORTS_MAP } from '../../load/shard/messages.ts';

/** One verb set on one resource of an API group; `pods/log` for a subresource. */
export interface AccessNeed {
  group: string;
  resource: string;
  verbs: readonly string[];
  /** The one object that it is for; absent where it is for all. */
  name?: string;
}

const STACK = ['get', 'list', 'create', 'patch', 'delete'] as const;

/** In the namespace of the stack: `manifests/rbac/serving.yaml`, and a test holds both together. */
export const SERVING_NEEDS: readonly AccessNeed[] = [
  { group: 'serving.kserve.io', resource: 'llminferenceservices', verbs: STACK },
  { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: STACK },
  { group: 'gateway.networking.k8s.io', resource: 'httproutes', verbs: STACK },
  { group: 'networking.istio.io', resource: 'destinationrules', verbs: STACK },
  { group: '', resource: 'services', verbs: STACK },
  { group: '', resource: 'pods', verbs: ['list', 'patch'] },
  { group: '', resource: 'pods/portforward', verbs: ['get', 'create'] },
  { group: '', resource: 'pods/log', verbs: ['get'] },
  { group: '', resource: 'events', verbs: ['list'] },
  { group: 'apps', resource: 'deployments', verbs: ['list'] },
];

/** In the namespace of the stack, of the groups that the cluster has. */
export const POOL_NEED: AccessNeed = {
  group: '',
  resource: 'inferencepools',
  verbs: ['get', 'create', 'patch', 'delete'],
};

/** In the namespace of the stack, for load clients in the cluster: `manifests/rbac/load.yaml`. */
export const LOAD_NEEDS: readonly AccessNeed[] = [
  { group: 'batch', resource: 'jobs', verbs: ['get', 'create', 'delete'] },
  { group: '', resource: 'configmaps', verbs: ['create'] },
  { group: '', resource: 'configmaps', verbs: ['patch'], name: PLAN_MAP },
  { group: '', resource: 'configmaps', verbs: ['get'], name: REPORTS_MAP },
];

/** In the namespace of the gateway, for the checks of a stack that the runner cannot reach: `manifests/rbac/load.yaml`. */
export const TUNNEL_NEEDS: readonly AccessNeed[] = [
  { group: '', resource: 'pods', verbs: ['list'] },
  { group: '', resource: 'pods/portforward', verbs: ['get', 'create'] },
];

/** In the namespace of the stack, for nodes that come by demand: `manifests/rbac/capacity.yaml`. */
export const HOLDER_NEEDS: readonly AccessNeed[] = [
  { group: '', resource: 'podtemplates', verbs: ['get', 'create', 'delete'] },
  { group: '', resource: 'pods', verbs: ['create', 'delete'] },
];

/** The same of a pool with queued provisioning. */
export const REQUEST_NEED: AccessNeed = {
  group: 'autoscaling.x-k8s.io',
  resource: 'provisioningrequests',
  verbs: ['get', 'create', 'delete'],
};

/** What holding nodes of a pool needs. */
export function holderNeeds({ queued }: { queued: boolean }): readonly AccessNeed[] {
  return queued ? [...HOLDER_NEEDS, REQUEST_NEED] : HOLDER_NEEDS;
}

/** In no namespace, for nodes that come by demand. */
export const PRIORITY_NEEDS: readonly AccessNeed[] = [
  { group: 'scheduling.k8s.io', resource: 'priorityclasses', verbs: ['get'], name: 'tpu-serving-gate-holder' },
];

/** In the namespace of the leases: `manifests/rbac/lease.yaml`. */
export const LEASE_NEEDS: readonly AccessNeed[] = [
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['get', 'create', 'update', 'delete'] },
];

/** In the namespace of the gateway: `manifests/rbac/gateway.yaml`. */
export const GATEWAY_NEEDS: readonly AccessNeed[] = [
  { group: 'gateway.networking.k8s.io', resource: 'gateways', verbs: ['get'] },
];

/** In no namespace: `manifests/rbac/nodes.yaml`. */
export const CLUSTER_NEEDS: readonly AccessNeed[] = [{ group: '', resource: 'nodes', verbs: ['list'] }];

const READING: readonly string[] = ['get', 'list'];

/** The part of a need that only reads, as a list of one or none. A port-forward sends requests, whatever its verb is. */
export function reading({ verbs, ...rest }: AccessNeed): AccessNeed[] {
  const left = rest.resource === 'pods/portforward' ? [] : verbs.filter((verb) => READING.includes(verb));
  return left.length > 0 ? [{ ...rest, verbs: left }] : [];
}
