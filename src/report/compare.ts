import { studentQuantile } from '../verdict/distributions.ts';
import { mean, standardDeviation } from '../verdict/statistics.ts';
import type { Benchmark, Report } from './model.ts';
import { vetoed } from './speedup.ts';

/** Two runs side by side: B against A. */
export interface Comparison {
  /** Speed-up of B over that of A with 95 % limits; null when one of them does not count. */
  speedup: { ratio: number; low: number; high: number } | null;
  /** `B/A` of single figures, without limits: they are of different days. */
  figures: { name: string; a: number | null; b: number | null }[];
  /** What else differs: images, machines, versions. */
  changes: { name: string; a: string; b: string }[];
  /** Why the speed-ups are not compared, if they are not. */
  problem: string | null;
}

/**
 * Compares two reports. The speed-ups are each a ratio within one run, so that days cancel; their logarithms are compared
 * by Welch's t interval over the pairs (Biometrika 34, 1947). Differences between deployments of the same thing are not
 * in it: one run each cannot show them.
 */
export function compareReports(a: Report, b: Report): Comparison {
  const problem = problemOf('first', a) ?? problemOf('second', b);
  return {
    speedup: problem === null ? welch(logRatios(a.benchmark as Benchmark), logRatios(b.benchmark as Benchmark)) : null,
    figures: FIGURES.map(([name, read]) => ({ name, a: read(a), b: read(b) })),
    changes: ENVIRONMENT.map(([name, read]) => ({ name, a: read(a), b: read(b) })).filter((one) => one.a !== one.b),
    problem,
  };
}

const FIGURES: readonly (readonly [string, (report: Report) => number | null])[] = [
  ['speed-up', ({ benchmark }) => benchmark?.speedup?.value ?? null],
  ['throughput, all replicas, req/s', ({ benchmark }) => benchmark?.arms.all.requestsPerSecond ?? null],
  ['throughput, one replica, req/s', ({ benchmark }) => benchmark?.arms.one.requestsPerSecond ?? null],
  ['latency p95, all replicas, ms', ({ benchmark }) => benchmark?.arms.all.latencyMs?.p95 ?? null],
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
  ['model', ({ environment }) => environment.modelId ?? '?'],
  ['Kubernetes', ({ environment }) => environment.kubernetesVersion ?? '?'],
  ['replicas', ({ benchmark }) => String(benchmark?.replicas ?? '?')],
  ['requests in flight per replica', ({ plan }) => String(plan.concurrency)],
  ['gate', ({ tool }) => tool.version],
];

function problemOf(which: string, report: Report): string | null {
  if (!report.benchmark || report.benchmark.pairs.length < 2) return `the ${which} run has measured no speed-up`;
  return vetoed(report) ? `a veto stands against the ${which} run` : null;
}

function logRatios({ pairs }: Benchmark): number[] {
  return pairs.map(({ ratio }) => Math.log(ratio));
}

function welch(a: readonly number[], b: readonly number[]): Comparison['speedup'] {
  const [va, vb] = [a, b].map((logs) => standardDeviation(logs) ** 2 / logs.length) as [number, number];
  const error = Math.sqrt(va + vb);
  const difference = mean(b) - mean(a);
  if (error === 0) return { ratio: Math.exp(difference), low: Math.exp(difference), high: Math.exp(difference) };
  const df = (va + vb) ** 2 / (va ** 2 / (a.length - 1) + vb ** 2 / (b.length - 1));
  const half = studentQuantile(0.975, df) * error;
  return { ratio: Math.exp(difference), low: Math.exp(difference - half), high: Math.exp(difference + half) };
}

/** The comparison in lines for a terminal. Text from the reports is made harmless by whoever writes it. */
export function comparisonLines({ speedup, figures, changes, problem }: Comparison): string[] {
  const show = (value: number | null) => (value === null ? '–' : String(Number(value.toPrecision(4))));
  const rows = figures.filter(({ a, b }) => a !== null || b !== null);
  const width = Math.max(0, ...rows.map(({ name }) => name.length), ...changes.map(({ name }) => name.length));
  const line = (name: string, a: string, b: string, rest = '') =>
    `${name.padEnd(width)}  ${a.padStart(10)}  ${b.padStart(10)}  ${rest}`.trimEnd();
  const verdict = speedup
    ? `The second speed-up is ${speedup.ratio.toFixed(3)} of the first (95 % limits ${speedup.low.toFixed(3)} to ${speedup.high.toFixed(3)}): ${
        speedup.low > 1 ? 'better' : speedup.high < 1 ? 'worse' : 'no difference is shown'
      }.`
    : `The speed-ups cannot be compared: ${problem}.`;
  return [
    line('', 'first', 'second', 'second ÷ first'),
    ...rows.map(({ name, a, b }) => line(name, show(a), show(b), a && b ? (b / a).toFixed(3) : '')),
    '',
    ...(changes.length > 0 ? ['Changed:', ...changes.map(({ name, a, b }) => `  ${name}: ${a} → ${b}`), ''] : []),
    verdict,
  ];
}
