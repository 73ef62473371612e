/** A zone that has `arrive` nodes and reports why it has no more, after so many seconds of cluster time. */
export interface ResizeFault {
  arrive: number;
  /** One of those that the lab words as GKE does, or GKE's words for another, as `[CODE]: sentence`. */
  reason: 'stockout' | 'quota' | 'service-account' | 'ip-space' | 'internal' | { words: string };
  afterSeconds: number;
  /** The group goes on asking and gets one node each time this has passed; null when it never does. */
  chaseSeconds: number | null;
}

/** A cluster autoscaler of a node pool. Times are cluster seconds. */
export interface Autoscaler {
  min: number;
  max: number;
  /** `queued` brings nodes for ProvisioningRequests alone. */
  pool: 'plain' | 'flex-start' | 'queued';
  /** From the first pod that waits to the first try. */
  asksAfter: number;
  /** Capacity comes so long after the first try; until then each try fails, or waits. */
  capacityAfter: number;
  /** GKE's words for a try without capacity; null where it only waits, as flex-start does. */
  refusal: string | null;
  /** How long a node has to be empty to be removed; null for never. */
  removesAfter: number | null;
  /** From the first nodes until one of them is removed although it is in use; null for never. */
  takesAfter: number | null;
}

/** An operation of somebody else that begins at the first resize that meets it. */
export interface ForeignOperation {
  /** GKE's texts for it: "incompatible operation", "being updated or repaired", "is currently upgrading". */
  says: 'incompatible' | 'being-changed' | 'is-currently';
  type: 'UPGRADE_MASTER' | 'AUTO_REPAIR_NODES' | 'SET_NODE_POOL_SIZE';
  /** Cluster-wide operations block every pool. */
  on: 'cluster' | 'pool';
  /** In the way of a scale-up or of a scale-down. */
  meets: 'grow' | 'shrink';
  seconds: number;
  /** Of a foreign resize. */
  nodeCount?: number;
}

/** A call that is refused in place of being carried out. */
export interface RefusedCall {
  /** Source of a regular expression for the beginning of `METHOD /path?query`. */
  call: string;
  status: number;
  /** Sent as JSON. */
  body: unknown;
  headers?: Readonly<Record<string, string>>;
  /** How often; each time unless given. */
  times?: number;
  /** For how many seconds of wall time from the first on; for ever unless given. */
  seconds?: number;
}

/** What the first request of each kind meets. */
export type CallFault = 'reset' | 'hang' | 'lost-reply' | 429 | 500 | 502 | 503;

/** The faults of Google Cloud. */
export interface CloudFaults {
  resize: 'ok' | ResizeFault;
  foreign: ForeignOperation | null;
  /** What the first request of each kind meets. */
  callFault: CallFault | null;
  /** A permission that the identity lacks. */
  denied: string | null;
  /** Calls of any of Google's APIs, and of GitHub's OIDC endpoint, that are refused. */
  refused: readonly RefusedCall[];
  /** Wall seconds after which an access token is refused, whatever it said of its life. */
  tokenSeconds: number | null;
  /** Cluster seconds from the first accepted resize during which the Container API answers 503. */
  outageSeconds: number | null;
  spot: boolean;
  /** Cluster seconds from the end of a scale-up until one of its nodes is taken back. */
  preemptAfterSeconds: number | null;
  /** The pool's cluster autoscaler; null for a pool without one. */
  autoscaler: Autoscaler | null;
  /** The machines of the pool where they are not Trillium's. */
  machine: { machineType: string; tpuTopology: string; chipsPerNode: number; accelerator: string } | null;
  /** Fields of `config` of the node pool. */
  nodeConfig: Readonly<Record<string, unknown>>;
  /** Fields of the node pool as the Container API tells them. */
  pool: Readonly<Record<string, unknown>>;
}

