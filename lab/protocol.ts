/**
 * How the lab's processes talk to each other: HTTP + JSON on loopback control ports that the product never sees.
 * Every time in a config is in seconds of cluster time; the wall clock runs `timeScale` times faster.
 */
import type { KserveVersion } from './cluster/kserve-versions.ts';
import type { Scenario } from './scenarios/scenarios.ts';
import type { RefusedCall } from './scenarios/types.ts';

export interface PemPair {
  /** PEM certificate, valid for 127.0.0.1 and localhost. */
  cert: string;
  /** PEM private key. */
  key: string;
}

export interface CommonConfig {
  timeScale: number;
  /** Seed of every random draw, so that a run can be repeated. */
  seed: number;
  scenario: Scenario;
}

// --- gcp: Container API, GitHub OIDC, STS, IAM credentials, OAuth token endpoint -------------------------------------

export interface GcpConfig extends CommonConfig {
  project: string;
  projectNumber: string;
  location: string;
  cluster: string;
  /** `host:port` of the Kubernetes API, published as the cluster's endpoint. */
  clusterEndpoint: string;
  clusterCaPem: string;
  nodePool: { name: string; machineType: string; tpuTopology: string; chipsPerNode: number; initialNodeCount: number };
  /** Secret that signs every access token; the Kubernetes API verifies with the same. */
  tokenSecret: string;
  /** Public half of the service account key that the OAuth endpoint accepts, PEM. */
  serviceAccount: { email: string; publicKeyPem: string };
  /** Service accounts by e-mail. Without them every job may become `serviceAccount`, which may do anything. */
  accounts?: Record<string, LabAccount>;
  kubeControlUrl: string;
}

/** A service account that some jobs may become. */
export interface LabAccount {
  /** Subjects of the jobs' tokens, as `roles/iam.workloadIdentityUser` is bound to them. */
  subjects: readonly string[];
  /** Whether it may only read, in Google Cloud and in the cluster. */
  readOnly: boolean;
}

export interface IamBinding {
  role: string;
  members: string[];
}

/** What IAM knows of the project. PATCH {gcp.controlUrl}/iam changes parts of it. Tokens do not depend on it. */
export interface IamState {
  /** By their full names. */
  providers: Record<
    string,
    {
      oidc: { issuerUri: string };
      attributeMapping: Record<string, string>;
      attributeCondition?: string;
      disabled?: boolean;
    }
  >;
  /** Permissions of custom roles, by their full names. */
  roles: Record<string, string[]>;
  projectBindings: IamBinding[];
  /** Policies of the service accounts that there are, by e-mail. */
  accounts: Record<string, IamBinding[]>;
  /** Permissions that whoever asks does not have. */
  denied: string[];
}

export interface GcpPorts {
  /** Base of all five APIs, `http://127.0.0.1:PORT`. */
  url: string;
  /** Value for ACTIONS_ID_TOKEN_REQUEST_URL (ends in `?api-version=1`) and its bearer. */
  oidcRequestUrl: string;
  oidcRequestToken: string;
  /** A pull-through mirror of every registry. */
  registryUrl: string;
  controlUrl: string;
}

/** GET {gcp.controlUrl}/record */
export interface GcpRecord {
  /** Every API request in order, without bodies of token calls. */
  requests: { at: number; method: string; path: string; status: number; body?: unknown }[];
  /** Accepted setSize calls in order. */
  resizes: { at: number; pool: string; nodeCount: number; operation: string }[];
  /** Every operation in order, whoever began it. */
  operations: { name: string; type: string; target: string; startTime: string; endTime: string | null }[];
  /** VMs that exist now (billing), per pool. */
  nodes: Record<string, string[]>;
  /** What the managed instance group is asked to hold, per pool. */
  targetSize: Record<string, number>;
  registry: RegistryRecord;
}

/** Every request that a registry was asked by, and whether it carried credentials. */
export interface RegistryRecord {
  requests: { at: number; method: string; path: string; registry: string; status: number; credentials: boolean }[];
}

// --- kube: Kubernetes API, controllers, kubelet -------------------------------------------------------------------

export interface KubeConfig extends CommonConfig {
  tls: PemPair;
  caPem: string;
  tokenSecret: string;
  servingControlUrl: string;
  namespace: string;
  gateway: {
    namespace: string;
    name: string;
    /** `http://127.0.0.1:PORT` */
    url: string;
    /** Loopback port of its Envoy's admin listener, which a pod has at 15000. */
    adminPort: number;
  };
  /** Users who may only read. */
  readers?: string[];
  /** Objects that exist before the run: namespaces, secrets, CRDs, the gateway, Pattern 1. */
  seedObjects: KubeObject[];
  /** Which controller of KServe the cluster has; ODH v0.15 unless given. */
  kserve?: KserveVersion;
  /** Where given, a real kube-apiserver stands in for the lab's own. */
  apiServer?: RealApiServer;
  /** Where given, all parts in this folder stand in for the lab's own; the serving side is left with the replicas. */
  stack?: RealStack;
}

