import { join } from 'node:path';
import type { ActionsIo } from '../clients/runner/actions.ts';
import { packageRootOf } from '../clients/runner/identity.ts';
import { parseReportInputs } from '../inputs/for-modes.ts';
import type { InputSource } from '../inputs/inputs.ts';
import { ALIASES, DEFAULTS } from '../inputs/inputs.ts';
import { adviceText } from '../lib/failure.ts';
import { stepLog, stepSignal } from '../pipeline/action-log.ts';
import { logLine } from '../report/escape.ts';
import { OUTPUT_NAMES, type OutputName, outputsOf } from '../report/outputs.ts';
import type { Reported } from './report.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Sets every output, those that are not given to nothing. */
export function setOutputs(io: ActionsIo, values: Partial<Record<OutputName, string>>): void {
  for (const name of OUTPUT_NAMES) io.setOutput(name, values[name] ?? '');
}

/** Says what is wrong with the inputs, all of it. Answers the exit code. */
export function refuseInputs(io: ActionsIo, problems: readonly string[]): number {
  setOutputs(io, { verdict: 'error', passed: 'false' });
  for (const problem of problems) io.info(problem);
  io.error(problems.join(' '), { title: 'Bad input' });
  return 1;
}

/** `mode: cleanup`: ends stacks that were deployed to stay, and gives back what dead runs left behind. */
export async function cleanupMode(io: ActionsIo, env: Env): Promise<number> {
  const { runSweep } = await import('./cleanup.ts');
  const pool = io.inputs.get('node-pool')?.trim() || 'all';
  const dryRun = io.inputs.get('dry-run')?.trim() || 'false';
  if (dryRun !== 'true' && dryRun !== 'false') {
    return refuseInputs(io, [`Input "dry-run" is "${dryRun}"; allowed: true or false.`]);
  }
  let bad: string[] = [];
  const sweeping = runSweep({
    source: forSweep(io.inputs),
    env,
    emit: stepLog(io),
    signal: stepSignal(),
    onSecret: io.mask,
    ends: pool,
    dryRun: dryRun === 'true',
    problems: (texts) => {
      bad = texts;
    },
    summary: io.appendSummary,
    outputs: ({ 'issue-url': url }) => {
      if (url) io.notice(url, 'Issue');
    },
  });
  const outcome = await sweeping.catch((error: unknown) => {
    io.error(adviceText(error), { title: 'Cleanup' });
    return 'failed' as const;
  });
  if (outcome === 'bad-inputs') return refuseInputs(io, bad);
  const done = outcome === 'done';
  setOutputs(io, { mode: 'cleanup', verdict: done ? 'pass' : 'error', passed: String(done) });
  if (!done) io.error('Not all pools could be given back; the summary and the log say which.', { title: 'Cleanup' });
  return done ? 0 : 1;
}

/** The inputs of the action as the sweeper takes them: those of a run are none of its business, and no mistake. */
function forSweep(source: InputSource): InputSource {
  const known = new Set([...Object.keys(DEFAULTS), ...Object.values(ALIASES).flat()]);
  return { ...source, given: source.given.filter((name) => !known.has(name)) };
}

/** `mode: report`: publishes a result that was made elsewhere. Red when the newest run is worse than those before it. */
export async function reportMode(io: ActionsIo, env: Env): Promise<number> {
  const parsed = parseReportInputs(io.inputs);
  if ('problems' in parsed) return refuseInputs(io, parsed.problems);
  const { inputs } = parsed;
  io.mask(inputs.common.githubToken);
  const { reportResult } = await import('./report.ts');
  const outputDir =
    inputs.common.outputDir || join(env.RUNNER_TEMP ?? '.', 'tpu-serving-gate', env.GITHUB_ACTION ?? 'report');
  try {
    const reported = await reportResult({
      inputs,
      env,
      emit: stepLog(io),
      signal: stepSignal(),
      redact: io.redact,
      outputDir,
      packageRoot: packageRootOf(process.argv[1] ?? ''),
    });
    return conclude(io, reported, { red: inputs.common.failOn.length > 0, summary: inputs.common.summary });
  } catch (error) {
    setOutputs(io, { mode: 'report', verdict: 'error', passed: 'false' });
    io.error(adviceText(error), { title: 'Report' });
    return 1;
  }
}

function conclude(io: ActionsIo, reported: Reported, { red, summary }: { red: boolean; summary: boolean }): number {
  const { report, published, watch, pagePath, issueUrls } = reported;
  setOutputs(io, {
    ...(report ? outputsOf(report, published ?? {}) : {}),
    mode: 'report',
    regression: watch?.state ?? '',
    'issue-url': issueUrls.join(' '),
    'page-path': pagePath ?? '',
  });
  if (summary && published) io.appendSummary(published.summary);
  if (published?.commentProblem) io.warning(logLine(published.commentProblem, 1_000), 'No comment');
  for (const url of issueUrls) io.notice(url, 'Issue');
  if (watch?.state !== 'worse') return 0;
  const text = 'The newest run is worse than those before it; see the log and the page.';
  if (red) io.error(text, { title: 'Regression' });
  else io.warning(text, 'Regression');
  return red ? 1 : 0;
}
