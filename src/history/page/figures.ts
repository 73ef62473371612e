import type { HistoryRecord } from '../record.ts';
import type { Unit } from './values.ts';

/** Where a figure of the page comes from; null or undefined where a night does not have it. */
export type Read = (record: HistoryRecord) => number | null | undefined;

/** One figure of the page: a line of a chart and a column of the table. */
export interface PageFigure {
  /** In the legend of its chart. */
  label: string;
  /** At the head of its column, with the unit. */
  column: string;
  /** In the comparison of two nights. */
  name: string;
  read: Read;
}

/** A chart as it is planned. */
export interface ChartPlan {
  id: string;
  title: string;
  unit: Unit;
  figures: readonly PageFigure[];
}

/** Milliseconds as minutes. */
const minutes = (ms: number | null | undefined) => (ms == null ? null : ms / 60_000);

/** Minutes of a stage that was completed. */
function stageMinutes(record: HistoryRecord, stage: string): number | null {
  const found = record.stages.find(([name, , outcome]) => name === stage && outcome === 'done');
  return found ? found[1] / 60 : null;
}

const figure = (label: string, column: string, name: string, read: Read): PageFigure => ({ label, column, name, read });

/** Every chart in the order of the page. The table and the comparison have the same figures. */
export const CHART_PLANS: readonly ChartPlan[] = [
  {
    ...{ id: 'speedup', title: 'Speedup', unit: 'ratio' },
    figures: [figure('speedup', 'Speedup', 'speedup', ({ m }) => m.speedup?.[0])],
  },
  {
    ...{ id: 'throughput', title: 'Throughput', unit: 'rate' },
    figures: [
      figure('all replicas', 'All, req/s', 'throughput, all replicas', ({ m }) => m.all),
      figure('one replica', 'One, req/s', 'throughput, one replica', ({ m }) => m.one),
    ],
  },
  {
    ...{ id: 'tokens', title: 'Output tokens, all replicas', unit: 'tokens' },
    figures: [figure('tokens', 'Tokens/s', 'output tokens, all replicas', ({ m }) => m.tokens)],
  },
  {
    ...{ id: 'goodput', title: 'Goodput, all replicas', unit: 'rate' },
    figures: [figure('goodput', 'Goodput, req/s', 'goodput', ({ m }) => m.goodput)],
  },
  {
    ...{ id: 'latency', title: 'End-to-end latency, all replicas', unit: 'ms' },
    figures: [
      figure('p50', 'p50, ms', 'latency p50', ({ m }) => m.p50Ms),
      figure('p95', 'p95, ms', 'latency p95', ({ m }) => m.p95Ms),
      figure('p99', 'p99, ms', 'latency p99', ({ m }) => m.p99Ms),
    ],
  },
  {
    ...{ id: 'ttft', title: 'Time to first token (TTFT)', unit: 'ms' },
    figures: [figure('p50', 'TTFT, ms', 'time to first token p50', ({ m }) => m.ttftP50Ms)],
  },
  {
    ...{ id: 'tpot', title: 'Time per output token (TPOT)', unit: 'ms' },
    figures: [figure('p50', 'TPOT, ms', 'time per output token p50', ({ m }) => m.tpotP50Ms)],
  },
  {
    ...{ id: 'hit-rate', title: 'Prefix-cache hit rate of the routing check', unit: 'share' },
    figures: [figure('hit rate', 'Hit rate', 'cache hit rate', ({ m }) => m.hitRate)],
  },
  {
    ...{ id: 'quality', title: 'Quality score', unit: 'share' },
    figures: [figure('quality score', 'Quality', 'quality score', ({ m }) => m.quality)],
  },
  {
    ...{ id: 'success', title: 'Success rate', unit: 'share' },
    figures: [figure('success rate', 'Success', 'success rate', ({ m }) => m.successRate)],
  },
  {
    ...{ id: 'ready', title: 'Queue and start', unit: 'minutes' },
    figures: [
      figure('lease to ready', 'Ready, min', 'time from lease to ready', ({ m }) => minutes(m.upMs)),
      figure('pod until Ready', 'Pod, min', 'time until a pod is Ready', ({ m }) => minutes(m.readyMs)),
      figure('queue for nodes', 'Queue, min', 'queue time for nodes', (record) => stageMinutes(record, 'lease')),
    ],
  },
  {
    ...{ id: 'cost', title: 'Cost of a run at list price', unit: 'usd' },
    figures: [figure('cost', 'Cost', 'cost', ({ cost }) => cost.usd)],
  },
  {
    ...{ id: 'token-cost', title: 'Cost of a million output tokens at list price', unit: 'usd' },
    figures: [figure('cost', 'Cost, 1M tokens', 'cost of a million tokens', ({ cost }) => cost.usdPerMillionTokens)],
  },
];

/** A figure of a night; null where it was not measured. */
export function figureOf(read: Read, record: HistoryRecord): number | null {
  const value = read(record);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
