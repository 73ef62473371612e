import { slo } from '../parsers/slo.ts';
import { qualityDrop, slowdown, target } from '../parsers/target.ts';
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
      'Throughput of all replicas over one at equal load per replica, as a range. The lower confidence limit must exceed',
      'its lower end. A speedup above its upper end is a note.',
    ].join(' '),
  },
  'target-success-rate': {
    group: 'target',
    partOf: 'target-speedup',
    modes: ['validate', 'nightly', 'preflight', 'deploy', 'restore'],
    default: '100%',
    description: 'Smallest share of requests that must have a valid answer.',
  },
  /** A share, 0 to below 1. */
  'max-slowdown': {
    group: 'target',
    key: 'maxSlowdown',
    parse: slowdown,
    default: '3%',
    description: [
      'With `base-manifests`: the share of its throughput by which the stack may be slower than the base stack. The lower',
      'confidence limit of the ratio must exceed 1 less this share.',
    ].join(' '),
  },
  /** Milliseconds, requests per second, shares (0 to 1) or US dollars. */
  slo: {
    group: 'target',
    key: 'slo',
    parse: slo,
    description: [
      'Limits that are part of the verdict of a mode that measures, separated by commas or lines:',
      '`ttft-p95<500ms, tpot-p50<40ms, e2e-p99<20s, throughput>30, goodput>20, success-rate>99.9%, hit-rate>60%,',
      'cost-per-million-tokens<$2`. `ttft`, `tpot`, `itl` and `e2e` have `p50`, `p95` and `p99`. You can leave the sign',
      'out, as in `throughput 30`. A limit is met or missed only beyond its confidence bound.',
    ].join(' '),
  },
  /** A share, 0 to below 1. */
  'max-quality-drop': {
    group: 'target',
    key: 'maxQualityDrop',
    parse: qualityDrop,
    default: '2%',
    description: [
      'With `base-manifests`: the share of right answers to `quality` tasks that a change may lose against the base stack. A',
      'drop that is surely larger fails the run.',
    ].join(' '),
  },
} as const satisfies Readonly<Record<string, InputRow>>;
