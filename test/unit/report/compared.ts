import type { Report, StackFigures } from '../../../src/report/model.ts';
import { scalingComparison, unmeasuredChange } from '../../../src/verdict/comparisons.ts';
import { judgeQuality, withQuality } from '../../../src/verdict/quality.ts';
import { aBenchmark, aReport } from './fixtures.ts';

/** The page of causes, at the version that ran. */
export const LINK = 'https://github.com/your-org/tpu-serving-gate/blob/v0.1.0/docs/troubleshooting.md';

const BENCHMARK = aBenchmark(2.68, 0.026);
const of = (value: number) => ({ value, low: value - 10, high: value + 10 });
const latency = { mean: 500, p50: of(486), p95: of(612), p99: of(734) };

function stack(service: string, requestsPerSecond: number): StackFigures {
  return {
    service,
    contentHash: service.padEnd(64, '0'),
    vllmImage: 'vllm/vllm-tpu:v0.11.1',
    load: { ...BENCHMARK.arms.one, requestsPerSecond, latencyMs: latency },
    ...{ ttftMs: latency, tpotMs: null, e2eMs: latency },
    ...{ hitRate: 0.724, tokensPerPrompt: 640, readyMs: 251_000, kvCacheTokens: 2_599_936 },
  };
}

/** A pull request with all that a comment can have: a base branch, the quality of answers, nights and their page. */
export function aComparedRun(): Report {
  const report = aReport();
  const change = {
    ...unmeasuredChange('not-measured', 'The throughput is 1.04× that of the base stack.', 0.97),
    verdict: 'no-worse' as const,
    ratio: { value: 1.041, low: 1.029, high: 1.053, level: 0.98 },
    pairs: 18,
    change: {
      ...{
        baseReplicas: 'one' as const,
        method: 'closed loop',
        pairs: [],
        vetoes: [],
        warnings: [],
        nodeDeviation: 0.003,
      },
      head: stack('qwen', 31.2),
      base: stack('qwen-base', 30),
      looks: { done: 1, planned: 4, stopped: 'no-worse' as const },
    },
  };
  const pairs = { bothRight: 262, onlyBase: 2, onlyHead: 3, bothWrong: 33 };
  const quality = {
    ...{ verdict: 'kept' as const, reason: '', tasks: 'built-in v1', maxDrop: 0.02 },
    figures: {
      ...{ api: 'chat' as const, pairs, difference: judgeQuality(pairs, 0.02).difference, identicalShare: 0.912 },
      unanswered: { head: 0, base: 0 },
      kinds: [{ kind: 'arithmetic', tasks: 100, headRight: 93, baseRight: 93 }],
      examples: [],
    },
  };
  const speedups = Array.from(
    { length: 30 },
    (_, night) => 2.66 + 0.05 * Math.sin(night / 3) - (night === 17 ? 0.09 : 0),
  );
  const nights = speedups.map((speedup, night) => ({
    ...{ at: new Date(Date.UTC(2026, 9, 23 + night, 2, 40)).toISOString(), speedup, verdict: 'pass' as const },
  }));
  return {
    ...report,
    run: { ...report.run, baseRef: 'main' },
    comparisons: [scalingComparison(BENCHMARK, report.target, 'qwen'), withQuality(change, quality)],
    differences: [{ what: 'vLLM --max-num-seqs', base: '256', head: '512', isRouting: false }],
    nights: { series: 'default', page: 'https://o.github.io/r/', nights },
  };
}
