import { ADVERSARIES } from './adversaries.ts';
import { CAPACITY_SCENARIOS, PATTERN_ONE } from './capacity.ts';
import { CHANGE_SCENARIOS } from './changes.ts';
import { CLOUD_SCENARIOS } from './cloud.ts';
import { DIAGNOSIS_SCENARIOS } from './diagnosis.ts';
import { LIMIT_SCENARIOS } from './limits.ts';
import { LOAD_SCENARIOS } from './load.ts';
import type {
  ClientFault,
  CloudFaults,
  ClusterFaults,
  Expectation,
  GithubFaults,
  ManifestFaults,
  ServingFaults,
} from './types.ts';

/** The faults that the lab injects into a run, and how the run must end. The product never sees this. */
export interface Scenario {
  name: string;
  summary: string;
  gcp: CloudFaults;
  cluster: ClusterFaults;
  /** Null: Pattern 3 as it ships. */
  manifests: ManifestFaults | null;
  /** The stack of the base branch; null for no comparison with it. */
  base: ManifestFaults | null;
  /** Further flags of the gate. */
  flags: readonly string[];
  serving: ServingFaults;
  github: GithubFaults;
  client: ClientFault;
  expect: Expectation;
}

const HEALTHY_CLOUD: CloudFaults = {
  resize: 'ok',
  foreign: null,
  callFault: null,
  denied: null,
  refused: [],
  tokenSeconds: null,
  outageSeconds: null,
  spot: false,
  preemptAfterSeconds: null,
  autoscaler: null,
  machine: null,
  nodeConfig: {},
  pool: {},
};

const HEALTHY_SERVING: ServingFaults = {
  scaling: 2.74,
  picker: 'prefix',
  answers: null,
  caching: true,
  counters: 'v1',
  foreignPerSecond: 0,
  foreignEndless: false,
  stallSeconds: 0,
  buffered: false,
  diesAfter: null,
  replicaSpeeds: [],
  flagSpeeds: [],
  skill: 0.9,
  flagSkills: [],
  unpickedSpeed: 1,
};

const HEALTHY_CLUSTER: ClusterFaults = {
  image: 'ok',
  registry: 'ok',
  routes: 'any',
  scaleIn: 'ok',
  gateway: 'open',
  disrupted: 'no',
  strips: false,
  add: [],
  remove: [],
  patch: [],
  later: [],
  laterRemoved: [],
  containers: [],
  nodes: 'ok',
  refusedPods: null,
  unmounted: null,
  kserve: 'ok',
  denied: [],
  refused: [],
};

const HEALTHY = {
  gcp: HEALTHY_CLOUD,
  cluster: HEALTHY_CLUSTER,
  manifests: null,
  base: null,
  flags: [],
  serving: HEALTHY_SERVING,
  github: { refused: [] },
  client: 'ok',
} satisfies Pick<Scenario, 'gcp' | 'cluster' | 'manifests' | 'base' | 'flags' | 'serving' | 'github' | 'client'>;

const LLMISVC = { 'control-plane': 'llmisvc-controller-manager' };

/** Of the installation of kserve/kserve, as far as anybody reads it. */
const UPSTREAM_CONTROLLER = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'llmisvc-controller-manager', namespace: 'kserve', labels: LLMISVC },
  spec: {
    replicas: 1,
    selector: { matchLabels: LLMISVC },
    template: {
      metadata: { labels: LLMISVC },
      spec: { containers: [{ name: 'manager', image: 'docker.io/kserve/llmisvc-controller:v0.20.0' }] },
    },
  },
};

