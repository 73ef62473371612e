import { join, resolve } from 'node:path';
import { readText } from '../clients/files/write.ts';
import { branchStore } from '../clients/github/branch-store.ts';
import { commitSubject } from '../clients/github/commit-subject.ts';
import { createGithubIssues } from '../clients/github/issues.ts';
import { type GithubAccess, timerWait } from '../clients/github/retry.ts';
import { gateSource, reportedRun, repositoryPage, runIdentity } from '../clients/runner/identity.ts';
import { pageModel } from '../history/page/model.ts';
import { newestTarget } from '../history/speedup.ts';
import { type Watch, watch } from '../history/watch.ts';
import { watchSentences } from '../history/watch-text.ts';
import type { ReportInputs } from '../inputs/report.ts';
import { adviceText, Failure } from '../lib/failure.ts';
import { causeAddress } from '../lib/gate-files.ts';
import type { Emit } from '../progress/events.ts';
import {
  addedText,
  addResults,
  isMeasuring,
  raiseAlerts,
  readOtherSeries,
  readSeries,
  writePage,
} from '../publish/history.ts';
import { readNights } from '../publish/nights.ts';
import { type Published, publish } from '../publish/publish.ts';
import type { EarlierRun, Report } from '../report/model.ts';
import { parseReport } from '../report/parse.ts';

export interface Reporting {
  inputs: ReportInputs;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  emit: Emit;
  redact: (text: string) => string;
  outputDir: string;
  packageRoot: string;
}

export interface Reported {
  /** Null where no result was given. */
  report: Report | null;
  published: Published | null;
  /** Null where there is no history. */
  watch: Watch | null;
  /** What the watch found, the most important first; text of the records is in backticks. */
  watchSentences: string[];
  pagePath: string | null;
  /** Of issues that are open because of the newest night. */
  issueUrls: string[];
}

const COMMENT_LIMIT_MS = 60_000;

/**
 * Publishes a result that was made elsewhere: the comment on the pull request of this event, a line of the history, issues
 * about it, the page. Which pull request is the event's word and never the file's, and so
 * is the run, which orders the comments, where the event names one. What cannot be kept or told is a
 * warning; only a result that cannot be read is a Failure.
 */
export async function reportResult(context: Reporting): Promise<Reported> {
  const { inputs } = context;
  const report = inputs.result === '' ? null : await readResult(context);
  const published = report && (await publishAgain(report, context));
  const reported: Reported = { report, published, watch: null, watchSentences: [], pagePath: null, issueUrls: [] };
  if (inputs.historyBranch === '') return reported;
  return { ...reported, ...(await keepHistory(report, context)) };
}

async function readResult({ inputs, env }: Reporting): Promise<Report> {
  const path = resolve(env.GITHUB_WORKSPACE ?? '.', inputs.result);
  const text = await readText(path);
  if (text === null) {
    throw new Failure({
      stage: 'report',
      code: 'no-result',
      message: `Input "result" is "${inputs.result}", which cannot be read.`,
      hint: 'Download the artifact of the run first; a run that was killed before it had a result leaves none.',
    });
  }
  return parseReport(text);
}

async function publishAgain(report: Report, context: Reporting): Promise<Published> {
  const { inputs, env, emit, redact, signal } = context;
  const { pullRequest } = runIdentity(env, { pullRequest: inputs.prNumber, headSha: inputs.headSha });
  const known = reportedRun(env);
  const run = { ...report.run, url: ownPage(report.run.url, env), ...known, pullRequest };
  // Those of the file could name any page.
  const { nights: _, ...own } = report;
  const nights = await readNights(report.run, { inputs, env, emit, signal });
  const { benchmark, diagnosis, sincePass, reused } = report;
  const earlier = <T extends EarlierRun>(one: T): T => ({ ...one, url: ownPage(one.url, env) });
  return publish(
    {
      ...own,
      ...(nights ? { nights } : {}),
      run: { ...run, repository: env.GITHUB_REPOSITORY ?? null },
      ...(reused ? { reused: { ...reused, run: { ...reused.run, url: ownPage(reused.run.url, env) } } } : {}),
      // The address of the cause's page is made again, as every other.
      diagnosis: diagnosis && { ...diagnosis, link: causeAddress(diagnosis.cause, gateSource(env)) },
      sincePass: sincePass && { ...sincePass, run: earlier(sincePass.run) },
      benchmark: benchmark && { ...benchmark, baseline: benchmark.baseline && earlier(benchmark.baseline) },
    },
    {
      inputs,
      env,
      outputDir: context.outputDir,
      emit,
      redact,
      signal,
      limitMs: COMMENT_LIMIT_MS,
      requests: null,
    },
  );
}

