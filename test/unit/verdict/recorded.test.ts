import { describe, expect, it } from 'vitest';
import { DEFAULT_DECISION } from '../../../src/verdict/decide.ts';
import { overallVerdict } from '../../../src/verdict/overall.ts';
import { baselineDifferences, baselineFlaw, recordedArm, recordedLook } from '../../../src/verdict/recorded.ts';
import { aBenchmark, aReport, checks } from '../report/fixtures.ts';

const baseline = aReport();
const now = {
  environment: baseline.environment,
  workload: baseline.benchmark!.workload,
  concurrency: baseline.benchmark!.concurrencyPerReplica,
};

describe('a recorded baseline', () => {
  it('is a run that measured one replica in pairs without a veto', () => {
    expect(baselineFlaw(baseline)).toBeNull();
    const flawed = (change: Parameters<typeof aBenchmark>[2]) =>
      baselineFlaw(aReport({ benchmark: aBenchmark(2.68, 0.07, change) }));
    expect(flawed({ design: 'recorded' })).toContain('not measured in pairs');
    expect(flawed({ pairs: [] })).toContain('not measured three pairs');
    expect(flawed({ vetoes: [{ id: 'restart', message: 'A replica restarted.' }] })).toContain('(restart)');
    expect(baselineFlaw(aReport({ benchmark: null, verdict: 'error' }))).toContain('verdict is error');
  });

  it('compares only where model, image, machine, load and lengths are the same', () => {
    expect(baselineDifferences(baseline, now)).toEqual([]);
    const other = {
      environment: { ...now.environment, vllmImage: 'vllm:other', tpuTopology: null },
      workload: { ...now.workload, maxTokens: 50 },
      concurrency: 16,
    };
    expect(baselineDifferences(baseline, other)).toEqual([
      `vLLM image ${baseline.environment.vllmImage}, now vllm:other`,
      'topology 2x2, now not known',
      'output tokens 16, now 50',
      'requests in flight 10, now 16',
    ]);
  });

  it('decides nothing, however clear the ratio is, and says of when it is', () => {
    const { rates, figures, evidence } = recordedArm(baseline);
    expect(evidence).toMatchObject({ requests: figures.requests, completed: expect.any(Number), halves: [] });
    for (const factor of [1, 2.5, 9]) {
      const all = rates.map((rate) => factor * rate);
      const { estimate, decision } = recordedLook(rates, all, { ...DEFAULT_DECISION, minSpeedup: 2.5 });
      expect(decision).toBe('exhausted');
      expect(estimate!.value).toBeCloseTo(factor);
      // Two days of 8 % each: far wider than the pairs alone.
      expect(estimate!.high / estimate!.low).toBeGreaterThan(1.4);
      const { verdict, reasons } = overallVerdict(
        checks(),
        aBenchmark(factor, 0.01, {
          design: 'recorded',
          pairs: [],
          speedup: estimate,
          baseline: { url: null, sha: null, finishedAt: '2026-11-21T03:10:00Z' },
          looks: { done: 1, planned: 1, stopped: 'budget' },
        }),
        { minSpeedup: 2.5, expectedMaxSpeedup: 2.8, successRate: 1 },
      );
      expect(verdict).toBe('inconclusive');
      expect(reasons[0]).toContain('recorded at 2026-11-21T03:10:00Z');
    }
  });
});
