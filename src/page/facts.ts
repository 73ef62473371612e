import type { HistoryRecord } from '../history/record.ts';
import { decimal } from '../lib/number.ts';
import { percent, significant, usd } from '../report/format.ts';

/** What a run measured and what it ran on, each with its name: for the comparison of two runs. */
export function factsOf(record: HistoryRecord): [name: string, text: string][] {
  const { m, env, cost, target } = record;
  const text = (value: number | null | undefined, as: (value: number) => string) => (value == null ? '–' : as(value));
  const ms = (value: number) => `${decimal(value, 0)} ms`;
  const rate = (value: number) => `${significant(value)} req/s`;
  const [speedup, low, high] = m.speedup ?? [null, 0, 0];
  return [
    ['verdict', record.verdict],
    ['cause', record.cause ?? '–'],
    ['speed-up', text(speedup, (value) => `${decimal(value, 2)}× (${decimal(low, 2)}–${decimal(high, 2)})`)],
    ['target', target ? `${decimal(target[0], 1)}–${decimal(target[1], 1)}×` : '–'],
    ['throughput, all replicas', text(m.all, rate)],
    ['throughput, one replica', text(m.one, rate)],
    ['latency p50', text(m.p50Ms, ms)],
    ['latency p95', text(m.p95Ms, ms)],
    ['latency p99', text(m.p99Ms, ms)],
    ['time to first token p50', text(m.ttftP50Ms, ms)],
    ['cache hit rate', text(m.hitRate, (value) => percent(value, 1))],
    ['success rate', text(m.successRate, (value) => percent(value, 1))],
    ['cost', text(cost.usd, usd)],
    ['chip-minutes', text(cost.chipMinutes, (value) => decimal(value, 0))],
    ...ENVIRONMENT.map(([name, label]): [string, string] => [label, String(env[name] ?? '–')]),
    ['commit', record.run.sha?.slice(0, 7) ?? '–'],
    ...record.stages.map(([name, seconds, outcome]): [string, string] => [
      `stage ${name}`,
      `${decimal(seconds, 0)} s${outcome === 'done' ? '' : `, ${outcome}`}`,
    ]),
  ];
}

/** What makes figures comparable, by its name on the page. */
export const ENVIRONMENT: readonly [keyof HistoryRecord['env'], string][] = [
  ['machine', 'machine type'],
  ['replicas', 'replicas'],
  ['model', 'model'],
  ['vllm', 'vLLM image'],
  ['picker', 'endpoint picker image'],
  ['scorers', 'scorers'],
  ['gke', 'Kubernetes'],
  ['istio', 'Istio'],
  ['kserve', 'KServe'],
  ['gate', 'gate'],
];
