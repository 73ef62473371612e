/** Where an API server has a kind. */
export interface ApiResource {
  plural: string;
  namespaced: boolean;
}

const within = (plural: string): ApiResource => ({ plural, namespaced: true });
const ofCluster = (plural: string): ApiResource => ({ plural, namespaced: false });

/**
 * The kinds of `v1`, which an API server builds in: none can be installed, and none has changed since Kubernetes 1.16. So
 * nobody needs to ask for them. A test compares them with a real API server. One that is not here is asked for.
 */
export const CORE_KINDS: ReadonlyMap<string, ApiResource> = new Map([
  ['Binding', within('bindings')],
  ['ComponentStatus', ofCluster('componentstatuses')],
  ['ConfigMap', within('configmaps')],
  ['Endpoints', within('endpoints')],
  ['Event', within('events')],
  ['LimitRange', within('limitranges')],
  ['Namespace', ofCluster('namespaces')],
  ['Node', ofCluster('nodes')],
  ['PersistentVolume', ofCluster('persistentvolumes')],
  ['PersistentVolumeClaim', within('persistentvolumeclaims')],
  ['Pod', within('pods')],
  ['PodTemplate', within('podtemplates')],
  ['ReplicationController', within('replicationcontrollers')],
  ['ResourceQuota', within('resourcequotas')],
  ['Secret', within('secrets')],
  ['Service', within('services')],
  ['ServiceAccount', within('serviceaccounts')],
]);
