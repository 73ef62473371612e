/** A zone that gives `arrive` nodes and then says why it has no more, after so many seconds of cluster time. */
export interface Scarcity {
  arrive: number;
  reason: 'stockout' | 'quota' | 'service-account';
  afterSeconds: number;
  /** The group goes on asking and gets one node each time this has passed; null when it never does. */
  chaseSeconds: number | null;
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

/** What the first request of each kind meets. */
export type CallFault = 'reset' | 'hang' | 'lost-reply' | 429 | 500 | 502 | 503;

/** How Google Cloud behaves. */
export interface CloudDay {
  resize: 'ok' | Scarcity;
  foreign: ForeignOperation | null;
  /** What the first request of each kind meets. */
  callFault: CallFault | null;
  /** A permission that the identity lacks. */
  denied: string | null;
  /** Wall seconds after which an access token is refused, whatever it said of its life. */
  tokenSeconds: number | null;
  /** Cluster seconds from the first accepted resize during which the Container API answers 503. */
  outageSeconds: number | null;
  spot: boolean;
  /** Cluster seconds from the end of a scale-up until one of its nodes is taken back. */
  preemptAfterSeconds: number | null;
}

/** How a run of the gate must end. */
export interface Expectation {
  exitCode: number;
  verdict: 'pass' | 'fail' | 'inconclusive' | 'invalid' | 'error';
  cause: string | null;
}
