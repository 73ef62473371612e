import type { Failure } from '../lib/failure.ts';
import type { ManifestLocation, Report } from '../report/model.ts';

export interface ConditionEvidence {
  type: string;
  status: string;
  reason: string;
  message: string;
}

export interface ContainerEvidence {
  name: string;
  /** An init container that is not a sidecar. */
  init: boolean;
  image: string;
  ready: boolean;
  restarts: number;
  state: 'waiting' | 'running' | 'terminated' | 'unknown';
  reason: string;
  message: string;
  exitCode: number | null;
  /** How it ended the last time. */
  last: { reason: string; exitCode: number | null; message: string } | null;
  /** Its command and arguments as one line. */
  command: string;
  /** Path and scheme of its readiness probe, and seconds until the liveness or startup probe ends it. */
  probe: { scheme: string; path: string } | null;
  graceSeconds: number | null;
  /** Last lines of its log, oldest first. */
  log: string[];
}

export type PodRole = 'replica' | 'endpoint-picker' | 'gateway';

export interface PodEvidence {
  name: string;
  namespace: string;
  role: PodRole;
  node: string | null;
  phase: string;
  /** Of the pod itself: `Evicted`, `UnexpectedAdmissionError`. */
  reason: string;
  message: string;
  ready: boolean;
  terminating: boolean;
  labels: Record<string, string>;
  conditions: ConditionEvidence[];
  containers: ContainerEvidence[];
}

export interface EventEvidence {
  type: string;
  reason: string;
  kind: string;
  name: string;
  message: string;
  count: number;
}

export interface NodeEvidence {
  name: string;
  ready: boolean;
  readyMessage: string;
  chips: number;
  unschedulable: boolean;
  taints: string[];
  accelerator: string | null;
  topology: string | null;
}

export interface RouteEvidence {
  name: string;
  namespace: string;
  own: boolean;
  /** Made by this gate for one of its arms. */
  gates: boolean;
  createdAt: string;
  hostnames: string[];
  pools: { group: string; name: string }[];
  /** Name of each rule; null of one that has none, which Istio then knows by its place. */
  rules: (string | null)[];
  conditions: ConditionEvidence[];
}

export interface FilterEvidence {
  name: string;
  namespace: string;
  /** It replaces the router's configuration of a route and names no gRPC service: the endpoint picker is lost. */
  erasesPicker: boolean;
  /** It has the gateway keep bodies back, which a picker that answers to streamed ones alone never gets. */
  buffers: boolean;
  /** Routes that it names. */
  routes: string[];
  /** It changes the connection to the endpoint picker. */
  patchesCluster: boolean;
}

/** A connection that the stack needs and a NetworkPolicy that stops it. */
export interface BlockedFlow {
  flow: string;
  direction: 'ingress' | 'egress';
  /** The policies that isolate the pod and have no rule for the flow. */
  policies: string[];
}

/** What the cluster and the cloud say of a run that did not pass. Bounded, redacted, hostile text. */
export interface ClusterEvidence {
  collectedAt: string;
  /** What could not be asked, and why. */
  gaps: string[];
  service: {
    name: string;
    namespace: string;
    generation: number;
    observedGeneration: number | null;
    conditions: ConditionEvidence[];
  } | null;
  pods: PodEvidence[];
  deployments: { name: string; wanted: number; ready: number; conditions: ConditionEvidence[] }[];
  events: EventEvidence[];
  nodes: NodeEvidence[];
  pool: { status: string; conditions: string[]; operations: string[] } | null;
  /** TPU pods of others on the nodes of the pool, as far as they may be listed. */
  strangers: string[];
  routes: RouteEvidence[];
  inferencePools: { group: string; name: string; conditions: ConditionEvidence[] }[];
  gateway: {
    name: string;
    namespace: string;
    className: string;
    addresses: string[];
    conditions: ConditionEvidence[];
  } | null;
  /** Image of istiod and of the KServe controllers; null when they could not be read. */
  istiodImage: string | null;
  controllerImages: string[];
  filters: FilterEvidence[];
  /** TLS mode of each DestinationRule's host. */
  destinationRules: { name: string; host: string; mode: string; caCertificates: string; gates: boolean }[];
  blocked: BlockedFlow[];
  /** Every NetworkPolicy that was looked at, `namespace/name`. */
  policies: string[];
  /** What the gateway's own Envoys have counted for the service, a line for each host. */
  gatewayCounters: string[];
}

/** An object that the manifests bring, and where. */
export interface OwnObject {
  kind: string;
  namespace: string;
  name: string;
  file: string;
  /** 1-based; null when a tool rendered the manifests. */
  line: number | null;
}

/** What a rule may look at. */
export interface Evidence {
  /** What ended the run; null for one that ended by its verdict. */
  failure: Failure | null;
  report: Report;
  /** Null when the cluster was never reached, or could not be asked. */
  cluster: ClusterEvidence | null;
  /** Further raw lines, newest last. Hostile text. */
  lines: string[];
  /** What the manifests bring themselves; nothing of it was in the cluster before. */
  own?: readonly OwnObject[];
  /** Where the manifests have a text or a field; null where they do not, or when a tool rendered them. */
  locate?: (wanted: { text?: RegExp; path?: readonly (string | number)[] }) => Omit<ManifestLocation, 'message'> | null;
}
