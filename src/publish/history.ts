import { join } from 'node:path';
import { readPageAssets } from '../clients/files/page-assets.ts';
import type { TextStore } from '../clients/files/text-store.ts';
import { writeFiles } from '../clients/files/write.ts';
import type { GithubIssues } from '../clients/github/issues.ts';
import { parseMark, renderMark } from '../history/alert-mark.ts';
import { alertSteps } from '../history/alerts.ts';
import { historyRecord } from '../history/new-record.ts';
import type { PageModel } from '../history/page/model.ts';
import { renderPage } from '../history/page/view.ts';
import type { HistoryRecord } from '../history/record.ts';
import { mergeShard, readShard, shardPath } from '../history/shard.ts';
import { Failure } from '../lib/failure.ts';
import { MODES } from '../lib/modes.ts';
import type { Report } from '../report/model.ts';

/** Whether a result belongs in the history. A verdict that was reused is there already. */
export function isMeasuring({ mode, reused }: Pick<Report, 'mode' | 'reused'>): boolean {
  return MODES[mode].measures && !reused;
}

/** Keeps results in their series; answers a line for each file: what was written. A run that only looked is refused. */
export async function addResults(
  store: TextStore,
  results: readonly { name: string; report: Report }[],
  series: string,
): Promise<string[]> {
  const records = results.map(({ name, report }) => {
    if (!isMeasuring(report)) {
      throw new Failure({
        stage: 'report',
        code: 'not-measured',
        message: `${name} is of a run that measured nothing (mode ${report.mode}).`,
      });
    }
    return historyRecord(report, series);
  });
  const shards = Map.groupBy(records, shardPath);
  await store.update(
    new Map([...shards].map(([path, own]) => [path, (before: string) => mergeShard(before, own)])),
    `${series}: ${told(records)}`,
  );
  return [...shards].map(([path, own]) => `${path}: ${told(own)}`);
}

function told(records: readonly HistoryRecord[]): string {
  return records.map(({ key, verdict }) => `${nameOf(key)} ${verdict}`).join(', ');
}

/** A key for a line of the log and the message of a commit; its run's id may be of a file that somebody else wrote. */
const nameOf = (key: string) => key.replace(/[^\w./-]+/g, '?').slice(0, 120);

/** The records of a series in order of time; lines that cannot be read are counted. */
export async function readSeries(
  store: TextStore,
  series: string,
): Promise<{ records: HistoryRecord[]; skipped: number }> {
  const folder = shardPath({ series, ts: '0000-00' }).replace(/\/[^/]*$/, '');
  const files = [...(await store.read(folder))].filter(([path]) => path.endsWith('.jsonl'));
  const shards = files.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => readShard(text));
  const skipped = shards.reduce((sum, { skipped: each }) => sum + each, 0);
  return { records: shards.flatMap(({ records: each }) => each), skipped };
}

/** The other series of a history, each with its records; one without a record is left out. */
export async function readOtherSeries(
  store: TextStore,
  series: string,
): Promise<{ series: string; records: HistoryRecord[]; skipped: number }[]> {
  const [root = '', own] = shardPath({ series, ts: '0000-00' }).split('/');
  const found = [];
  for (const name of await store.list(root)) {
    if (name !== own) found.push({ series: name, ...(await readSeries(store, name)) });
  }
  return found.filter(({ records }) => records.length > 0);
}

/** Brings the issues of a series to what its newest night shows. Returns the addresses of those that are open now. */
export async function raiseAlerts(
  issues: GithubIssues,
  records: readonly HistoryRecord[],
  { series, page, write }: { series: string; page: string; write: (line: string) => void },
): Promise<string[]> {
  const known = (await issues.list()).flatMap(({ body, notPlanned, ...issue }) => {
    const mark = parseMark(body);
    return mark?.series === series ? [{ ...issue, accepted: notPlanned, mark }] : [];
  });
  const steps = alertSteps(series, records, known, (from, to) => `${page}/compare/${from}...${to}`);
  const open: string[] = [];
  for (const step of steps) {
    const text = { title: step.title, body: `${renderMark(step.mark)}\n${step.body}` };
    if (step.do === 'open') {
      const url = await issues.create(text);
      open.push(url);
      write(`opened ${url}: ${step.title}`);
      continue;
    }
    // The comment goes first: a state that has changed without a comment would never be reported.
    if (step.comment) await issues.comment(step.number, step.comment);
    const url = await issues.update(step.number, { ...text, state: step.do === 'close' ? 'closed' : 'open' });
    if (step.do !== 'close') open.push(url);
    write(`${{ update: 'updated', reopen: 'opened again', close: 'closed' }[step.do]} ${url}: ${step.title}`);
  }
  if (steps.length === 0) write(`${series}: nothing to say.`);
  return open;
}

/** Writes the page of one or more series into a folder; returns its path. */
export async function writePage(
  folder: string,
  packageRoot: string,
  models: readonly [PageModel, ...PageModel[]],
  redact: (text: string) => string = (text) => text,
): Promise<string> {
  const html = renderPage(models, await readPageAssets(packageRoot));
  return join(await writeFiles(folder, { 'index.html': redact(html) }), 'index.html');
}
