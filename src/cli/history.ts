import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { listFiles, readText, writeFiles } from '../clients/files.ts';
import { type HistoryRecord, historyRecord } from '../history/record.ts';
import { mergeShard, readShard, shardPath } from '../history/shard.ts';
import { type Watch, watch } from '../history/watch.ts';
import { Failure } from '../lib/failure.ts';
import { parseReport } from '../report/parse.ts';

const USAGE = 3;

/**
 * `history add FOLDER RESULT…` keeps results in a folder, a file for each series and month; `history show FOLDER` tells
 * whether the newest run of a series is worse than those before it. Exits with 1 when it is, with 3 for bad usage.
 */
export async function historyCommand(args: string[], write: (line: string) => void): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { series: { type: 'string', default: 'default' } },
  });
  const [action, folder, ...files] = positionals;
  if (action === 'add' && folder && files.length > 0) return add(folder, files, values.series, write);
  if (action === 'show' && folder && files.length === 0) return show(folder, values.series, write);
  process.stderr.write('Give "add FOLDER RESULT…" or "show FOLDER", and --series NAME for another than default.\n');
  return USAGE;
}

async function add(folder: string, files: string[], series: string, write: (line: string) => void): Promise<number> {
  const records = await Promise.all(
    files.map(async (file) => {
      const text = await readText(file);
      if (text === null) throw new Failure({ stage: 'report', code: 'no-file', message: `${file} cannot be read.` });
      const report = parseReport(text);
      if (report.mode !== 'validate') {
        throw new Failure({ stage: 'report', code: 'not-measured', message: `${file} is of a run that only looked.` });
      }
      return historyRecord(report, series);
    }),
  );
  const shards = Map.groupBy(records, shardPath);
  for (const [path, own] of shards) {
    const before = (await readText(join(folder, path))) ?? '';
    await writeFiles(join(folder, path, '..'), { [path.split('/').at(-1) as string]: mergeShard(before, own) });
    write(`${join(folder, path)}: ${own.map(({ key, verdict }) => `${key} ${verdict}`).join(', ')}`);
  }
  return 0;
}

async function show(folder: string, series: string, write: (line: string) => void): Promise<number> {
  const directory = join(folder, shardPath({ series, ts: '0000-00' }), '..');
  const names = (await listFiles(directory)).filter((name) => name.endsWith('.jsonl')).sort();
  const shards = await Promise.all(names.map(async (name) => readShard((await readText(join(directory, name))) ?? '')));
  const records = shards.flatMap(({ records: each }) => each);
  const skipped = shards.reduce((sum, { skipped: each }) => sum + each, 0);
  if (skipped > 0) write(`${skipped} lines of another version, or broken, were left out`);
  if (records.length === 0) {
    write(`Series ${series} has no record in ${folder}.`);
    return 0;
  }
  for (const record of records.slice(-10)) write(rowOf(record));
  const found = watch(records);
  write(sentenceOf(found));
  return found.state === 'worse' ? 1 : 0;
}

function rowOf({ ts, verdict, m, cause, run }: HistoryRecord): string {
  const speedup = m.speedup
    ? `${m.speedup[0].toFixed(2)}× (${m.speedup[1].toFixed(2)}–${m.speedup[2].toFixed(2)})`
    : '–';
  return [
    ts.slice(0, 16).replace('T', ' '),
    verdict.padEnd(12),
    speedup.padEnd(20),
    run.sha?.slice(0, 7) ?? '',
    cause ?? '',
  ]
    .join('  ')
    .trimEnd();
}

function sentenceOf(found: Watch): string {
  if (found.state === 'building') return `Building history: ${found.have} of ${found.need} comparable runs.`;
  const reference = `${found.reference.toFixed(2)}× over ${found.nights} runs`;
  if (found.state === 'steady') return `As before: ${reference}.`;
  const shift = `${found.shift < 0 ? '−' : '+'}${Math.abs(found.shift * 100).toFixed(1)}%`;
  if (found.state === 'odd') return `One odd run: ${shift} against ${reference}. The next one decides.`;
  const by = found.by === 'two-nights' ? 'two runs in a row' : 'the last seven runs by their ranks';
  return `${found.state === 'worse' ? 'Worse' : 'Better'}: ${shift} against ${reference}, by ${by}.`;
}
