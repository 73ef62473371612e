import type { Benchmark, ChangesSincePass, Comparison, Report } from '../report/model.ts';
import { studentQuantile } from './distributions.ts';
import { mean, standardDeviation } from './statistics.ts';

/**
 * Compares two reports. The speedups are each a ratio within one run, so that days cancel; their logarithms are compared
 * by Welch's t interval over the pairs (Biometrika 34, 1947). Differences between deployments of the same thing are not
 * in it: one run each cannot show them.
 */
export function compareReports(a: Report, b: Report): Comparison {
  const problem = problemOf('first', a) ?? problemOf('second', b);
  const limits = [a, b].flatMap(({ target }) => [target.minSpeedup, target.expectedMaxSpeedup]);
  return {
    speedup:
      problem === null && a.benchmark && b.benchmark ? welch(logRatios(a.benchmark), logRatios(b.benchmark)) : null,
    figures: FIGURES.map(([name, read]) => ({ name, a: read(a), b: read(b), limits: name === SPEED_UP ? limits : [] })),
    changes: ENVIRONMENT.map(([name, read]) => ({ name, a: read(a), b: read(b) })).filter((one) => one.a !== one.b),
    problem,
  };
}

const SPEED_UP = 'speedup';

const FIGURES: readonly (readonly [string, (report: Report) => number | null])[] = [
  [SPEED_UP, ({ benchmark }) => benchmark?.speedup?.value ?? null],
  ['throughput, all replicas, req/s', ({ benchmark }) => benchmark?.arms.all.requestsPerSecond ?? null],
  ['throughput, one replica, req/s', ({ benchmark }) => benchmark?.arms.one.requestsPerSecond ?? null],
  ['latency p95, all replicas, ms', ({ benchmark }) => benchmark?.arms.all.latencyMs?.p95.value ?? null],
  ['time to first token p95, ms', ({ benchmark }) => benchmark?.latency?.ttftMs?.p95.value ?? null],
  ['prefix-cache hit rate', ({ routing }) => routing?.hitRate?.measured ?? null],
  ['cost, USD', ({ cost }) => cost?.usd ?? null],
];

const ENVIRONMENT: readonly (readonly [string, (report: Report) => string])[] = [
  ['commit', ({ run }) => run.sha ?? '?'],
  ['machine', ({ environment }) => environment.machineType ?? '?'],
  ['vLLM image', ({ environment }) => environment.vllmImage ?? '?'],
  ['endpoint picker image', ({ environment }) => environment.pickerImage ?? '?'],
  [
    'scorers',
    ({ environment }) => environment.scorers?.map(({ name, weight }) => `${name} ${weight}`).join(', ') ?? '?',
  ],
  ['vLLM arguments', ({ environment }) => environment.vllmArgs ?? '?'],
  ['model', ({ environment }) => environment.modelId ?? '?'],
  ['Istio', ({ environment }) => environment.istioVersion ?? '?'],
  ['KServe', ({ environment }) => environment.kserveVersion ?? '?'],
  ['Kubernetes', ({ environment }) => environment.kubernetesVersion ?? '?'],
  ['replicas', ({ benchmark }) => String(benchmark?.replicas ?? '?')],
  ['requests in flight per replica', ({ plan }) => String(plan.concurrency ?? '?')],
  ['gate', ({ tool }) => tool.version],
];

/** What differs from the last run that passed, of what both runs know; the commit is stated beside it. */
export function sincePass(passed: Report, report: Report): ChangesSincePass {
  const { url, sha } = passed.run;
  return {
    run: { url, sha, finishedAt: passed.finishedAt },
    changes: ENVIRONMENT.filter(([name]) => name !== 'commit')
      .map(([name, read]) => ({ name, before: read(passed), after: read(report) }))
      .filter(({ before, after }) => before !== after && before !== '?' && after !== '?'),
  };
}

function problemOf(which: string, report: Report): string | null {
  if (!report.benchmark || report.benchmark.pairs.length < 2) return `the ${which} run has measured no speedup`;
  return (report.benchmark?.vetoes ?? []).length > 0 ? `a veto stands against the ${which} run` : null;
}

function logRatios({ pairs }: Benchmark): number[] {
  return pairs.map(({ ratio }) => Math.log(ratio));
}

function welch(a: readonly number[], b: readonly number[]): Comparison['speedup'] {
  const variance = (logs: readonly number[]) => standardDeviation(logs) ** 2 / logs.length;
  const [va, vb] = [variance(a), variance(b)];
  const error = Math.sqrt(va + vb);
  const difference = mean(b) - mean(a);
  if (error === 0) return { ratio: Math.exp(difference), low: Math.exp(difference), high: Math.exp(difference) };
  const df = (va + vb) ** 2 / (va ** 2 / (a.length - 1) + vb ** 2 / (b.length - 1));
  const half = studentQuantile(0.975, df) * error;
  return { ratio: Math.exp(difference), low: Math.exp(difference - half), high: Math.exp(difference + half) };
}
