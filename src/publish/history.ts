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

/** A result that was kept in a history. */
export interface AddedRecord {
  /** The name that was given with it. */
  result: string;
  /** Of its line in the file. */
  key: string;
  verdict: HistoryRecord['verdict'];
}

/** Keeps results in their series. Returns each file with what was written to it. A run that only looked is refused. */
export async function addResults(
  store: TextStore,
  results: readonly { name: string; report: Report }[],
  series: string,
): Promise<{ path: string; records: AddedRecord[] }[]> {
  const kept = results.map(({ name, report }) => {
    if (!isMeasuring(report)) {
      throw new Failure({
        stage: 'report',
        code: 'not-measured',
        message: `${name} is of a run that measured nothing (mode ${report.mode}).`,
      });
    }
    return { result: name, record: historyRecord(report, series) };
  });
  const shards = [...Map.groupBy(kept, ({ record }) => shardPath(record))];
  const merge = (own: typeof kept) => (before: string) =>
    mergeShard(
      before,
      own.map(({ record }) => record),
    );
  await store.update(
    new Map(shards.map(([path, own]) => [path, merge(own)])),
    `${series}: ${addedText(kept.map(({ record }) => record))}`,
  );
  return shards.map(([path, own]) => ({
    path,
    records: own.map(({ result, record: { key, verdict } }) => ({ result, key, verdict })),
  }));
}

/** Keys and verdicts of records, on one line. */
export function addedText(records: readonly Pick<HistoryRecord, 'key' | 'verdict'>[]): string {
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

/** The issues of a series, each by what it is about: `figures`, or `cause ID`. */
export interface RaisedAlerts {
  /** Those that are open now; `none`: nothing was done to it. */
  open: { subject: string; url: string; change: 'opened' | 'updated' | 'reopened' | 'none' }[];
  /** Those that were closed just now. */
  closed: { subject: string; url: string }[];
}

/** Brings the issues of a series to what its newest night shows. */
export async function raiseAlerts(
  issues: GithubIssues,
  records: readonly HistoryRecord[],
  { series, page, write }: { series: string; page: string; write: (line: string) => void },
): Promise<RaisedAlerts> {
  const known = (await issues.list()).flatMap(({ body, notPlanned, ...issue }) => {
    const mark = parseMark(body);
    return mark?.series === series ? [{ ...issue, accepted: notPlanned, mark }] : [];
  });
  const steps = alertSteps(series, records, known, (from, to) => `${page}/compare/${from}...${to}`);
  const raised: RaisedAlerts = { open: [], closed: [] };
  for (const step of steps) {
    const { subject } = step.mark;
    const text = { title: step.title, body: `${renderMark(step.mark)}\n${step.body}` };
    if (step.do === 'open') {
      const url = await issues.create(text);
      raised.open.push({ subject, url, change: 'opened' });
      write(`opened ${url}: ${step.title}`);
      continue;
    }
    // The comment goes first: a state that has changed without a comment would never be reported.
    if (step.comment) await issues.comment(step.number, step.comment);
    const url = await issues.update(step.number, { ...text, state: step.do === 'close' ? 'closed' : 'open' });
    if (step.do === 'close') raised.closed.push({ subject, url });
    else raised.open.push({ subject, url, change: step.do === 'reopen' ? 'reopened' : 'updated' });
    write(`${{ update: 'updated', reopen: 'opened again', close: 'closed' }[step.do]} ${url}: ${step.title}`);
  }
  if (steps.length === 0) write(`${series}: nothing to say.`);
  const changed = new Set(steps.flatMap((step) => (step.do === 'open' ? [] : [step.number])));
  for (const { number, open, url, mark } of known) {
    if (open && !changed.has(number)) raised.open.push({ subject: mark.subject, url, change: 'none' });
  }
  return raised;
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
