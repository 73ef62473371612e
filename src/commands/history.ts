import { createGithubIssues } from '../clients/github/issues.ts';
import { repositoryPage } from '../clients/runner/identity.ts';
import type { HistoryRecord } from '../history/record.ts';
import { newestTarget, speedupText } from '../history/speedup.ts';
import { watch } from '../history/watch.ts';
import { watchSentences } from '../history/watch-text.ts';
import { isoMinute } from '../lib/timestamp.ts';
import { addedText, addResults, raiseAlerts, readSeries } from '../publish/history.ts';
import { logLine } from '../report/escape.ts';
import { refuse } from './command.ts';
import { exitCode } from './exit-codes.ts';
import { needFolder, openStore } from './history-store.ts';
import { createOutput } from './json-output.ts';
import { readReport } from './report.ts';

/** Which history, and for `add` the files to keep in it. */
export interface HistoryRequest {
  /** Folder, or name of the branch. */
  where: string;
  branch: string | undefined;
  series: string;
  files: readonly string[];
  /** Whether stdout has one JSON document, and nothing else. */
  isJson: boolean;
}

/**
 * Keeps results in a history, shows its newest runs, or raises its alerts. Returns the exit code: that of a fail when
 * `show` finds the newest run worse than those before it.
 */
export async function historyCommand(
  action: 'add' | 'show' | 'alert',
  { where, branch, series, files, isJson }: HistoryRequest,
  env: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): Promise<number> {
  const opened = openStore({ where, branch }, env, { issues: action === 'alert' });
  if ('problems' in opened) return refuse(...opened.problems);
  const { store, access } = opened;
  const output = createOutput(isJson, write);
  if (action === 'add') {
    const reports = await Promise.all(files.map(async (file) => ({ name: file, report: await readReport(file) })));
    const added = await addResults(store, reports, series);
    for (const { path, records } of added) output.say(`${where}/${path}: ${addedText(records)}`);
    const all = added.flatMap(({ path, records }) => records.map((one) => ({ ...one, path: `${where}/${path}` })));
    output.result({ series, added: all });
    return exitCode('pass');
  }
  await needFolder({ where, branch });
  const { records, skipped } = await readSeries(store, series);
  if (action === 'alert') {
    const issues = createGithubIssues(access);
    const raised = await raiseAlerts(issues, records, { series, page: repositoryPage(env), write: output.say });
    output.result({ series, ...raised });
    return exitCode('pass');
  }
  if (records.length === 0) return refuse(`Series ${series} has no record in ${where}.`);
  if (isJson) {
    const { state, have, need } = watch(records);
    const sentences = watchSentences(watch(records), newestTarget(records) ?? []);
    output.result({ series, state, nights: have, needed: need, sentences, skipped, records });
    return exitCode(state === 'worse' ? 'fail' : 'pass');
  }
  if (skipped > 0) write(`${skipped} lines of another version, or broken, were left out`);
  for (const record of records.slice(-10)) write(logLine(rowOf(record), 300));
  const found = watch(records);
  for (const sentence of watchSentences(found, newestTarget(records) ?? [])) write(logLine(sentence, 1_000));
  return exitCode(found.state === 'worse' ? 'fail' : 'pass');
}

function rowOf(record: HistoryRecord): string {
  const { ts, verdict, cause, run } = record;
  return [isoMinute(ts), verdict.padEnd(12), speedupText(record).padEnd(20), run.sha?.slice(0, 7) ?? '', cause ?? '']
    .join('  ')
    .trimEnd();
}
