import { join } from 'node:path';
import { writeFiles } from './clients/files.ts';
import { createGithub } from './clients/github.ts';
import type { Inputs } from './inputs.ts';
import { errorText, Failure } from './lib/failure.ts';
import { deadline } from './lib/poll.ts';
import { rawResultLines } from './load/raw-results.ts';
import type { RequestRecord } from './load/types.ts';
import type { Emit } from './progress/events.ts';
import { renderComment } from './report/comment.ts';
import type { Report } from './report/model.ts';
import { renderSummary } from './report/summary.ts';

export interface Published {
  resultPath: string;
  summary: string;
  commentUrl: string | null;
}

export interface PublishOptions {
  inputs: Inputs;
  env: Readonly<Record<string, string | undefined>>;
  outputDir: string;
  emit: Emit;
  /** For the comment; files are written whatever happens. */
  signal: AbortSignal;
  limitMs: number;
  /** Raw requests; null leaves an earlier file alone. */
  requests: { records: RequestRecord[]; originMs: number } | null;
}

/** Writes the result files, then the comment. A comment that cannot be written is a warning, never a verdict. */
export async function publish(report: Report, options: PublishOptions): Promise<Published> {
  const { inputs, emit } = options;
  const links = { run: report.run.url, summary: report.run.url === null ? null : `${report.run.url}#summary` };
  const comment = renderComment(report, { id: inputs.commentId, reportLinks: links });
  const summary = renderSummary(report, { reportLinks: links });
  const folder = await writeFiles(options.outputDir, {
    'result.json': `${JSON.stringify(report, null, 2)}\n`,
    'comment.md': `${comment}\n`,
    'summary.md': summary,
    ...(options.requests
      ? { 'requests.jsonl': [...rawResultLines(options.requests.records, options.requests.originMs)].join('') }
      : {}),
  });
  const commentUrl = wantsComment(report, inputs) ? await writeComment(report, comment, options) : null;
  if (commentUrl) emit({ type: 'fact', stage: 'release', text: `comment: ${commentUrl}` });
  return { resultPath: join(folder, 'result.json'), summary, commentUrl };
}

function wantsComment(report: Report, inputs: Inputs): boolean {
  if (report.run.pullRequest === null || !report.run.repository || !inputs.githubToken) return false;
  if (inputs.comment === 'off') return false;
  if (inputs.comment === 'on-failure') return report.verdict !== 'pass';
  return true;
}

async function writeComment(report: Report, body: string, options: PublishOptions): Promise<string | null> {
  const { inputs, env, emit } = options;
  const { repository, pullRequest, number, attempt } = report.run;
  try {
    const github = createGithub({
      token: inputs.githubToken,
      repository: repository ?? '',
      ...(env.GITHUB_API_URL ? { apiUrl: env.GITHUB_API_URL } : {}),
      signal: deadline(options.signal, options.limitMs),
    });
    const result = await github.upsertComment({
      pullRequest: pullRequest ?? 0,
      id: inputs.commentId,
      body,
      order: { number, attempt },
    });
    if (result.action === 'superseded') {
      emit({ type: 'warning', text: 'a newer run has written the comment; it was left alone' });
    }
    return result.url;
  } catch (error) {
    const hint = error instanceof Failure && error.hint ? ` ${error.hint}` : '';
    emit({ type: 'warning', text: `the comment was not written: ${errorText(error)}${hint}` });
    return null;
  }
}