/** The scenarios that a pull request meets most. */
export const EVERYDAY_SCENARIOS: Record<string, Scenario> = {
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
    serving: { ...HEALTHY_SERVING, scaling: 2.2 },
    expect: { exitCode: 1, verdict: 'fail', cause: null },
  },
  'random-routing': {
    ...HEALTHY,
    name: 'random-routing',
    summary: 'the gateway bypasses the endpoint picker: even spread, no affinity',
    serving: { ...HEALTHY_SERVING, picker: 'bypassed' },
    expect: { exitCode: 1, verdict: 'fail', cause: 'routing.picker-bypassed' },
  },
  'upstream-kserve': {
    ...HEALTHY,
    name: 'upstream-kserve',
    summary: 'upstream KServe in a namespace of its own, which writes no DestinationRules',
    cluster: {
      ...HEALTHY_CLUSTER,
      kserve: 'no-rules',
      remove: ['Deployment/opendatahub/kserve-controller-manager'],
      add: [UPSTREAM_CONTROLLER],
    },
    expect: { exitCode: 0, verdict: 'pass', cause: null },
  },
  stockout: {
    ...HEALTHY,
    name: 'stockout',
    summary: 'the zone has no TPU capacity; the node pool keeps chasing nodes',
    // Declared after 35 min on some days, and after 15 s on others.
    gcp: { ...HEALTHY_CLOUD, resize: { arrive: 0, reason: 'stockout', afterSeconds: 300, chaseSeconds: 600 } },
    expect: { exitCode: 2, verdict: 'error', cause: 'gke.stockout' },
  },
  'image-pull': {
    ...HEALTHY,
    name: 'image-pull',
    summary: 'the vLLM image does not exist in its registry',
    // A registry that everybody may ask: the run ends before the lease.
    cluster: { ...HEALTHY_CLUSTER, image: 'not-found' },
    manifests: {
      replace: [['image: registry.redhat.io/rhaiis/vllm-tpu-rhel9:3.2.5', 'image: docker.io/vllm/vllm-tpu:nightly-0']],
    },
    expect: { exitCode: 2, verdict: 'error', cause: 'image.not-found' },
  },
  'image-pull-private': {
    ...HEALTHY,
    name: 'image-pull-private',
    summary: 'the vLLM image does not exist in a registry that only the nodes may read',
    cluster: { ...HEALTHY_CLUSTER, image: 'not-found' },
    expect: { exitCode: 2, verdict: 'error', cause: 'image.not-found' },
  },
};

/** All that `--scenario` knows: the everyday ones, the faults of the cloud, changes beside their base, limits that are set, where the load comes from, the systems that would mislead a benchmark, the faults to diagnose. */
export const SCENARIOS: Record<string, Scenario> = {
  ...EVERYDAY_SCENARIOS,
  ...Object.fromEntries(
    CLOUD_SCENARIOS.map((scenario) => [
      scenario.name,
      { ...HEALTHY, ...scenario, gcp: { ...HEALTHY_CLOUD, ...scenario.gcp } },
    ]),
  ),
  ...Object.fromEntries(
    CAPACITY_SCENARIOS.map(({ gcp, ...named }) => [
      named.name,
      {
        ...HEALTHY,
        ...named,
        gcp: { ...HEALTHY_CLOUD, ...gcp },
        cluster: { ...HEALTHY_CLUSTER, remove: [PATTERN_ONE] },
      },
    ]),
  ),
  ...Object.fromEntries(
    CHANGE_SCENARIOS.map(({ serving, ...named }) => [
      named.name,
      { ...HEALTHY, ...named, serving: { ...HEALTHY_SERVING, ...serving } },
    ]),
  ),
  ...Object.fromEntries(LIMIT_SCENARIOS.map((scenario) => [scenario.name, { ...HEALTHY, ...scenario }])),
  ...Object.fromEntries(
    LOAD_SCENARIOS.map(({ cluster, ...named }) => [
      named.name,
      { ...HEALTHY, ...named, cluster: { ...HEALTHY_CLUSTER, ...cluster } },
    ]),
  ),
  ...Object.fromEntries(
    ADVERSARIES.map(
      ({ serving, client = 'ok', routes = 'any', scaleIn = 'ok', disrupted = 'no', strips = false, ...named }) => [
        named.name,
        {
          ...HEALTHY,
          ...named,
          client,
          cluster: { ...HEALTHY_CLUSTER, routes, scaleIn, disrupted, strips },
          serving: { ...HEALTHY_SERVING, ...serving },
        },
      ],
    ),
  ),
  ...Object.fromEntries(
    DIAGNOSIS_SCENARIOS.map(({ gcp, cluster, serving, ...named }) => [
      named.name,
      {
        ...HEALTHY,
        ...named,
        gcp: { ...HEALTHY_CLOUD, ...gcp },
        cluster: { ...HEALTHY_CLUSTER, ...cluster },
        serving: { ...HEALTHY_SERVING, ...serving },
      },
    ]),
  ),
};
