import type { CallFault, CloudFaults, Expectation, ForeignOperation } from './types.ts';

/** A scenario with faults of the cloud alone. */
export interface CloudScenario {
  name: string;
  summary: string;
  gcp: Partial<CloudFaults>;
  expect: Expectation;
}

const PASS = { exitCode: 0, verdict: 'pass', cause: null } as const;
const error = (cause: string) => ({ exitCode: 2, verdict: 'error', cause }) as const;

const conflict = (name: string, summary: string, foreign: ForeignOperation): CloudScenario => ({
  name,
  summary,
  gcp: { foreign },
  expect: PASS,
});

const onEachCall = (name: string, fault: CallFault, summary: string): CloudScenario => ({
  name,
  summary: `the first request of each kind to Google Cloud ${summary}`,
  gcp: { callFault: fault },
  expect: PASS,
});

/** The shapes in which GKE fails. Facts: Google's pages on concurrent operations and stockouts, public issue reports. */
export const CLOUD_SCENARIOS: readonly CloudScenario[] = [
  conflict('conflict-incompatible', 'a repair of the node pool is in the way of the scale-up', {
    says: 'incompatible',
    type: 'AUTO_REPAIR_NODES',
    on: 'pool',
    meets: 'grow',
    seconds: 90,
  }),
  conflict('conflict-being-changed', 'the cluster is being upgraded when the nodes are asked for', {
    says: 'being-changed',
    type: 'UPGRADE_MASTER',
    on: 'cluster',
    meets: 'grow',
    seconds: 120,
  }),
  conflict('conflict-is-currently', 'an upgrade of the cluster names itself when the nodes are asked for', {
    says: 'is-currently',
    type: 'UPGRADE_MASTER',
    on: 'cluster',
    meets: 'grow',
    seconds: 120,
  }),
  conflict('foreign-resize', 'somebody else resizes the node pool to 1 a moment before', {
    says: 'incompatible',
    type: 'SET_NODE_POOL_SIZE',
    on: 'pool',
    meets: 'grow',
    seconds: 0,
    nodeCount: 1,
  }),
  conflict('auto-repair', 'GKE repairs a node during the release of the nodes, for five minutes', {
    says: 'incompatible',
    type: 'AUTO_REPAIR_NODES',
    on: 'pool',
    meets: 'shrink',
    seconds: 300,
  }),
  {
    name: 'stockout-late',
    summary: 'the zone takes 35 min to say that it has no TPU capacity',
    gcp: { resize: { arrive: 0, reason: 'stockout', afterSeconds: 2_100, chaseSeconds: 600 } },
    expect: error('gke.stockout'),
  },
  {
    name: 'stockout-chasing',
    summary: 'after the stockout the group keeps asking, and nodes come during their release',
    gcp: { resize: { arrive: 0, reason: 'stockout', afterSeconds: 120, chaseSeconds: 20 } },
    expect: error('gke.stockout'),
  },
  {
    name: 'quota',
    summary: 'the project may not have the nodes',
    gcp: { resize: { arrive: 0, reason: 'quota', afterSeconds: 60, chaseSeconds: null } },
    expect: error('gke.quota'),
  },
  {
    name: 'partial',
    summary: 'two of three nodes arrive, and the zone has no more',
    gcp: { resize: { arrive: 2, reason: 'stockout', afterSeconds: 300, chaseSeconds: null } },
    expect: error('gke.stockout'),
  },
  {
    name: 'node-service-account',
    summary: 'GKE may not use the service account of the nodes',
    gcp: { resize: { arrive: 0, reason: 'service-account', afterSeconds: 60, chaseSeconds: null } },
    expect: error('gke.node-permission'),
  },
  {
    name: 'ip-space',
    summary: 'the subnet of the nodes has no IP addresses left',
    gcp: { resize: { arrive: 0, reason: 'ip-space', afterSeconds: 60, chaseSeconds: null } },
    expect: error('gke.ip-space'),
  },
  {
    name: 'permission-denied',
    summary: 'the identity may read the cluster and may not resize its pools',
    gcp: { denied: 'container.clusters.update' },
    expect: error('gke.permission'),
  },
  onEachCall('api-429', 429, 'is refused for its rate'),
  onEachCall('api-500', 500, 'meets an internal error'),
  onEachCall('api-502', 502, 'meets a bad gateway'),
  onEachCall('api-503', 503, 'finds the service unavailable'),
  onEachCall('api-reset', 'reset', 'loses its connection'),
  onEachCall('api-hang', 'hang', 'is never answered'),
  onEachCall('api-lost-reply', 'lost-reply', 'is carried out, and its answer is lost'),
  {
    name: 'token-expiry',
    summary: 'access tokens stop being accepted after 5 s, before the end that they state',
    gcp: { tokenSeconds: 5 },
    expect: PASS,
  },
  {
    name: 'regional-outage',
    summary: 'the Container API is down for ten minutes from the moment that the resize was accepted',
    gcp: { outageSeconds: 600 },
    expect: PASS,
  },
  {
    name: 'preempted',
    summary: 'a spot node is taken back ten minutes after the nodes came',
    gcp: { spot: true, preemptAfterSeconds: 600 },
    expect: error('gke.preempted'),
  },
];