/** The faults of the served model, of the gateway in front of it and of its metrics. */
export interface ServingFaults {
  /** Speedup of three busy replicas over one: 3 is perfect scaling; less makes busy replicas slow each other down. */
  scaling: number;
  /**
   * `bypassed`: the gateway never asks, counts nothing and spreads requests evenly. `dead`: nothing listens at the
   * address of its pod, which stays listed. `stopped`: it takes requests and never responds. The others respond and
   * choose badly: always the same pod, by the whole prompt in place of its prefix, or at random.
   */
  picker: 'prefix' | 'bypassed' | 'dead' | 'stopped' | 'one-pod' | 'whole-prompt' | 'random';
  /**
   * What a replica answers once it has served `after` requests. `short` is shorter for what the picker has sent. `less-work`
   * does 18 % less for that and reports all tokens, with all their text. `no-text` has tokens without text, and
   * `error-beside` has an error beside the choices. `refuses` is the given status and body.
   */
  answers:
    | { kind: 'errors' | 'no-choices' | 'short' | 'less-work' | 'no-text' | 'error-beside'; after: number }
    | { kind: 'refuses'; after: number; status: number; body: unknown }
    | null;
  /** False switches prefix caching off, whatever the flags say. */
  caching: boolean;
  /**
   * `v0`: the names before V1. `reset`: back to zero in the middle. `flattering`: a hit rate of 65 % whatever happens.
   * `no-tokens`: tokens are not exported.
   */
  counters: 'v1' | 'v0' | 'reset' | 'flattering' | 'no-tokens';
  /** Requests per second of cluster time that reach each replica from elsewhere, once it has served some. */
  foreignPerSecond: number;
  /** A request from elsewhere begins with the first that the picker has not chosen, on that replica, and never ends. */
  foreignEndless: boolean;
  /** A replica that the picker has not chosen stands still once, for so many seconds of cluster time. */
  stallSeconds: number;
  /** Streams come as one piece, as through a proxy that buffers. */
  buffered: boolean;
  /** One replica stops listening after so many requests, at one to all replicas, and stays listed. */
  diesAfter: number | null;
  /** Speed of each replica in the order of their starts, 1 for the others; `scaling` is over their mean. */
  replicaSpeeds: readonly number[];
  /** Speeds of replicas whose command line has a flag. */
  flagSpeeds: readonly (readonly [flag: string, speed: number])[];
  /** Share of the tasks that the model knows which it answers right; the same ones each time. */
  skill: number;
  /** The same of replicas whose command line has a flag. */
  flagSkills: readonly (readonly [flag: string, skill: number])[];
  /** Speed at which requests without the endpoint picker's header are served. */
  unpickedSpeed: number;
}

/** A fault of the machine that the gate runs on: stopped for half of the time, or its wall clock set wrong. */
export type ClientFault = 'ok' | 'starved' | 'clock-jump';

/** How a run of the gate must end. */
export interface Expectation {
  exitCode: number;
  verdict: 'pass' | 'fail' | 'inconclusive' | 'invalid' | 'error';
  /** `measure.*`: any of them, where chance decides which is seen first. */
  cause: string | null;
}

/** What a container does in place of what it would: its words, then its end, or nothing more for ever. */
export interface ContainerFault {
  in: 'replica' | 'endpoint-picker' | 'gateway';
  container: string;
  /** containerd's error for its image, or a pull that does not end. */
  pull?: { error: string } | 'endless';
  /** It has its image and is never made: the kubelet's reason and words for that. */
  waits?: { reason: string; message: string };
  says?: readonly string[];
  /** Bytes of one further line. */
  floods?: number;
  /** Seconds of cluster time from its start, or from when it is Ready, until it does. */
  after?: number;
  /** It becomes Ready first. */
  whenReady?: boolean;
  /** It is Ready until the gateway carries requests of the namespace, and never again. */
  whenAsked?: boolean;
  /** How it ends, each time that it is started; without it hangs. */
  ends?: { exitCode: number; reason?: string };
  /** It does not stay: the next start is a good one. */
  once?: boolean;
}

