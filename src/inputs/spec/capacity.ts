import { duration, oneOf } from '../parsers/basic.ts';
import { holderImage } from '../parsers/capacity.ts';
import { optionalName } from '../parsers/load.ts';
import type { InputRow } from '../row.ts';

/** How the nodes come and go. */
export const CAPACITY = {
  capacity: {
    group: 'run',
    key: 'capacity',
    ...oneOf(['auto', 'resize', 'demand']),
    default: 'auto',
    description: [
      'How the nodes come: `resize` sets the size of the pool, `demand` runs pods for which its autoscaler brings nodes.',
      '`auto`: `demand` for a pool that is autoscaled, also with flex-start or queued provisioning; else `resize`.',
    ].join(' '),
  },
  'scale-down-timeout': {
    group: 'run',
    key: 'scaleDownTimeoutMs',
    parse: duration(1_000),
    default: '15m',
    description: [
      'With `capacity: demand`: limit for the autoscaler to remove the nodes once they are empty. The release waits for it',
      'beyond `release-timeout`, and fails where nodes are left.',
    ].join(' '),
  },
  'holder-image': {
    group: 'run',
    key: 'holderImage',
    parse: holderImage,
    default: 'registry.k8s.io/pause:3.10.1@sha256:278fb9dbcca9518083ad1e11276933a2e96f23de604a3a08cc3c80002767d24c',
    description: [
      'With `capacity: demand`: image of the pods that hold the nodes until the replicas take them, with its digest, of one',
      'of `allowed-registries` unless it is the default. It only has to stay running.',
    ].join(' '),
  },
  'capacity-queue': {
    group: 'run',
    key: 'capacityQueue',
    parse: optionalName,
    description: 'With `capacity: demand`: local queue of Kueue for the pods that hold the nodes. Empty for none.',
  },
} as const satisfies Readonly<Record<string, InputRow>>;