/** The page of a workflow run of this repository, or null: a link of the comment leads nowhere else. */
function ownPage(url: string | null, env: Reporting['env']): string | null {
  return url?.startsWith(`${repositoryPage(env)}/actions/runs/`) ? url : null;
}

/** The report with the subject of its commit, which the event of a schedule does not carry. */
async function withSubject(report: Report, access: GithubAccess, say: (text: string) => void): Promise<Report> {
  const { sha, subject: known } = report.run;
  if (sha === null || known) return report;
  try {
    const subject = await commitSubject(access, sha);
    return subject === null ? report : { ...report, run: { ...report.run, subject } };
  } catch (error) {
    say(`the history has no subject of the commit: ${adviceText(error)}`);
    return report;
  }
}

/** Adds the result, reads the series, reports what has become worse, draws the page. */
async function keepHistory(
  report: Report | null,
  context: Reporting,
): Promise<Pick<Reported, 'watch' | 'watchSentences' | 'pagePath' | 'issueUrls'>> {
  const { inputs, env, emit, signal } = context;
  const { historyBranch: branch, historySeries: series } = inputs;
  const repository = env.GITHUB_REPOSITORY ?? '';
  const access = { token: inputs.githubToken, repository, apiUrl: env.GITHUB_API_URL, signal, wait: timerWait };
  const say = (text: string) => emit({ type: 'fact', stage: 'release', text });
  const store = branchStore({ ...access, branch });
  try {
    if (report && isMeasuring(report)) {
      const kept = await withSubject(report, access, say);
      for (const { path, records } of await addResults(store, [{ name: inputs.result, report: kept }], series))
        say(`${branch}/${path}: ${addedText(records)}`);
    }
  } catch (error) {
    emit({
      type: 'warning',
      text: `the history was not written: ${adviceText(error)} Run \`history add\` with the result.json of the artifact.`,
    });
  }
  const known = await readSeries(store, series).catch((error: unknown) => {
    emit({ type: 'warning', text: `the history was not read, so there is no page: ${adviceText(error)}` });
    return null;
  });
  if (!known) return { watch: null, watchSentences: [], pagePath: null, issueUrls: [] };
  const { records, skipped } = known;
  const found = records.length > 0 ? watch(records) : null;
  const sentences = found ? watchSentences(found, newestTarget(records) ?? []) : [];
  for (const sentence of sentences) say(sentence);
  const page = repositoryPage(env);
  const raised = inputs.alertIssues
    ? await raiseAlerts(createGithubIssues(access), records, { series, page, write: say }).catch((error: unknown) => {
        emit({ type: 'warning', text: `the issues were not written: ${adviceText(error)}` });
        return null;
      })
    : null;
  const issueUrls = raised?.open.map(({ url }) => url) ?? [];
  const model = pageModel(series, records, { unreadable: skipped, alerts: issueUrls });
  const others = await readOtherSeries(store, series).catch((error: unknown) => {
    emit({ type: 'warning', text: `the page lacks the other series, which were not read: ${adviceText(error)}` });
    return [];
  });
  const models = [
    model,
    ...others.map((other) => pageModel(other.series, other.records, { unreadable: other.skipped })),
  ] as const;
  const pagePath = await writePage(join(context.outputDir, 'page'), context.packageRoot, models, context.redact);
  say(`page: ${pagePath}`);
  return { watch: found, watchSentences: sentences, pagePath, issueUrls };
}
