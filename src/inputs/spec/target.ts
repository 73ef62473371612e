import { slowdown, target } from '../parsers/target.ts';
import type { InputRow } from '../row.ts';

/** What the measurement must show. */
export const TARGET = {
  /** The success rate is a share, 0 to 1. */
  'target-speedup': {
    group: 'target',
    key: 'target',
    parse: target,
    default: '2.5-2.8',
    description: [
      'Throughput of all replicas over one at equal load per replica, as a range. The lower limit of the measured',
      'interval must exceed its lower end; exceeding its upper end is a note.',
    ].join(' '),
  },
  'target-success-rate': {
    group: 'target',
    partOf: 'target-speedup',
    default: '100%',
    description: 'Smallest share of requests that must be answered validly.',
  },
  /** A share, 0 to below 1. */
  'max-slowdown': {
    group: 'target',
    key: 'maxSlowdown',
    parse: slowdown,
    default: '3%',
    description: [
      'With `base-manifests`: the share of its throughput by which the stack may be slower than the base stack. The lower',
      'limit of the measured interval must exceed 1 less this share.',
    ].join(' '),
  },
} as const satisfies Readonly<Record<string, InputRow>>;
