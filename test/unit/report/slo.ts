import type { LimitResult, SloReport } from '../../../src/report/model.ts';

const MET: LimitResult = {
  ...{ name: 'throughput', relation: '>', limit: 18, unit: 'req/s', outcome: 'met', value: 20, low: 19.6, high: 20.5 },
  ...{ samples: 12, over: null, needed: null, load: '30 requests in flight on 3 replicas' },
  reason: 'throughput is 20.0 req/s (19.6–20.5), above 18 req/s.',
};

const MISSED: LimitResult = {
  ...{ name: 'ttft-p95', relation: '<', limit: 500, unit: 'ms', outcome: 'missed', value: 612, low: 580, high: 655 },
  ...{ samples: 203, over: 61, needed: null, load: '10.1 req/s in an open loop' },
  reason: 'ttft-p95 is 612 ms (580–655), above 500 ms: 61 of 203 requests took longer or failed.',
};

const UNDECIDED: LimitResult = {
  ...{ name: 'e2e-p99', relation: '<', limit: 20_000, unit: 'ms', outcome: 'inconclusive', value: 771, low: 702 },
  ...{ high: null, samples: 203, over: 0, needed: 96, load: '10.1 req/s in an open loop' },
  reason:
    'e2e-p99 is 771 ms (at least 702), not decided against 20,000 ms: 0 of 203 requests took longer or failed, and at least 96 more are needed.',
};

const UNMEASURED: LimitResult = {
  ...{ name: 'tpot-p50', relation: '<=', limit: 40, unit: 'ms', outcome: 'not-measured', value: null, low: null },
  ...{ high: null, samples: null, over: null, needed: null, load: null },
  reason: 'tpot-p50 was not measured: the streams came as one piece, which hides the times of tokens.',
};

/** Limits with these outcomes, one of each at most. */
export function someLimits(...outcomes: LimitResult['outcome'][]): SloReport {
  const all = [MET, MISSED, UNDECIDED, UNMEASURED];
  return { confidence: 0.95, limits: all.filter(({ outcome }) => outcomes.includes(outcome)) };
}
