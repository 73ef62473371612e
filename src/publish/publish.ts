import { join } from 'node:path';
import { writeFiles } from '../clients/files/write.ts';
import { createGithub } from '../clients/github/pull-request-comment.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { adviceText, errorText } from '../lib/failure.ts';
import { deadline, orAbort } from '../lib/poll.ts';
import { redactSecrets } from '../lib/redact.ts';
import type { Emit } from '../progress/events.ts';
import { renderComment } from '../report/comment/comment.ts';
import { jsonText } from '../report/formats/format.ts';
import { resultFiles } from '../report/formats/registry.ts';
import { SUMMARY_FILE } from '../report/formats/summary.ts';
import type { Report } from '../report/model.ts';
import { linksOf } from '../report/money.ts';
import { type EarlierResult, earlierResults, parseData } from '../report/record.ts';
import { isSuperseded } from '../report/wording.ts';

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

/** Whose comment is written, and when. */
type CommentInputs = Pick<Inputs, 'comment' | 'commentId' | 'githubToken'>;

export interface PublishOptions {
  inputs: CommentInputs;
  env: Readonly<Record<string, string | undefined>>;
  outputDir: string;
  emit: Emit;
  /** Blanks secrets; the last line of defence for what is written. */
  redact: (text: string) => string;
  /** For the comment; files are written whatever happens. */
  signal: AbortSignal;
  limitMs: number;
  /** The file of the single requests, which is complete now; null leaves an earlier file alone. */
  requests: { finish(): Promise<void> } | null;
  /** What the cluster said of a run that did not pass; nothing leaves an earlier file alone. */
  evidence?: unknown;
}

/** Writes the result files, then the comment. Neither changes a verdict: what cannot be written is a warning. */
export async function publish(report: Report, options: PublishOptions): Promise<Published> {
  const { inputs, emit } = options;
  // What was registered as a secret, then what looks like one: a pod may have printed a token that is nobody's here.
  const redact = (text: string) => redactSecrets(options.redact(text));
  const { evidence } = options;
  const files = Object.fromEntries(
    [
      ...resultFiles(report, { commentId: inputs.commentId }),
      ...(evidence ? [['evidence.json', jsonText(evidence)] as const] : []),
    ].map(([name, text]) => [name, redact(text)]),
  );
  const write = orAbort(writeFiles(options.outputDir, files), deadline(options.signal, FILES_LIMIT_MS)).catch(
    (error: unknown) => {
      emit({ type: 'warning', text: `the result files were not written to ${options.outputDir}: ${errorText(error)}` });
      return null;
    },
  );
  const [folder] = await Promise.all([write, options.requests?.finish()]);
  const render = (earlier: EarlierResult[]) =>
    redact(renderComment(report, { id: inputs.commentId, reportLinks: linksOf(report), earlier }));
  const { commentUrl, commentProblem } = await writeComment(report, render, options);
  if (commentUrl) emit({ type: 'fact', stage: 'release', text: `comment: ${commentUrl}` });
  return {
    resultPath: folder && join(folder, 'result.json'),
    summary: files[SUMMARY_FILE] as string,
    commentUrl,
    commentProblem,
  };
}

/** `on-failure` writes for a bad end, and still corrects the comment of an earlier run. */
function commentMode(report: Report, inputs: CommentInputs): 'write' | 'correct' | 'none' {
  if (report.run.pullRequest === null || !report.run.repository || !inputs.githubToken) return 'none';
  if (inputs.comment === 'off') return 'none';
  // Without a running comment nothing has to be corrected, and the newer commit has a run of its own.
  if (isSuperseded(report)) return report.stages.some(hasBegunLease) ? 'correct' : 'none';
  const bad = report.verdict !== 'pass' || report.release?.outcome === 'failed';
  return inputs.comment === 'on-failure' && !bad ? 'correct' : 'write';
}

function hasBegunLease({ stage, startedAt }: Report['stages'][number]): boolean {
  return stage === 'lease' && startedAt !== null;
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
