import { targetRange } from '../../report/format.ts';
import type { HistoryRecord } from '../record.ts';
import { newestTarget } from '../speedup.ts';
import { type Unit, valueText } from './values.ts';

/** A line of a chart; a null is a night that measured nothing there, and a gap. */
export interface Line {
  label: string;
  values: (number | null)[];
  /** So that no line is told by its colour alone. */
  dash: 'solid' | 'dashed' | 'dotted';
}

/** One chart as the page's script draws it. Times are those of the nights, shared by all charts. */
export interface Chart {
  id: string;
  title: string;
  /** What the chart shows in one sentence, for whoever does not see it. */
  description: string;
  unit: Unit;
  lines: Line[];
  /** Limits around the first line. */
  interval: { low: (number | null)[]; high: (number | null)[] } | null;
  /** A shaded range of values, with the lower end as a dashed line of its own. */
  target: { low: number; high: number; label: string } | null;
}

type Read = (record: HistoryRecord) => number | null | undefined;

/** The charts of a history; one that no night has a figure for is left out. */
export function chartsOf(records: readonly HistoryRecord[]): Chart[] {
  const column = (read: Read) => records.map((record) => finite(read(record)));
  const line = (label: string, read: Read, dash: Line['dash'] = 'solid'): Line => ({
    label,
    values: column(read),
    dash,
  });
  const target = newestTarget(records);
  const chart = (id: string, title: string, unit: Unit, lines: Line[], rest: Partial<Chart> = {}) => ({
    ...{ id, title, unit, lines, interval: null, target: null },
    ...rest,
  });
  const charts: Omit<Chart, 'description'>[] = [
    chart('speedup', 'Speedup', 'ratio', [line('speedup', ({ m }) => m.speedup?.[0])], {
      interval: { low: column(({ m }) => m.speedup?.[1]), high: column(({ m }) => m.speedup?.[2]) },
      target: target && { low: target[0], high: target[1], label: `target ${targetRange(...target)}` },
    }),
    chart('throughput', 'Throughput', 'rate', [
      line('all replicas', ({ m }) => m.all),
      line('one replica', ({ m }) => m.one, 'dashed'),
    ]),
    chart('latency', 'End-to-end latency, all replicas', 'ms', [
      line('p50', ({ m }) => m.p50Ms),
      line('p95', ({ m }) => m.p95Ms, 'dashed'),
      line('p99', ({ m }) => m.p99Ms, 'dotted'),
    ]),
    chart('ttft', 'Time to first token', 'ms', [line('p50', ({ m }) => m.ttftP50Ms)]),
    chart('hit-rate', 'Prefix-cache hit rate of the routing check', 'share', [line('hit rate', ({ m }) => m.hitRate)]),
    chart('cost', 'Cost of a run at list price', 'usd', [line('cost', ({ cost }) => cost.usd)]),
  ];
  return charts.flatMap((chart) => {
    const lines = chart.lines.filter(({ values }) => values.some((value) => value !== null));
    return lines.length === 0 ? [] : [{ ...chart, lines, description: describe({ ...chart, lines }) }];
  });
}

function describe({ unit, lines, target }: Omit<Chart, 'description'>): string {
  const parts = lines.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    const [low, high, last] = [Math.min(...known), Math.max(...known), known.at(-1)!];
    const text = (value: number) => valueText(unit, value, target ? [target.low, target.high] : []);
    const runs = known.length === 1 ? '1 run' : `${known.length} runs`;
    return `${label}: ${text(last)} at last, ${text(low)} to ${text(high)} over ${runs}`;
  });
  return `${parts.join('; ')}${target ? `; ${target.label}` : ''}.`;
}

function finite(value: number | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
