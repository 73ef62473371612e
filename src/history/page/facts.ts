import { decimal } from '../../lib/number.ts';
import { percent, targetRange } from '../../report/format.ts';
import type { HistoryRecord } from '../record.ts';
import { speedupText } from '../speedup.ts';
import { type Unit, valueText } from './values.ts';

/** What a run measured and what it ran on, each with its name: for the comparison of two runs. */
export function factsOf(record: HistoryRecord): [name: string, text: string][] {
  const { m, env, cost, target } = record;
  const text = (value: number | null | undefined, as: (value: number) => string) => (value == null ? '–' : as(value));
  const seconds = (value: number) => `${decimal(value / 1_000, 0)} s`;
  const as = (unit: Unit) => (value: number) => valueText(unit, value);
  return [
    ['verdict', record.verdict],
    ['cause', record.cause ?? '–'],
    ['speedup', speedupText(record)],
    ['target', target ? targetRange(...target) : '–'],
    ['throughput, all replicas', text(m.all, as('rate'))],
    ['throughput, one replica', text(m.one, as('rate'))],
    [
      'between replicas',
      text(m.spread, (value) => [percent(value, 1), ...(m.apart ?? []).map((pod) => `${pod} stands out`)].join(', ')),
    ],
    ['latency p50', text(m.p50Ms, as('ms'))],
    ['latency p95', text(m.p95Ms, as('ms'))],
    ['latency p99', text(m.p99Ms, as('ms'))],
    ['time to first token p50', text(m.ttftP50Ms, as('ms'))],
    ['time per output token p50', text(m.tpotP50Ms, as('ms'))],
    ['goodput', text(m.goodput, as('rate'))],
    ['quality score', text(m.quality, (value) => percent(value, 1))],
    ['time until a pod is Ready', text(m.readyMs, seconds)],
    ['time from lease to ready', text(m.upMs, seconds)],
    ['cache hit rate', text(m.hitRate, (value) => percent(value, 1))],
    ['success rate', text(m.successRate, (value) => percent(value, 1))],
    ['cost', text(cost.usd, as('usd'))],
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
  ['chips', 'chips per node'],
  ['workload', 'workload'],
  ['method', 'method'],
  ['vllm', 'vLLM image'],
  ['vllmDigest', 'digest of the vLLM image'],
  ['vllmVersion', 'vLLM version'],
  ['flags', 'vLLM flags'],
  ['picker', 'endpoint picker image'],
  ['pickerDigest', 'digest of the endpoint picker image'],
  ['scorers', 'scorers'],
  ['gke', 'Kubernetes'],
  ['istio', 'Istio'],
  ['kserve', 'KServe'],
  ['gate', 'gate'],
];
