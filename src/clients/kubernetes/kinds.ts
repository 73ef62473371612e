import type {
  CoreV1Event,
  V1Container,
  V1ContainerStatus,
  V1DeploymentSpec,
  V1DeploymentStatus,
  V1LabelSelector,
  V1LeaseSpec,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1NodeSpec,
  V1NodeStatus,
  V1PodSpec,
  V1PodStatus,
  V1Probe,
  V1ResourceQuotaSpec,
  V1ResourceQuotaStatus,
} from '@kubernetes/client-node';
import type { KubeObject, ObjectMeta } from './objects.ts';

/**
 * A type of the client library as JSON brings it: times are text. What the API requires may still be missing in an object
 * that is partial, so readers tolerate its absence.
 */
export type AsRead<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? AsRead<Item>[]
    : T extends object
      ? { [Field in keyof T]: AsRead<T[Field]> }
      : T;

type Known<Spec, Status = unknown> = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: Spec;
  status?: Status;
};

/** A condition of any status; `reason` and `message` are for readers. */
export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  /** ISO 8601. */
  lastTransitionTime?: string;
  /** The object's generation that it is about; absent where the controller does not write it. */
  observedGeneration?: number;
}

export type Container = AsRead<V1Container>;
export type ContainerStatus = AsRead<V1ContainerStatus>;
export type Probe = AsRead<V1Probe>;
export type PodSpec = AsRead<V1PodSpec>;
export type Pod = Known<PodSpec, AsRead<V1PodStatus>>;
export type Deployment = Known<AsRead<V1DeploymentSpec>, AsRead<V1DeploymentStatus>>;
export type Node = Known<AsRead<V1NodeSpec>, AsRead<V1NodeStatus>>;
export type LeaseSpec = AsRead<V1LeaseSpec>;
export type Lease = Known<LeaseSpec>;
export type ResourceQuota = Known<AsRead<V1ResourceQuotaSpec>, AsRead<V1ResourceQuotaStatus>>;

/** Amounts by resource. The client library calls the field `default` by another name than JSON does. */
export interface LimitRangeItem {
  type?: string;
  min?: Amounts;
  max?: Amounts;
  default?: Amounts;
  defaultRequest?: Amounts;
  maxLimitRequestRatio?: Amounts;
}

export type Amounts = Readonly<Record<string, string | number>>;
export type LimitRange = Known<{ limits?: LimitRangeItem[] }>;

export type Event = Known<unknown> & Partial<Omit<AsRead<CoreV1Event>, 'apiVersion' | 'kind' | 'metadata'>>;
export type LabelSelector = AsRead<V1LabelSelector>;
export type NetworkPolicyPeer = AsRead<V1NetworkPolicyPeer>;
export type NetworkPolicyPort = AsRead<V1NetworkPolicyPort>;

/** The client library calls the field `from` by another name than JSON does. */
export interface NetworkPolicyRule {
  from?: NetworkPolicyPeer[];
  to?: NetworkPolicyPeer[];
  ports?: NetworkPolicyPort[];
}

export interface NetworkPolicySpec {
  podSelector?: LabelSelector;
  policyTypes?: string[];
  ingress?: NetworkPolicyRule[];
  egress?: NetworkPolicyRule[];
}

export type NetworkPolicy = Known<NetworkPolicySpec>;

/** Gateway API, `gateway.networking.k8s.io/v1`: what a route or a listener is attached to. */
export interface ParentRef {
  kind?: string;
  name: string;
  namespace?: string;
  sectionName?: string;
  port?: number;
}

export interface BackendRef {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  weight?: number;
}

export interface HTTPRouteRule {
  name?: string;
  matches?: { path?: { value?: string } }[];
  backendRefs?: BackendRef[];
}

/** What one gateway has reported on a route, or on a pool. */
export interface ParentStatus {
  parentRef?: ParentRef;
  conditions?: Condition[];
}

export type HTTPRoute = Known<
  { parentRefs?: ParentRef[]; hostnames?: string[]; rules?: HTTPRouteRule[] },
  { parents?: ParentStatus[] }
>;

interface Listener {
  name: string;
  protocol: string;
  port: number;
  allowedRoutes?: { namespaces?: { from?: string } };
}

