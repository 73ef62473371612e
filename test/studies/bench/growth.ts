import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { replaceBetween } from '../../../scripts/docs/tables.ts';
import { root } from '../../checks/root.ts';
import type { Findings } from './findings.ts';
import { type Cost, GROWING, type Growing } from './growth/sizes.ts';

/** How time, memory and what is written grow with the size of a run, as a table. */
const PAGE = 'docs/method.md';

type Row = Cost & { growing: Growing; size: number };

export async function measureGrowth({ found, note }: Findings, { write }: { write: boolean }): Promise<void> {
  const rows: Row[] = [];
  for (const growing of Object.keys(GROWING) as Growing[]) {
    for (const size of GROWING[growing].sizes) rows.push({ growing, size, ...(await costOf(growing, size)) });
  }
  const table = tableOf(rows);
  for (const line of table) note(line);
  const steepest = Math.max(...(Object.keys(GROWING) as Growing[]).map((growing) => powerOf(rows, growing)));
  found('growth', steepest);
  const requests = rows.filter(({ growing }) => growing === 'requests');
  found('memory-of-requests', ((requests.at(-1)?.peakBytes ?? Number.NaN) - (requests[0]?.peakBytes ?? 0)) / 1e6);
  found('comment-of-replicas', rows.findLast(({ growing }) => growing === 'replicas')?.written ?? Number.NaN);
  if (!write) return;
  const path = join(root, PAGE);
  await writeFile(path, replaceBetween(await readFile(path, 'utf8'), 'growth', table.join('\n'), PAGE));
}

async function costOf(growing: Growing, size: number): Promise<Cost> {
  const script = join(import.meta.dirname, 'growth', 'grown.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, growing, String(size)]);
  return JSON.parse(stdout) as Cost;
}

/** The power of the size that the CPU time grows with from the last size but one to the last: 1 where it is in proportion. */
function powerOf(rows: readonly Row[], growing: Growing): number {
  const [less, more] = rows.filter((row) => row.growing === growing).slice(-2);
  if (!less || !more) return Number.NaN;
  return Math.log(more.cpuMs / less.cpuMs) / Math.log(more.size / less.size);
}

function tableOf(rows: readonly Row[]): string[] {
  const lines = rows.map((row) => {
    const { title, writes } = GROWING[row.growing];
    const isLast = row.size === GROWING[row.growing].sizes.at(-1);
    const power = isLast ? powerOf(rows, row.growing).toFixed(2) : '';
    const written = `${whole(row.written / 1_000)} kB ${writes}`;
    return [title, whole(row.size), `${whole(row.cpuMs)} ms`, `${whole(row.peakBytes / 1e6)} MB`, written, power];
  });
  const head = ['What grows', 'To', 'CPU time', 'Memory', 'Writes', 'Power of the size'];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`);
}

/** Whole numbers from 10, one digit behind the point below. */
function whole(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });
}
