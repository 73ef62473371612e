import type { ClusterFaults, Expectation } from './types.ts';

/** A scenario of where the load comes from. All else is healthy. */
export interface LoadScenario {
  name: string;
  summary: string;
  cluster: Partial<ClusterFaults>;
  /** Further flags of the gate. */
  flags: readonly string[];
  expect: Expectation;
}

/** A stock image of Node; the lab's kubelet runs its command with the Node of this machine. */
const IMAGE = `docker.io/library/node:24-slim@sha256:${'0'.repeat(64)}`;
const REGISTRIES = 'registry.redhat.io/rhaiis,docker.io/vllm,ghcr.io/llm-d,quay.io/opendatahub,docker.io/library/node';
const IN_CLUSTER = [`--load-image=${IMAGE}`, `--allowed-registries=${REGISTRIES}`];

const PASS = { exitCode: 0, verdict: 'pass', cause: null } as const;

export const LOAD_SCENARIOS: readonly LoadScenario[] = [
  {
    name: 'load-from-cluster',
    summary: 'load clients in the cluster send all timed requests',
    cluster: {},
    flags: ['--load-from=cluster', ...IN_CLUSTER],
    expect: PASS,
  },
  {
    name: 'internal-gateway',
    summary:
      'the runner cannot reach the gateway: checks go through the API server, and load clients in the cluster measure',
    cluster: { gateway: 'internal' },
    flags: ['--load-from=auto', ...IN_CLUSTER],
    expect: PASS,
  },
];
