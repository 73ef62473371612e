import { ADVERSARIES } from './adversaries.ts';
import { CLOUD_SCENARIOS } from './cloud.ts';
import { DIAGNOSIS_SCENARIOS } from './diagnosis.ts';
import type { ClientDay, CloudDay, ClusterDay, Expectation, ManifestDay, ServingDay } from './types.ts';

/** What the lab does differently from a healthy day. The product never sees this. */
export interface Scenario {
  name: string;
  summary: string;
  gcp: CloudDay;
  cluster: ClusterDay;
  /** Null: Pattern 3 as it ships. */
  manifests: ManifestDay | null;
  /** Further flags of the gate. */
  flags: readonly string[];
  serving: ServingDay;
  client: ClientDay;
  expect: Expectation;
}

const FAIR: CloudDay = {
  resize: 'ok',
  foreign: null,
  callFault: null,
  denied: null,
  tokenSeconds: null,
  outageSeconds: null,
  spot: false,
  preemptAfterSeconds: null,
  pool: {},
};

const SERVING: ServingDay = {
  scaling: 2.74,
  picker: 'prefix',
  answers: null,
  caching: true,
  counters: 'v1',
  foreignPerSecond: 0,
  stallSeconds: 0,
  buffered: false,
  diesAfter: null,
};

const CLUSTER: ClusterDay = {
  image: 'ok',
  routes: 'any',
  scaleIn: 'ok',
  add: [],
  remove: [],
  patch: [],
  later: [],
  containers: [],
  nodes: 'ok',
  refusedPods: null,
  kserve: 'ok',
  denied: [],
};

const HEALTHY = {
  gcp: FAIR,
  cluster: CLUSTER,
  manifests: null,
  flags: [],
  serving: SERVING,
  client: 'ok',
} satisfies Pick<Scenario, 'gcp' | 'cluster' | 'manifests' | 'flags' | 'serving' | 'client'>;

/** The days that a pull request meets. */
export const DAYS: Record<string, Scenario> = {
  pass: {
    ...HEALTHY,
    name: 'pass',
    summary: 'three healthy replicas behind a prefix-aware endpoint picker',
    expect: { exitCode: 0, verdict: 'pass', cause: null },
  },
  slow: {
    ...HEALTHY,
    name: 'slow',
    summary: 'three replicas that truly scale 2.2 times',
    serving: { ...SERVING, scaling: 2.2 },
    expect: { exitCode: 1, verdict: 'fail', cause: null },
  },
  'random-routing': {
    ...HEALTHY,
    name: 'random-routing',
    summary: 'the gateway bypasses the endpoint picker: even spread, no affinity',
    serving: { ...SERVING, picker: 'bypassed' },
    expect: { exitCode: 1, verdict: 'fail', cause: 'routing.picker-bypassed' },
  },
  stockout: {
    ...HEALTHY,
    name: 'stockout',
    summary: 'the zone has no TPU capacity; the node pool keeps chasing nodes',
    // Declared after 35 min on some days, and after 15 s on others.
    gcp: { ...FAIR, resize: { arrive: 0, reason: 'stockout', afterSeconds: 300, chaseSeconds: 600 } },
    expect: { exitCode: 2, verdict: 'error', cause: 'gke.stockout' },
  },
  'image-pull': {
    ...HEALTHY,
    name: 'image-pull',
    summary: 'the vLLM image does not exist in its registry',
    cluster: { ...CLUSTER, image: 'not-found' },
    expect: { exitCode: 2, verdict: 'error', cause: 'image.not-found' },
  },
};

/** All that `--scenario` knows: the days, each way in which the cloud fails, each that would fool a benchmark, each fault. */
export const SCENARIOS: Record<string, Scenario> = {
  ...DAYS,
  ...Object.fromEntries(
    CLOUD_SCENARIOS.map((scenario) => [scenario.name, { ...HEALTHY, ...scenario, gcp: { ...FAIR, ...scenario.gcp } }]),
  ),
  ...Object.fromEntries(
    ADVERSARIES.map(({ serving, client = 'ok', routes = 'any', scaleIn = 'ok', ...named }) => [
      named.name,
      {
        ...HEALTHY,
        ...named,
        client,
        cluster: { ...CLUSTER, routes, scaleIn },
        serving: { ...SERVING, ...serving },
      },
    ]),
  ),
  ...Object.fromEntries(
    DIAGNOSIS_SCENARIOS.map(({ gcp, cluster, serving, ...named }) => [
      named.name,
      {
        ...HEALTHY,
        ...named,
        gcp: { ...FAIR, ...gcp },
        cluster: { ...CLUSTER, ...cluster },
        serving: { ...SERVING, ...serving },
      },
    ]),
  ),
};
