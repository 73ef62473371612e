import schema from '../../docs/history.schema.json' with { type: 'json' };
import { isMap, isMismatch } from '../lib/decode.ts';
import { conforming } from '../lib/json-schema.ts';
import type { HistoryRecord } from './record.ts';

/** Where a record is kept: a file for each series and month, so that no file grows for ever. */
export function shardPath({ series, ts }: Pick<HistoryRecord, 'series' | 'ts'>): string {
  return `v1/${series.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '') || 'default'}/${ts.slice(0, 7)}.jsonl`;
}

interface Line {
  /** Null for a line that is not a record of the gate: kept as it is. */
  key: string | null;
  ts: string;
  text: string;
}

function linesOf(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const value = parsed(line);
      const known = value && typeof value.key === 'string' && typeof value.ts === 'string';
      return { key: known ? String(value.key) : null, ts: known ? String(value.ts) : '', text: line };
    });
}

/**
 * The shard with the record in it: the union by key, in order of time. A line with the same key is replaced, which makes a
 * second write of one run harmless; lines that are not understood stay as they are, at the front. Idempotent, and the same
 * whatever the order in which two writers come.
 */
export function mergeShard(text: string, records: readonly HistoryRecord[]): string {
  const lines = new Map<string, Line>();
  const strange: string[] = [];
  for (const line of linesOf(text)) {
    if (line.key === null) strange.push(line.text);
    else lines.set(line.key, line);
  }
  for (const record of records) {
    lines.set(record.key, { key: record.key, ts: record.ts, text: JSON.stringify(record) });
  }
  const sorted = [...lines.values()].sort((a, b) => compare(a.ts, b.ts) || compare(a.key ?? '', b.key ?? ''));
  return [...strange, ...sorted.map((line) => line.text)].map((line) => `${line}\n`).join('');
}

/** The records of a shard, in order of time; lines of other versions and broken ones are counted, never guessed at. */
export function readShard(text: string): { records: HistoryRecord[]; skipped: number } {
  const records: HistoryRecord[] = [];
  let skipped = 0;
  for (const { text: line } of linesOf(text)) {
    const value = parsed(line);
    const record = value && recordOf(value);
    if (record) records.push(record);
    else skipped += 1;
  }
  return { records: records.sort((a, b) => compare(a.ts, b.ts)), skipped };
}

/** A line as a record; null for one that does not fit the schema, so that one that was written by hand breaks no page. */
function recordOf(value: Record<string, unknown>): HistoryRecord | null {
  try {
    return conforming(schema, value) as HistoryRecord;
  } catch (error) {
    if (isMismatch(error)) return null;
    throw error;
  }
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function parsed(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return isMap(value) ? value : null;
  } catch {
    return null;
  }
}
