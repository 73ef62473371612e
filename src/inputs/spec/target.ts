import { target } from '../parsers/target.ts';
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
} as const satisfies Readonly<Record<string, InputRow>>;