/** An object of the cluster, by JSON merge patch. */
export interface ObjectPatch {
  kind: string;
  namespace?: string;
  name: string;
  patch: Record<string, unknown>;
}

/** An object of the cluster. */
export interface ObjectRef {
  apiVersion: string;
  kind: string;
  metadata: { namespace: string; name: string };
}

/** The faults of the cluster. */
export interface ClusterFaults {
  /** `not-found`: the registry does not know the vLLM image's tag. */
  image: 'ok' | 'not-found';
  /** What every registry does with requests that are not a node's: it limits them, is down, or never replies. */
  registry: 'ok' | 'limited' | 'down' | 'silent';
  /**
   * `own`: the gateway takes the routes of KServe alone. `oldest-pool`: it asks the endpoint picker for the oldest route
   * alone, as Istio before 1.28.5 does.
   */
  routes: 'any' | 'own' | 'oldest-pool';
  /**
   * `held`: an autoscaler keeps the replicas that there are. `grows`: it adds one while the way to one replica is open.
   */
  scaleIn: 'ok' | 'held' | 'grows';
  /** `internal`: the gateway has an address that only pods of the cluster reach. */
  gateway: 'open' | 'internal';
  /** Somebody evicts a replica while the way to one replica is open, or drains its node. */
  disrupted: 'no' | 'evicts' | 'drains';
  /** A webhook takes resources and node selector from the pods of a workload. */
  strips: boolean;
  /** Before the run: objects that are there as well, that are not, or that differ. */
  add: readonly Record<string, unknown>[];
  /** `Kind/namespace/name`, or `Kind/name`. */
  remove: readonly string[];
  patch: readonly ObjectPatch[];
  /** Objects that somebody makes once the first pod of a replica has been bound. */
  later: readonly Record<string, unknown>[];
  /** Objects that somebody deletes then. */
  laterRemoved: readonly ObjectRef[];
  containers: readonly ContainerFault[];
  /** What becomes of new nodes. */
  nodes: 'ok' | 'not-ready' | 'no-chips';
  /** The API server's refusal of each pod of a workload. */
  refusedPods: string | null;
  /** The kubelet's words for a volume of the replicas that cannot be mounted. */
  unmounted: string | null;
  /** `ignores`: does nothing; `no-certificates`: cannot sign; `no-rules`: makes no DestinationRules, as upstream KServe. */
  kserve: 'ok' | 'ignores' | 'no-certificates' | 'no-rules' | { odd: { reason: string; message: string } };
  /** Verbs that the gate's identity may not use. */
  denied: readonly { verb: string; group: string; resource: string }[];
  /** Calls of the gate that the API server refuses; the lab's own controllers are not concerned. */
  refused: readonly RefusedCall[];
}

/** The faults of GitHub. */
export interface GithubFaults {
  refused: readonly RefusedCall[];
}

/** The faults of the manifests under test: how they differ from Pattern 3 as it ships. */
export interface ManifestFaults {
  /** In llminferenceservice.yaml. */
  replace?: readonly (readonly [string, string])[];
  /** Files of the folder that are not there. */
  drop?: readonly string[];
  /** Further files by name. */
  add?: Readonly<Record<string, string>>;
}

/** A scenario with one fault and the cause that must be named. All else is healthy. */
export interface DiagnosisScenario {
  name: string;
  summary: string;
  gcp?: Partial<CloudFaults>;
  cluster?: Partial<ClusterFaults>;
  serving?: Partial<ServingFaults>;
  github?: GithubFaults;
  manifests?: ManifestFaults;
  flags?: readonly string[];
  /** No rule knows it, and none may claim it. Its cause is `unknown.*`, or one that only quotes who refused. */
  outside?: boolean;
  /** What the comment must show of it, word for word: the line that decides. */
  shows?: readonly string[];
  /** What the log must have of what the comment cannot show. */
  warns?: readonly string[];
  /** What the remedy must hold. */
  remedy?: string;
  expect: Expectation;
}
