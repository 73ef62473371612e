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
    description: 'Limit for the release of the nodes. After a cancellation GitHub leaves about five minutes.',
    sweepDescription: 'Limit for the release of the nodes of one pool.',
  },
  /** Namespace of the leases, the same for every run on a pool. */
  'lease-namespace': {
    group: 'lease',
    key: 'leaseNamespace',
    parse: kubernetesName,
    default: 'default',
    description: [
      'Namespace of the leases that keep two runs from using one node pool. It must be the same for every run on the',
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
    description: 'While another run has the node pool: `wait` for it, at most `busy-timeout`, or `stop`.',
  },
  'busy-timeout': {
    group: 'run',
    key: 'busyTimeoutMs',
    parse: duration(1_000),
    default: '60m',
    description: 'Limit for waiting until another run releases the node pool.',
  },
  'poll-interval': {
    group: 'release',
    key: 'pollIntervalMs',
    parse: duration(50, 10 * 60_000),
    default: '5s',
    description: [
      'Time between two polls of the same API. The gate polls five times as often where the end of a wait is near, such as',
      'once the model servers have started.',
    ].join(' '),
  },
  /** For one request to Google Cloud or the Kubernetes API; one that takes longer is tried again. */
  'api-timeout': {
    group: 'access',
    key: 'apiTimeoutMs',
    parse: duration(1_000, 10 * 60_000),
    default: '30s',
    description:
      'Limit for one request to Google Cloud or the Kubernetes API. The gate tries a request that takes longer again.',
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
      'US dollars that a run may cost. The run ends in time for the release to stay below. The gate counts from the resize',
      'as if all nodes came at once. An amount needs a known price. `auto` is 60 in a mode that measures, if a price is',
      'known. A stack that stays has no limit. `none` sets no limit.',
    ].join(' '),
  },
  'force-conflicts': {
    group: 'run',
    key: 'forceConflicts',
    parse: boolean,
    default: 'false',
    description: 'Take over fields that another manager owns. Otherwise the run fails and names them.',
  },
} as const satisfies Readonly<Record<string, InputRow>>;
