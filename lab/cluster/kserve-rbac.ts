import type { KubeObject } from '../protocol.ts';
import { namesOf, schedulerLabels } from './kserve-names.ts';
import { child } from './kserve-workload.ts';
import { childName } from './objects.ts';

const RBAC = 'rbac.authorization.k8s.io';
const READ = ['get', 'list', 'watch'];
const POOLS = ['inference.networking.k8s.io', 'inference.networking.x-k8s.io'];

/** Name of the ClusterRoleBinding of a service's endpoint picker. */
export function authBindingName({ metadata }: KubeObject): string {
  return childName(metadata.namespace as string, `-${metadata.name}-epp-auth-rb`);
}

/** What the endpoint picker's ServiceAccount may do in its namespace. */
export function schedulerRole(service: KubeObject): KubeObject {
  const { name } = service.metadata;
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: child(service, namesOf(name).schedulerRole, schedulerLabels(name)),
    rules: [
      { apiGroups: [''], resources: ['pods'], verbs: READ },
      { apiGroups: POOLS, resources: ['inferencepools', 'inferenceobjectives', 'inferencemodels'], verbs: READ },
      { apiGroups: [POOLS[1]], resources: ['inferencemodelrewrites', 'inferencepoolimports'], verbs: READ },
      { apiGroups: ['llm-d.ai'], resources: ['inferenceobjectives', 'inferencemodelrewrites'], verbs: READ },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        verbs: [...READ, 'create', 'update', 'patch', 'delete'],
      },
    ],
  };
}

export function schedulerRoleBinding(service: KubeObject): KubeObject {
  const { name } = service.metadata;
  const names = namesOf(name);
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: child(service, names.schedulerRoleBinding, schedulerLabels(name)),
    subjects: subjectsOf(service),
    roleRef: { apiGroup: RBAC, kind: 'Role', name: names.schedulerRole },
  };
}

/** Lets the picker check who asks for its metrics. It is of the whole cluster, so it has no owner in a namespace. */
export function schedulerAuthBinding(service: KubeObject): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: authBindingName(service), labels: schedulerLabels(service.metadata.name) },
    subjects: subjectsOf(service),
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'system:auth-delegator' },
  };
}

function subjectsOf({ metadata }: KubeObject) {
  return [{ kind: 'ServiceAccount', name: namesOf(metadata.name).schedulerAccount, namespace: metadata.namespace }];
}
