import { join } from 'node:path';
import { writeFiles } from '../clients/files/write.ts';
import { createGithub } from '../clients/github/pull-request-comment.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { adviceText, errorText } from '../lib/failure.ts';
import { deadline, orAbort } from '../lib/poll.ts';
import { redactSecrets } from '../lib/redact.ts';
import { rawResultLines } from '../load/raw-results.ts';
import type { RequestRecord } from '../load/types.ts';
import type { Emit } from '../progress/events.ts';
import { renderComment } from '../report/comment/comment.ts';
import { renderSummary } from '../report/comment/summary.ts';
import { benchmarkEntries } from '../report/formats/benchmark-action.ts';
import { junit } from '../report/formats/junit.ts';
import { llmDReport } from '../report/formats/llm-d.ts';
import { openMetrics } from '../report/formats/openmetrics.ts';
import type { Report } from '../report/model.ts';
import { linksOf } from '../report/money.ts';
import { type EarlierResult, earlierResults, parseData } from '../report/record.ts';

/** A folder on a network share or a device may never answer. */
const FILES_LIMIT_MS = 10_000;

export interface Published {
  /** Null when the files could not be written. */
  resultPath: string | null;
  summary: string;
  commentUrl: string | null;
  /** Why a comment that was wanted could not be written, with what to do; null where nothing is wrong. */
  commentProblem: string | null;
}

export interface PublishOptions {
  inputs: Inputs;
  env: Readonly<Record<string, string | undefined>>;
  outputDir: string;
  emit: Emit;
  /** Blanks secrets; the last line of defence for what is written. */
  redact: (text: string) => string;
  /** For the comment; files are written whatever happens. */
  signal: AbortSignal;
  limitMs: number;
  /** Raw requests; null leaves an earlier file alone. */
  requests: { records: RequestRecord[]; originMs: number } | null;
  /** What the cluster said of a run that did not pass; nothing leaves an earlier file alone. */
  evidence?: unknown;
}

/** Writes the result files, then the comment. Neither changes a verdict: what cannot be written is a warning. */
export async function publish(report: Report, options: PublishOptions): Promise<Published> {
  const { inputs, emit } = options;
  // What was registered as a secret, then what looks like one: a pod may have printed a token that is nobody's here.
  const redact = (text: string) => redactSecrets(options.redact(text));
  const links = linksOf(report);
  const comment = redact(renderComment(report, { id: inputs.commentId, reportLinks: links }));
  const summary = redact(renderSummary(report, { reportLinks: links }));
  const { requests } = options;
  const files = {
    'result.json': redact(`${JSON.stringify(report, null, 2)}\n`),
    'comment.md': `${comment}\n`,
    'summary.md': summary,
    ...otherFormats(report, redact),
    ...(options.evidence ? { 'evidence.json': redact(`${JSON.stringify(options.evidence, null, 2)}\n`) } : {}),
    ...(requests
      ? { 'requests.jsonl': redact([...rawResultLines(requests.records, requests.originMs)].join('')) }
      : {}),
  };
  const folder = await orAbort(writeFiles(options.outputDir, files), deadline(options.signal, FILES_LIMIT_MS)).catch(
    (error: unknown) => {
      emit({ type: 'warning', text: `the result files were not written to ${options.outputDir}: ${errorText(error)}` });
      return null;
    },
  );
  const render = (earlier: EarlierResult[]) =>
    redact(renderComment(report, { id: inputs.commentId, reportLinks: links, earlier }));
  const { commentUrl, commentProblem } = await writeComment(report, render, options);
  if (commentUrl) emit({ type: 'fact', stage: 'release', text: `comment: ${commentUrl}` });
  return { resultPath: folder && join(folder, 'result.json'), summary, commentUrl, commentProblem };
}

/** The same result as other tools read it. */
function otherFormats(report: Report, redact: (text: string) => string): Record<string, string> {
  const asJson = (value: unknown) => redact(`${JSON.stringify(value, null, 2)}\n`);
  return {
    'junit.xml': redact(junit(report)),
    'metrics.txt': redact(openMetrics(report)),
    ...(report.benchmark
      ? {
          'benchmark.json': asJson(benchmarkEntries(report)),
          'llm-d-one.json': asJson(llmDReport(report, 'one')),
          'llm-d-all.json': asJson(llmDReport(report, 'all')),
        }
      : {}),
  };
}

/** `on-failure` speaks up for a bad end, and still corrects what an earlier run has said. */
function commentMode(report: Report, inputs: Inputs): 'write' | 'correct' | 'none' {
  if (report.run.pullRequest === null || !report.run.repository || !inputs.githubToken) return 'none';
  if (inputs.comment === 'off') return 'none';
  const bad = report.verdict !== 'pass' || report.release?.outcome === 'failed';
  return inputs.comment === 'on-failure' && !bad ? 'correct' : 'write';
}

async function writeComment(
  report: Report,
  render: (earlier: EarlierResult[]) => string,
  options: PublishOptions,
): Promise<Pick<Published, 'commentUrl' | 'commentProblem'>> {
  const none = { commentUrl: null, commentProblem: null };
  const { inputs, env, emit } = options;
  const { repository, pullRequest, number, attempt } = report.run;
  const mode = commentMode(report, inputs);
  if (mode === 'none') return none;
  try {
    const github = createGithub({
      token: inputs.githubToken,
      repository: repository ?? '',
      ...(env.GITHUB_API_URL ? { apiUrl: env.GITHUB_API_URL } : {}),
      signal: deadline(options.signal, options.limitMs),
    });
    const place = { pullRequest: pullRequest ?? 0, id: inputs.commentId };
    if (mode === 'correct' && !(await github.findComment(place))) return none;
    const result = await github.upsertComment({
      ...place,
      body: (replaced) => render(earlierResults(replaced && parseData(replaced.body), report.run.sha)),
      order: { number, attempt },
    });
    if (result.action === 'superseded') {
      emit({ type: 'warning', text: 'a newer run has written the comment; it was left alone' });
    }
    return { commentUrl: result.url, commentProblem: null };
  } catch (error) {
    const commentProblem = `the comment was not written: ${adviceText(error)}`;
    emit({ type: 'warning', text: commentProblem });
    return { commentUrl: null, commentProblem };
  }
}