export type Gateway = Known<
  { gatewayClassName?: string; listeners?: Listener[] },
  {
    addresses?: { value?: string }[];
    conditions?: Condition[];
    listeners?: { name: string; conditions?: Condition[] }[];
  }
>;

/** Of either group: v1 has `endpointPickerRef` and `parents`, v1alpha2 `extensionRef` and `parent`. */
export type InferencePool = Known<
  { endpointPickerRef?: { name?: string }; extensionRef?: { name?: string } },
  { parents?: ParentStatus[]; parent?: ParentStatus[] }
>;

/** KServe, `serving.kserve.io`, from v1alpha1 on. */
export type LLMInferenceService = Known<
  {
    baseRefs?: { name?: string }[];
    replicas?: number;
    /** An autoscaler's limits, in place of `replicas`. */
    scaling?: unknown;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    model?: { name?: string };
    template?: PodSpec;
    worker?: PodSpec;
    prefill?: { worker?: PodSpec };
    router?: {
      route?: { http?: { refs?: { name?: string }[]; spec?: { rules?: HTTPRouteRule[] } } };
      gateway?: { refs?: { name?: string; namespace?: string }[] };
      scheduler?: {
        replicas?: number;
        config?: { inline?: unknown; ref?: { name?: string; key?: string } };
        template?: PodSpec;
        pool?: { ref?: { name?: string }; spec?: InferencePool['spec'] };
      };
    };
  },
  { observedGeneration?: number; conditions?: Condition[] }
>;

/** Istio, `networking.istio.io`. */
export type DestinationRule = Known<{
  host?: string;
  exportTo?: string[];
  workloadSelector?: unknown;
  trafficPolicy?: TlsSettings & { portLevelSettings?: TlsSettings[] };
}>;

interface TlsSettings {
  tls?: { mode?: string; caCertificates?: string };
}

/** Istio, `security.istio.io`. */
export type PeerAuthentication = Known<{
  selector?: { matchLabels?: Record<string, string> };
  mtls?: { mode?: string };
  /** By the port of the pod. */
  portLevelMtls?: Record<string, { mode?: string }>;
}>;

export type HorizontalPodAutoscaler = Known<{
  scaleTargetRef?: { kind?: string; name?: string };
  minReplicas?: number;
  maxReplicas?: number;
}>;

/** KEDA, `keda.sh`. */
export type ScaledObject = Known<{
  scaleTargetRef?: { kind?: string; name?: string };
  minReplicaCount?: number;
  maxReplicaCount?: number;
}>;

export type PodDisruptionBudget = Known<
  { selector?: LabelSelector; minAvailable?: string | number; maxUnavailable?: string | number },
  { expectedPods?: number; disruptionsAllowed?: number }
>;

export interface EnvoyPatch {
  applyTo?: string;
  match?: {
    context?: string;
    listener?: { filterChain?: { filter?: { subFilter?: { name?: string } } } };
    routeConfiguration?: { vhost?: { route?: { name?: string } } };
  };
  patch?: { operation?: string; value?: unknown };
}

export type EnvoyFilter = Known<{
  workloadSelector?: { labels?: Record<string, string> };
  targetRefs?: { group?: string; kind?: string; name?: string; namespace?: string }[];
  configPatches?: EnvoyPatch[];
}>;

/** The kinds that are read field by field. */
export interface KindMap {
  Pod: Pod;
  Deployment: Deployment;
  Node: Node;
  Lease: Lease;
  LimitRange: LimitRange;
  ResourceQuota: ResourceQuota;
  Event: Event;
  NetworkPolicy: NetworkPolicy;
  HTTPRoute: HTTPRoute;
  Gateway: Gateway;
  InferencePool: InferencePool;
  LLMInferenceService: LLMInferenceService;
  DestinationRule: DestinationRule;
  EnvoyFilter: EnvoyFilter;
  PeerAuthentication: PeerAuthentication;
  HorizontalPodAutoscaler: HorizontalPodAutoscaler;
  ScaledObject: ScaledObject;
  PodDisruptionBudget: PodDisruptionBudget;
}

/** The type of an object by its kind; any other kind is a `KubeObject`, whose fields are unknown. */
export type ObjectOf<Kind extends string> = Kind extends keyof KindMap ? KindMap[Kind] : KubeObject;
