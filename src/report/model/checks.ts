/** `warning`: worth a reader's eye, and no obstacle to a pass. */
export type CheckOutcome = 'pass' | 'warning' | 'fail' | 'inconclusive' | 'not-observable';

export interface Check {
  id:
    | 'health'
    | 'models'
    | 'completion'
    | 'chat'
    | 'replicas'
    | 'picker-engaged'
    | 'prefix-affinity'
    | 'unique-spread'
    | 'cache-hits';
  title: string;
  expected: string;
  seen: string;
  outcome: CheckOutcome;
}

export interface RoutingEvidence {
  prefixTokens: number;
  prefixChars: number;
  /** Over all groups; `groups` has who served each of them, in the order of sending. Empty when not observable. */
  sharedPrefix: { sent: number; perPod: PodCount[]; groups: PodCount[][] };
  unique: { sent: number; perPod: PodCount[] };
  /** Prefix-cache hit rate (tokens) over the shared-prefix requests, with what aware and random routing would give. */
  hitRate: { measured: number | null; aware: number; random: number } | null;
  /** Answers that carried the endpoint picker's response header; null when none of the requests was answered. */
  pickerHeader: { seen: number; answers: number } | null;
  /** What the gateway's own Envoys counted over all these requests; null when nobody looked. */
  gateway: GatewayEvidence | null;
}

export interface GatewayEvidence {
  /** Why there are no counters; null when there are. */
  problem: string | null;
  /** Envoys that were read. */
  proxies: number;
  /** Requests to the endpoint picker (ext_proc); null when no Envoy knows it. */
  picker: { requests: number; errors: number; connectFailures: number } | null;
  perPod: PodCount[];
}

export interface PodCount {
  pod: string;
  requests: number;
}
