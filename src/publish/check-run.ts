import { type CheckAnnotation, writeCheckRun } from '../clients/github/check-runs.ts';
import { timerWait } from '../clients/github/retry.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { adviceText, Failure } from '../lib/failure.ts';
import { deadline } from '../lib/poll.ts';
import { redactSecrets } from '../lib/redact.ts';
import { VERDICTS } from '../lib/verdicts.ts';
import type { Emit } from '../progress/events.ts';
import { checkTitle, conclusionOf, placesOf } from '../report/check-run.ts';
import { renderSummary } from '../report/comment/summary.ts';
import { logLine } from '../report/escape.ts';
import type { Report } from '../report/model.ts';
import { linksOf } from '../report/money.ts';
import { isSuperseded } from '../report/wording.ts';

/** GitHub takes 65,535 characters. */
const SUMMARY_BYTES = 60_000;

export interface CheckRunOptions {
  inputs: Pick<Inputs, 'checkRun' | 'commentId' | 'githubToken'>;
  env: Readonly<Record<string, string | undefined>>;
  emit: Emit;
  /** Blanks secrets. */
  redact: (text: string) => string;
  signal: AbortSignal;
  limitMs: number;
  /** Whether the manifests lie in the commit, so that their lines can be annotated. */
  annotates: boolean;
}

/**
 * Writes the check run of a report on its commit, once for the main step and its post step. A token that may not is
 * logged, anything else that goes wrong is a warning: neither fails the run.
 */
export async function publishCheckRun(report: Report, options: CheckRunOptions): Promise<void> {
  const { inputs, env, emit } = options;
  const redact = (text: string) => redactSecrets(options.redact(text));
  const { repository, sha, id, attempt, url } = report.run;
  if (inputs.checkRun === 'off' || inputs.githubToken === '' || !repository || !sha || isSuperseded(report)) return;
  const signal = deadline(options.signal, options.limitMs);
  const access = { token: inputs.githubToken, repository, apiUrl: env.GITHUB_API_URL, signal, wait: timerWait };
  try {
    const address = await writeCheckRun(access, {
      name: `tpu-serving-gate: ${inputs.commentId}`,
      sha,
      externalId: `${id}/${attempt}/${inputs.commentId}`,
      conclusion: conclusionOf(report),
      url,
      title: redact(checkTitle(report)),
      summary: redact(renderSummary(report, { budgetBytes: SUMMARY_BYTES, reportLinks: linksOf(report) })),
      annotations: options.annotates ? annotationsOf(report, redact) : [],
    });
    emit({ type: 'fact', stage: 'release', text: `check run: ${address ?? 'written'}` });
  } catch (error) {
    if (error instanceof Failure && error.code === 'github-permission') {
      const text = 'no check run: the token has no `checks: write`, which is optional (input `check-run`)';
      emit({ type: 'fact', stage: 'release', text });
      return;
    }
    emit({ type: 'warning', text: `the check run was not written: ${adviceText(error)}` });
  }
}

function annotationsOf(report: Report, redact: (text: string) => string): CheckAnnotation[] {
  const level = VERDICTS[report.verdict].alarming ? 'failure' : 'warning';
  return placesOf(report).map(({ file, line, message, title }) => ({
    ...{ path: file, line, level },
    ...{ title: redact(logLine(title, 200)), message: redact(logLine(message, 2_000)) },
  }));
}
