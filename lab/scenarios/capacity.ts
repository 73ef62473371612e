import type { Autoscaler, CloudFaults, Expectation, ManifestFaults } from './types.ts';

/** A scenario of a pool whose nodes come by demand. */
export interface CapacityScenario {
  name: string;
  summary: string;
  gcp: Partial<CloudFaults>;
  manifests?: ManifestFaults;
  /** Further flags of the gate. */
  flags?: readonly string[];
  expect: Expectation;
}

/** The earlier stack of the lab: its pods wait for TPUs, and an autoscaler would bring nodes for them. */
export const PATTERN_ONE = 'LLMInferenceService/llm-d-inference-scheduling/qwen2-3b-pattern1';

const PASS = { exitCode: 0, verdict: 'pass', cause: null } as const;
const error = (cause: string) => ({ exitCode: 2, verdict: 'error', cause }) as const;

/** GKE's autoscaler as it is by default: empty nodes go after ten minutes. */
const PLAIN: Autoscaler = {
  ...{ min: 0, max: 3, pool: 'plain', asksAfter: 20 },
  ...{ capacityAfter: 0, refusal: null, removesAfter: 600, takesAfter: null },
};

/**
 * A release waits for a node that may still come in the place of a lost one, by the real clock: up to half of this time.
 * Empty nodes of the lab go sooner, at any of its usual speeds.
 */
const SOON_GONE = ['--scale-down-timeout', '60s'];

/** Times are those of GKE's defaults, and of public reports on how long capacity takes. */
export const CAPACITY_SCENARIOS: readonly CapacityScenario[] = [
  {
    name: 'autoscaled',
    summary: 'the pool has an autoscaler, which brings three nodes and removes them after ten minutes without work',
    gcp: { autoscaler: PLAIN },
    expect: PASS,
  },
  {
    name: 'flex-start-late',
    summary: 'the nodes of a flex-start pool come after 20 minutes',
    gcp: { autoscaler: { ...PLAIN, pool: 'flex-start', capacityAfter: 1_200 } },
    flags: ['--price-per-chip-hour', '1.5'],
    expect: PASS,
  },
  {
    name: 'stockout-ends',
    summary: 'the zone has no capacity for a quarter of an hour, and the autoscaler tries again',
    gcp: { autoscaler: { ...PLAIN, capacityAfter: 900, refusal: 'GCE out of resources' } },
    expect: PASS,
  },
  {
    name: 'stockout-stays',
    summary: 'the autoscaler finds no capacity until "lease-timeout" is over',
    gcp: { autoscaler: { ...PLAIN, capacityAfter: 86_400, refusal: 'GCE out of resources' } },
    flags: ['--lease-timeout', '20s'],
    expect: error('gke.stockout'),
  },
  {
    name: 'autoscaler-takes-node',
    summary: 'the autoscaler removes a node in use while the pairs are measured',
    gcp: { autoscaler: { ...PLAIN, takesAfter: 300 } },
    flags: SOON_GONE,
    expect: error('gke.node-lost'),
  },
  {
    name: 'reservation-full-by-demand',
    summary: 'the reservation of an autoscaled pool is full',
    gcp: {
      autoscaler: { ...PLAIN, capacityAfter: 86_400, refusal: 'Reservation capacity exceeded' },
      nodeConfig: {
        reservationAffinity: {
          consumeReservationType: 'SPECIFIC_RESERVATION',
          ...{ key: 'compute.googleapis.com/reservation-name', values: ['v6e-nightly'] },
        },
      },
    },
    flags: ['--lease-timeout', '20s'],
    expect: error('gke.reservation-full'),
  },
  {
    name: 'queued',
    summary: 'the pool takes a ProvisioningRequest, which is met after five minutes',
    gcp: { autoscaler: { ...PLAIN, pool: 'queued', capacityAfter: 300 } },
    expect: PASS,
  },
  {
    name: 'queued-fails',
    summary: 'GKE gives up on the ProvisioningRequest after 20 minutes',
    gcp: {
      autoscaler: {
        ...{ ...PLAIN, pool: 'queued', capacityAfter: 1_200 },
        refusal: "Provisioning Request's pods cannot be scheduled in the nodepool.",
      },
    },
    expect: error('gke.provisioning-failed'),
  },
  {
    name: 'spot-by-demand',
    summary: 'a spot node of an autoscaled pool is taken back ten minutes after it came',
    gcp: { spot: true, autoscaler: { ...PLAIN, takesAfter: 600 } },
    flags: SOON_GONE,
    expect: error('gke.preempted'),
  },
  {
    name: 'ironwood',
    summary: 'the autoscaled pool is of Ironwood machines',
    gcp: {
      autoscaler: PLAIN,
      machine: {
        ...{ machineType: 'tpu7x-standard-4t', tpuTopology: '2x2x1', chipsPerNode: 4, accelerator: 'tpu7x' },
      },
    },
    manifests: {
      replace: [
        ['gke-tpu-accelerator: tpu-v6e-slice', 'gke-tpu-accelerator: tpu7x'],
        ['gke-tpu-topology: 2x2', 'gke-tpu-topology: 2x2x1'],
      ],
    },
    expect: PASS,
  },
];
