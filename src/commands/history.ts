import { parseArgs } from 'node:util';
import { createGithubIssues } from '../clients/github/issues.ts';
import { repositoryPage } from '../clients/runner/identity.ts';
import type { HistoryRecord } from '../history/record.ts';
import { newestTarget, speedupText } from '../history/speedup.ts';
import { watch, watchSentence } from '../history/watch.ts';
import { isoMinute } from '../lib/timestamp.ts';
import { addResults, raiseAlerts, readSeries } from '../publish/history.ts';
import { openStore } from './history-store.ts';
import { readReport } from './report.ts';

const USAGE = 3;

/**
 * `history add FOLDER RESULT…` keeps results in a folder, a file for each series and month; `history show FOLDER` tells
 * whether the newest run of a series is worse than those before it; `history alert FOLDER` opens, writes and closes the
 * repository's issues about it. With `--branch NAME` it is a branch of the repository in place of a folder. Exits with 1
 * when the newest is worse, with 3 for bad usage.
 */
export async function historyCommand(
  args: string[],
  env: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { series: { type: 'string', default: 'default' }, branch: { type: 'string' } },
  });
  const { series, branch } = values;
  const [action, ...rest] = positionals;
  const [where, ...files] = branch === undefined ? rest : [branch, ...rest];
  const enough = action === 'add' ? files.length > 0 : /^(?:show|alert)$/.test(action ?? '') && files.length === 0;
  if (!where || !enough) {
    return refuse(
      'Give "add FOLDER RESULT…", "show FOLDER" or "alert FOLDER", or --branch NAME in place of FOLDER; and --series NAME.',
    );
  }
  const opened = openStore({ where, branch }, env, { issues: action === 'alert' });
  if ('problems' in opened) return refuse(opened.problems.join('\n'));
  const { store, access } = opened;
  if (action === 'add') {
    const reports = await Promise.all(files.map(async (file) => ({ name: file, report: await readReport(file) })));
    for (const line of await addResults(store, reports, series)) write(`${where}/${line}`);
    return 0;
  }
  const { records, skipped } = await readSeries(store, series);
  if (action === 'alert') {
    await raiseAlerts(createGithubIssues(access), records, { series, page: repositoryPage(env), write });
    return 0;
  }
  if (skipped > 0) write(`${skipped} lines of another version, or broken, were left out`);
  if (records.length === 0) {
    write(`Series ${series} has no record in ${where}.`);
    return 0;
  }
  for (const record of records.slice(-10)) write(rowOf(record));
  const found = watch(records);
  write(watchSentence(found, newestTarget(records) ?? []));
  return found.state === 'worse' ? 1 : 0;
}

function refuse(text: string): number {
  process.stderr.write(`${text}\n`);
  return USAGE;
}

function rowOf(record: HistoryRecord): string {
  const { ts, verdict, cause, run } = record;
  return [isoMinute(ts), verdict.padEnd(12), speedupText(record).padEnd(20), run.sha?.slice(0, 7) ?? '', cause ?? '']
    .join('  ')
    .trimEnd();
}
