import { targetRange } from '../../report/format.ts';
import { valueText } from './values.ts';
/** The charts of a history; one that no night has a figure for is left out. */
export function chartsOf(records) {
  const column = (read) => records.map((record) => finite(read(record)));
  const line = (label, read, dash = 'solid') => ({
    label,
    values: column(read),
    dash,
  });
  const target = records.findLast((record) => record.target)?.target ?? null;
  const chart = (id, title, unit, lines, rest = {}) => ({
    ...{ id, title, unit, lines, interval: null, target: null },
    ...rest,
  });
  const charts = [
    chart('speedup', 'Speed-up', 'ratio', [line('speed-up', ({ m }) => m.speedup?.[0])], {
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
function describe({ unit, lines, target }) {
  const parts = lines.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    const [low, high, last] = [Math.min(...known), Math.max(...known), known.at(-1)];
    const text = (value) => valueText(unit, value);
    const runs = known.length === 1 ? '1 run' : `${known.length} runs`;
    return `${label}: ${text(last)} at last, ${text(low)} to ${text(high)} over ${runs}`;
  });
  return `${parts.join('; ')}${target ? `; ${target.label}` : ''}.`;
}
function finite(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
