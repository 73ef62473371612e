import { parseArgs } from 'node:util';
import { branchStore } from '../clients/branch-store.ts';
import { readText } from '../clients/files.ts';
import { folderStore } from '../clients/folder-store.ts';
import { timerWait } from '../clients/github-errors.ts';
import { createGithubIssues, type GithubIssues } from '../clients/github-issues.ts';
import type { TextStore } from '../clients/text-store.ts';
import { alertSteps, parseMark, renderMark } from '../history/alerts.ts';
import { type HistoryRecord, historyRecord, speedupText } from '../history/record.ts';
import { mergeShard, readShard, shardPath } from '../history/shard.ts';
import { type Watch, watch } from '../history/watch.ts';
import { Failure } from '../lib/failure.ts';
import { parseReport } from '../report/parse.ts';

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
  const problems = [
    ...(branch === undefined ? [] : nameProblems(branch)),
    ...(branch === undefined && action !== 'alert' ? [] : accessProblems(env)),
  ];
  if (problems.length > 0) return refuse(problems.join('\n'));
  const { GITHUB_TOKEN: token = '', GITHUB_REPOSITORY: repository = '', GITHUB_API_URL: apiUrl } = env;
  const access = { token, repository, apiUrl, signal: new AbortController().signal, wait: timerWait };
  const store = branch === undefined ? folderStore(where) : branchStore({ ...access, branch });
  if (action === 'add') return add(store, where, files, series, write);
  if (action === 'show') return show(store, where, series, write);
  const page = `${env.GITHUB_SERVER_URL ?? 'https://github.com'}/${repository}`;
  return alert(createGithubIssues(access), (await read(store, series)).records, { series, page, write });
}

function refuse(text: string): number {
  process.stderr.write(`${text}\n`);
  return USAGE;
}

function nameProblems(branch: string): string[] {
  if (/^(?:main|master)$/.test(branch)) {
    return [`--branch "${branch}" is where code lives; give a branch of its own, such as tpu-bench-data.`];
  }
  return /^(?!.*(?:\.\.|\/\/|\.lock$))[A-Za-z0-9_][A-Za-z0-9_./-]*[A-Za-z0-9_-]$/.test(branch)
    ? []
    : [`--branch "${branch}" is no name of a branch; letters, digits and "_./-" are, such as tpu-bench-data.`];
}

function accessProblems({
  GITHUB_TOKEN,
  GITHUB_REPOSITORY = '',
}: Readonly<Record<string, string | undefined>>): string[] {
  return [
    ...(GITHUB_TOKEN
      ? []
      : ['GITHUB_TOKEN is not set; a branch needs one with contents: write, alert with issues: write.']),
    ...(/^[\w.-]+\/[\w.-]+$/.test(GITHUB_REPOSITORY)
      ? []
      : [`GITHUB_REPOSITORY is "${GITHUB_REPOSITORY}"; it must be the repository, as owner/name.`]),
  ];
}

async function add(
  store: TextStore,
  where: string,
  files: string[],
  series: string,
  write: (line: string) => void,
): Promise<number> {
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
  await store.update(
    new Map([...shards].map(([path, own]) => [path, (before: string) => mergeShard(before, own)])),
    `${series}: ${records.map(({ key, verdict }) => `${key} ${verdict}`).join(', ')}`,
  );
  for (const [path, own] of shards) {
    write(`${where}/${path}: ${own.map(({ key, verdict }) => `${key} ${verdict}`).join(', ')}`);
  }
  return 0;
}

async function read(store: TextStore, series: string): Promise<{ records: HistoryRecord[]; skipped: number }> {
  const folder = shardPath({ series, ts: '0000-00' }).replace(/\/[^/]*$/, '');
  const files = [...(await store.read(folder))].filter(([path]) => path.endsWith('.jsonl'));
  const shards = files.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => readShard(text));
  const skipped = shards.reduce((sum, { skipped: each }) => sum + each, 0);
  return { records: shards.flatMap(({ records: each }) => each), skipped };
}

async function show(store: TextStore, where: string, series: string, write: (line: string) => void): Promise<number> {
  const { records, skipped } = await read(store, series);
  if (skipped > 0) write(`${skipped} lines of another version, or broken, were left out`);
  if (records.length === 0) {
    write(`Series ${series} has no record in ${where}.`);
    return 0;
  }
  for (const record of records.slice(-10)) write(rowOf(record));
  const found = watch(records);
  write(sentenceOf(found));
  return found.state === 'worse' ? 1 : 0;
}

/** Brings the issues of a series to what its newest night says. */
async function alert(
  issues: GithubIssues,
  records: readonly HistoryRecord[],
  { series, page, write }: { series: string; page: string; write: (line: string) => void },
): Promise<number> {
  const known = (await issues.list()).flatMap(({ body, notPlanned, ...issue }) => {
    const mark = parseMark(body);
    return mark?.series === series ? [{ ...issue, accepted: notPlanned, mark }] : [];
  });
  const steps = alertSteps(series, records, known, (from, to) => `${page}/compare/${from}...${to}`);
  for (const step of steps) {
    const text = { title: step.title, body: `${renderMark(step.mark)}\n${step.body}` };
    if (step.do === 'open') {
      write(`opened ${await issues.create(text)}: ${step.title}`);
      continue;
    }
    // The comment goes first: a state that has changed without a word would never be told.
    if (step.comment) await issues.comment(step.number, step.comment);
    const url = await issues.update(step.number, { ...text, state: step.do === 'close' ? 'closed' : 'open' });
    write(`${{ update: 'updated', reopen: 'opened again', close: 'closed' }[step.do]} ${url}: ${step.title}`);
  }
  if (steps.length === 0) write(`${series}: nothing to say.`);
  return 0;
}

function rowOf({ ts, verdict, m, cause, run }: HistoryRecord): string {
  return [
    ts.slice(0, 16).replace('T', ' '),
    verdict.padEnd(12),
    speedupText(m.speedup).padEnd(20),
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
