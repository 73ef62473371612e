import { boolean, dollars, duration, kubernetesName, oneOf } from '../parsers/basic.ts';
import { maxCost } from '../parsers/mode.ts';
import type { InputRow } from '../row.ts';

/** Limits in time and money, and the lease of the pool. */
export const LIMITS = {
  timeout: {
    group: 'run',
    key: 'timeoutMs',
    parse: duration(1_000),
    default: '90m',
    description: "Limit for the whole run before the release. Keep the step's `timeout-minutes` above it.",
  },
  'lease-timeout': {
    group: 'run',
    key: 'leaseTimeoutMs',
    parse: duration(1_000),
    default: '40m',
    description: 'Limit for TPU nodes to become ready.',
  },
  'ready-timeout': {
    group: 'run',
    key: 'readyTimeoutMs',
    parse: duration(1_000),
    default: '30m',
    description: 'Limit for every pod to become ready, model download and compilation included.',
  },
  'release-timeout': {
    group: 'release',
    key: 'releaseTimeoutMs',
    parse: duration(1_000),
    default: '10m',
    description: 'Limit for giving the nodes back. After a cancellation GitHub leaves about five minutes.',
    sweepDescription: 'Limit for giving the nodes of one pool back.',
  },
  /** Namespace of the leases, the same for every run on a pool. */
  'lease-namespace': {
    group: 'lease',
    key: 'leaseNamespace',
    parse: kubernetesName,
    default: 'default',
    description: [
      'Namespace of the leases that keep two runs off one node pool. It must be the same for every run on the',
      'pool.',
    ].join(' '),
    sweepDescription: "Namespace of the leases; the same as the gate's.",
  },
  /** What to do while another run has the pool. */
  'on-busy': {
    group: 'run',
    key: 'onBusy',
    ...oneOf(['wait', 'stop']),
    default: 'wait',
    description: 'While another run has the node pool: `wait` for it, until `busy-timeout`, or `stop`.',
  },
  'busy-timeout': {
    group: 'run',
    key: 'busyTimeoutMs',
    parse: duration(1_000),
    default: '60m',
    description: 'Limit for waiting until another run gives the node pool back.',
  },
  'poll-interval': {
    group: 'release',
    key: 'pollIntervalMs',
    parse: duration(50, 10 * 60_000),
    default: '5s',
    description: 'Time between two questions to the same API.',
  },
  /** For one request to Google Cloud or the Kubernetes API; one that takes longer is tried again. */
  'api-timeout': {
    group: 'access',
    key: 'apiTimeoutMs',
    parse: duration(1_000, 10 * 60_000),
    default: '30s',
    description: 'Limit for one request to Google Cloud or the Kubernetes API; one that takes longer is tried again.',
  },
  'price-per-chip-hour': {
    group: 'price',
    key: 'pricePerChipHourUsd',
    parse: dollars(1_000, 'US dollars for one chip and hour, such as 2.97'),
    description:
      'Price of one TPU chip for one hour in US dollars. Default: the list price of the region, where known.',
  },
  'max-cost': {
    group: 'run',
    key: 'maxCost',
    parse: maxCost,
    default: 'auto',
    description: [
      'US dollars that a run may cost: it is ended in time for the release to stay below. Counted from the resize',
      'as if all nodes came at once. An amount needs a known price. `auto`: 60 in a mode that measures, where a price is',
      'known; no limit for a stack that stays. `none`: no limit.',
    ].join(' '),
  },
  'force-conflicts': {
    group: 'run',
    key: 'forceConflicts',
    parse: boolean,
    default: 'false',
    description: 'Take over fields that another manager owns, instead of failing and naming them.',
  },
} as const satisfies Readonly<Record<string, InputRow>>;
