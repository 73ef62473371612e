import type { ActionsIo } from '../clients/runner/actions.ts';
import { packageRootOf } from '../clients/runner/identity.ts';
import { parseReportInputs } from '../inputs/report.ts';
import { adviceText } from '../lib/failure.ts';
import { stepLog } from '../pipeline/action-log.ts';
import { refuseInputs, setOutputs } from '../pipeline/action-outputs.ts';
import { interruptSignal } from '../pipeline/signals.ts';
import { stepFolder } from '../pipeline/step-folder.ts';
import { logLine, prose } from '../report/escape.ts';
import { outputsOf } from '../report/outputs.ts';
import type { Reported } from './report-result.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Publishes a result that was made elsewhere. Red when the newest run is worse than those before it. */
export async function publishResult(io: ActionsIo, env: Env): Promise<number> {
  const parsed = parseReportInputs(io.inputs);
  if ('problems' in parsed) return refuseInputs(io, parsed.problems);
  const { inputs } = parsed;
  io.mask(inputs.githubToken);
  const { reportResult } = await import('./report-result.ts');
  const outputDir = stepFolder(inputs.outputDir, env, 'report');
  try {
    const reported = await reportResult({
      inputs,
      env,
      emit: stepLog(io),
      signal: interruptSignal(),
      redact: io.redact,
      outputDir,
      packageRoot: packageRootOf(process.argv[1] ?? ''),
    });
    return conclude(io, reported, { red: inputs.failOn.length > 0, summary: inputs.summary });
  } catch (error) {
    setOutputs(io, { mode: 'report', verdict: 'error', passed: 'false', changed: 'false' });
    io.error(adviceText(error), { title: 'Report' });
    return 1;
  }
}

function conclude(io: ActionsIo, reported: Reported, { red, summary }: { red: boolean; summary: boolean }): number {
  const { report, published, watch, pagePath, issueUrls } = reported;
  setOutputs(io, {
    ...(report ? outputsOf(report, published ?? {}) : {}),
    mode: 'report',
    changed: 'false',
    regression: watch?.state ?? '',
    'issue-url': issueUrls.join(' '),
    'page-path': pagePath ?? '',
  });
  if (summary && published) io.appendSummary(published.summary);
  if (summary && reported.watchSentences.length > 0) {
    const lines = reported.watchSentences.map((sentence) => `- ${prose(sentence, 1_000)}`);
    io.appendSummary(['### Against the nights before', '', ...lines, ''].join('\n'));
  }
  if (published?.commentProblem) io.warning(logLine(published.commentProblem, 1_000), 'No comment');
  for (const url of issueUrls) io.notice(url, 'Issue');
  if (watch?.state !== 'worse') return 0;
  const text = 'The newest run is worse than those before it; see the log and the page.';
  if (red) io.error(text, { title: 'Regression' });
  else io.warning(text, 'Regression');
  return red ? 1 : 0;
}
