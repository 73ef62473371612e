import type { Expectation } from './types.ts';

/** A healthy stack with limits that a workflow sets. */
export interface LimitScenario {
  name: string;
  summary: string;
  flags: readonly string[];
  expect: Expectation;
}

/** What limits make of a healthy stack. */
export const LIMIT_SCENARIOS: readonly LimitScenario[] = [
  {
    name: 'limit-missed',
    summary: 'a healthy stack, and a limit on its prefix-cache hit rate that no prompt allows',
    flags: ['--slo=hit-rate>99%'],
    expect: { exitCode: 1, verdict: 'fail', cause: 'limit.missed' },
  },
  {
    name: 'limits-met',
    summary: 'a healthy stack, and limits that it keeps with room to spare',
    flags: [
      '--latency-duration=20s',
      '--slo=ttft-p95<5s, tpot-p50<1s, itl-p95<2s, e2e-p95<30s, throughput>1, success-rate>98%, hit-rate>60%, cost-per-million-tokens<$900',
    ],
    expect: { exitCode: 0, verdict: 'pass', cause: null },
  },
];