export interface RealStack {
  /** What `scripts/stack-assets` prints. */
  assets: string;
  /** What `scripts/vllm-assets` prints; the lab's own replicas serve without it. */
  vllm?: string;
  /** Roles and bindings: all that the gate's identity may do. */
  rbac: KubeObject[];
  /** Objects that an administrator adds once the stack serves. */
  add: KubeObject[];
  /** Says on stderr how long each part took, and keeps the logs of all programs. */
  verbose: boolean;
}

export interface RealApiServer {
  /** Folder with kube-apiserver and etcd. */
  assets: string;
  /** Roles and bindings: all that the gate's identity may do. */
  rbac: KubeObject[];
}

export interface KubePorts {
  /** `127.0.0.1:PORT` of the API server (TLS). */
  endpoint: string;
  /** The authority of its certificate. */
  caPem: string;
  /** Of a real API server: what an administrator has. */
  adminToken?: string;
  controlUrl: string;
}

/** PUT {kube.controlUrl}/node-pools/{pool}: the VMs that exist now; the node controller makes Node objects follow. */
export interface NodePoolState {
  machineType: string;
  tpuTopology: string;
  chipsPerNode: number;
  zone: string;
  /** Value of `cloud.google.com/gke-tpu-accelerator`; that of Trillium unless given. */
  accelerator?: string;
  /** What GKE adds by the way in which the machines are paid for. */
  labels?: Record<string, string>;
  nodes: { name: string; createdAt: string }[];
}

/** GET {kube.controlUrl}/node-pools/{pool}/demand: what an autoscaler of the pool sees of the cluster. */
export interface DemandView {
  /** New nodes that the waiting pods would fill. */
  needed: number;
  pending: { namespace: string; name: string }[];
  /** Nodes that are Ready with their chips, without any pod, and with a pod that may not be evicted. */
  usable: string[];
  idle: string[];
  pinned: string[];
  requests: { namespace: string; name: string; count: number; conditions: Record<string, string> }[];
}

