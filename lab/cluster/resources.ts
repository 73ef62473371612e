import type { ResourceKey } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';

const key = (group: string, plural: string): ResourceKey => ({ group, plural });

export const NAMESPACES = key('', 'namespaces');
export const NODES = key('', 'nodes');
export const PODS = key('', 'pods');
export const SERVICES = key('', 'services');
export const SECRETS = key('', 'secrets');
export const CONFIG_MAPS = key('', 'configmaps');
export const SERVICE_ACCOUNTS = key('', 'serviceaccounts');
export const EVENTS = key('', 'events');
const RESOURCE_QUOTAS = key('', 'resourcequotas');
const LIMIT_RANGES = key('', 'limitranges');
export const PRIORITY_CLASSES = key('scheduling.k8s.io', 'priorityclasses');
export const PROVISIONING_REQUESTS = key('autoscaling.x-k8s.io', 'provisioningrequests');
export const DISRUPTION_BUDGETS = key('policy', 'poddisruptionbudgets');
const POD_AUTOSCALERS = key('autoscaling', 'horizontalpodautoscalers');
export const JOBS = key('batch', 'jobs');
export const DEPLOYMENTS = key('apps', 'deployments');
export const REPLICA_SETS = key('apps', 'replicasets');
export const ENDPOINT_SLICES = key('discovery.k8s.io', 'endpointslices');
export const NETWORK_POLICIES = key('networking.k8s.io', 'networkpolicies');
export const ROLES = key('rbac.authorization.k8s.io', 'roles');
export const ROLE_BINDINGS = key('rbac.authorization.k8s.io', 'rolebindings');
export const CLUSTER_ROLE_BINDINGS = key('rbac.authorization.k8s.io', 'clusterrolebindings');
export const CRDS = key('apiextensions.k8s.io', 'customresourcedefinitions');
export const LLM_SERVICES = key('serving.kserve.io', 'llminferenceservices');
export const HTTP_ROUTES = key('gateway.networking.k8s.io', 'httproutes');
export const GATEWAYS = key('gateway.networking.k8s.io', 'gateways');
export const GATEWAY_CLASSES = key('gateway.networking.k8s.io', 'gatewayclasses');
export const INFERENCE_MODELS = key('inference.networking.x-k8s.io', 'inferencemodels');
export const PEER_AUTHENTICATIONS = key('security.istio.io', 'peerauthentications');
export const DESTINATION_RULES = key('networking.istio.io', 'destinationrules');

/** The two API groups of InferencePool: v1alpha2 before, v1 after its promotion. */
export const POOL_GROUPS = ['inference.networking.x-k8s.io', 'inference.networking.k8s.io'] as const;
export type PoolGroup = (typeof POOL_GROUPS)[number];
export const poolsOf = (group: PoolGroup): ResourceKey => key(group, 'inferencepools');

const BUILT_IN: Record<string, ResourceKey> = {
  Namespace: NAMESPACES,
  Node: NODES,
  Pod: PODS,
  Service: SERVICES,
  Secret: SECRETS,
  ConfigMap: CONFIG_MAPS,
  ServiceAccount: SERVICE_ACCOUNTS,
  Event: EVENTS,
  ResourceQuota: RESOURCE_QUOTAS,
  LimitRange: LIMIT_RANGES,
  Deployment: DEPLOYMENTS,
  ReplicaSet: REPLICA_SETS,
  EndpointSlice: ENDPOINT_SLICES,
  NetworkPolicy: NETWORK_POLICIES,
  HorizontalPodAutoscaler: POD_AUTOSCALERS,
  PodDisruptionBudget: DISRUPTION_BUDGETS,
  PriorityClass: PRIORITY_CLASSES,
  CustomResourceDefinition: CRDS,
};

/** The collection of an object: built-in kinds by table, others by the given CRDs. Throws for a kind of neither. */
export function resourceOf(object: KubeObject, crds: KubeObject[]): ResourceKey {
  const group = object.apiVersion.includes('/') ? (object.apiVersion.split('/')[0] as string) : '';
  const builtIn = BUILT_IN[object.kind];
  if (builtIn && builtIn.group === group) return builtIn;
  const crd = crds.find((one) => one.spec.group === group && one.spec.names.kind === object.kind);
  if (!crd) throw new Error(`no resource for kind ${object.kind} of ${object.apiVersion}: its CRD is not seeded`);
  return key(group, crd.spec.names.plural as string);
}
