import { median } from '../ranks.ts';
import type { HistoryRecord } from '../record.ts';
import { figureOf, type Read } from './figures.ts';
import { day, usd } from './text.ts';
import { type Unit, valueText } from './values.ts';

export interface Tile {
  label: string;
  value: string;
  note: string;
}

/** Recent nights that a tile sums up. */
const RECENT = { level: 7, cost: 30 } as const;

/** The figures at the head of the page: those of the newest night, with the median of a week beside each. */
export function tilesOf(records: readonly HistoryRecord[]): Tile[] {
  const newest = (label: string, unit: Unit, read: Read) => figureTile(records, { label, unit, read });
  return [
    newest('Speedup', 'ratio', ({ m }) => m.speedup?.[0]),
    newest('Throughput, all replicas', 'rate', ({ m }) => m.all),
    newest('Latency p95', 'ms', ({ m }) => m.p95Ms),
    newest('Cache hit rate', 'share', ({ m }) => m.hitRate),
    newest('Lease to ready', 'minutes', ({ m }) => (m.upMs == null ? null : m.upMs / 60_000)),
    costTile(records),
  ];
}

/** The newest value of a figure, which is that of the heading. An older one is dated. */
function figureTile(
  records: readonly HistoryRecord[],
  { label, unit, read }: { label: string; unit: Unit; read: Read },
): Tile {
  const known = records.flatMap((record) => {
    const value = figureOf(read, record);
    return value === null ? [] : [{ record, value }];
  });
  const last = known.at(-1);
  if (!last) return { label, value: '–', note: 'not measured' };
  const limits = last.record.target ?? [];
  const recent = known.slice(-RECENT.level).map(({ value }) => value);
  const level = valueText(unit, median(recent), limits);
  const notes = [
    last.record === records.at(-1) ? '' : `on ${day(last.record.ts)}`,
    recent.length === 1 ? 'the only run that has it' : `median of the last ${recent.length}: ${level}`,
  ];
  return { label, value: valueText(unit, last.value, limits), note: notes.filter((note) => note !== '').join('; ') };
}

function costTile(records: readonly HistoryRecord[]): Tile {
  const bills = records.slice(-RECENT.cost).map(({ cost }) => cost.usd);
  const known = bills.filter((bill) => bill !== null);
  return {
    label: `Cost of the last ${bills.length === 1 ? 'run' : `${bills.length} runs`}`,
    value: known.length === 0 ? '–' : usd(known.reduce((sum, each) => sum + each, 0)),
    note:
      known.length === bills.length ? 'at list price' : `at list price; ${bills.length - known.length} without a bill`,
  };
}