/** POST {kube.controlUrl}/node-pools/{pool}/events: what the autoscaler notes about a pod. */
export interface ScaleEvent {
  namespace: string;
  name: string;
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

/** GET {kube.controlUrl}/record */
export interface KubeRecord {
  requests: { at: number; method: string; path: string; status: number; user: string; userAgent: string }[];
  /** Writes of the lab's controllers that a real API server did not take; each is a defect of theirs. */
  refusedWrites: string[];
  /** When each fault could be seen first, in wall milliseconds. */
  faults: { at: number; what: string }[];
  /** Of a real stack: the processes that run now. */
  programs?: ProgramRecord[];
}

export interface ProgramRecord {
  namespace: string;
  pod: string;
  container: string;
  image: string;
  pid: number;
}

// --- serving: vLLM replicas, gateway, endpoint picker ---------------------------------------------------------------

export interface ServingConfig extends CommonConfig {
  tls: PemPair;
}

export interface ServingPorts {
  /** `http://127.0.0.1:PORT` of the gateway's listener. */
  gatewayUrl: string;
  /** Loopback port of the admin listener of the gateway's Envoy. */
  gatewayAdminPort: number;
  controlUrl: string;
}

/** PUT {serving.controlUrl}/replicas/{namespace}/{pod} starts a vLLM process' worth of server; answers `{port}`. */
export interface ReplicaStart {
  /** The container's full command line, flags included; the server reads its model id, length and caching from it. */
  args: string[];
  /** From the flags: whether it serves TLS. */
  tls: boolean;
  /** Where it listens; a free port of 127.0.0.1 unless given. */
  listen?: { host: string; port: number };
}

export interface ReplicaPort {
  port: number;
}

/** PUT {serving.controlUrl}/gateway: the whole routing table, replaced at once. An exact path wins, then the longest prefix, then the most headers. */
export interface GatewayTable {
  routes: GatewayRoute[];
}

export interface GatewayRoute {
  /** `namespace/httproute/ruleIndex`. */
  name: string;
  pathPrefix: string;
  /** The path must be that and no longer. */
  exact?: boolean;
  /** All of them must be there, with these values. */
  headers?: { name: string; value: string }[];
  /** URLRewrite ReplacePrefixMatch; null leaves the path alone. */
  replacePrefix: string | null;
  /** Headers that are set on each response, name and value in turn. */
  setHeaders?: string[];
  backend: GatewayBackend | null;
}

export interface GatewayBackend {
  kind: 'InferencePool' | 'Service';
  name: string;
  /** TLS towards the backend, from the DestinationRule or the pool; a mismatch with the replica's own gives a 503. */
  tls: boolean;
  /** Name of Envoy's cluster for it. */
  cluster: string;
  /** `address`: the pod's own, `IP:PORT`, by which Envoy counts. */
  endpoints: { namespace: string; pod: string; port: number; address: string }[];
  /** False: a NetworkPolicy keeps the gateway from all of them. */
  reachable: boolean;
  /** Of an InferencePool; null for a Service. */
  picker: GatewayPicker | null;
}

/** The endpoint picker of a pool, as the gateway's Envoy sees it. */
export interface GatewayPicker {
  /** Of the live --config-text; empty while no pod is Ready. */
  scorers: readonly { name: string; weight: number }[];
  /** Name of Envoy's cluster for it. */
  cluster: string;
  /** `IP:PORT` of its Ready pod; null while the EndpointSlice lists none. */
  address: string | null;
  /** `IP:PORT` of its pods that are not Ready. */
  unready: string[];
  /** False: an EnvoyFilter has erased ext_proc of the route, so that Envoy does not ask. */
  asked: boolean;
  /** False: a NetworkPolicy keeps the gateway from it. */
  reachable: boolean;
  /** Whether Envoy speaks TLS to it, by the DestinationRule, and whether it serves TLS, by its flags. */
  tls: boolean;
  servesTls: boolean;
  /** `failureMode` of the pool. */
  failOpen: boolean;
}

/** GET {serving.controlUrl}/record */
export interface ServingRecord {
  /** `loadedMs`: wall time with at least one request in flight. */
  gateway: { requests: number; byRoute: Record<string, number>; loadedMs: number };
  /** `startedAt`: when it last began to serve, in wall milliseconds. */
  replicas: Record<string, { requests: number; port: number; startedAt: number }>;
}

// --- github ---------------------------------------------------------------------------------------------------------

export interface GithubConfig {
  token: string;
  /** Login that the token acts as, e.g. `github-actions[bot]`. */
  login: string;
  repository: string;
  pullRequests: number[];
  /** Commits at the heads of pull requests, by number; the same one for any other. Also set by PUT /pulls/N {head}. */
  heads?: Record<number, string>;
  /** Repositories that heads of pull requests lie in, by number; the repository itself for any other. */
  forks?: Record<number, string>;
  /** What people may do, by login, as GitHub puts it: `admin`, `write`, `read` or `none`. `octocat` may write. */
  permissions?: Record<string, string>;
  /** Answers from the past after each write: to "where is the branch", and to a list of comments. None by default. */
  staleReads?: number;
  /** Permissions that the token does not have: `checks`, `contents`, `issues`, `deployments`, `pull-requests`. */
  denied?: string[];
  /** Calls that are refused, whatever the token may do. */
  refused?: readonly RefusedCall[];
  /** The first writes meet a secondary rate limit. */
  secondaryLimit?: { writes: number; retryAfterS: number };
}

/** What a repository was set up with. PATCH {github.controlUrl}/repository changes parts of it. */
export interface GithubRepository {
  /** Of the default branch, by path. */
  files: Record<string, string>;
  /** Logins of the required reviewers, by environment. */
  environments: Record<string, string[]>;
  variables: Record<string, string>;
  labels: string[];
  protectedBranches: string[];
}

export interface GithubPorts {
  apiUrl: string;
  graphqlUrl: string;
  controlUrl: string;
}

/** GET {github.controlUrl}/record */
export interface GithubRecord {
  requests: { at: number; method: string; path: string; status: number }[];
  comments: { id: number; pullRequest: number; author: string; body: string; edits: number }[];
  issues: { number: number; title: string; body: string; edits: number; state: 'open' | 'closed' }[];
  deployments: {
    id: number;
    ref: string;
    environment: string;
    statuses: { state: string; description: string; environmentUrl: string; logUrl: string }[];
  }[];
  reactions: { comment: number; content: string }[];
  statuses: { sha: string; state: string; context: string; description: string; targetUrl: string }[];
  checkRuns: {
    id: number;
    name: string;
    headSha: string;
    externalId: string;
    status: string;
    conclusion: string | null;
    detailsUrl: string;
    title: string;
    summary: string;
    annotations: { path: string; startLine: number; endLine: number; level: string; title: string; message: string }[];
    /** How often it was brought up to date. */
    edits: number;
  }[];
  /** Files of each branch, by path. */
  branches: Record<string, Record<string, string>>;
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
    finalizers?: string[];
    managedFields?: unknown[];
    [key: string]: unknown;
  };
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind, as JSON
  [key: string]: any;
}
