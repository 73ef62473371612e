import { join } from 'node:path';
import { createActionsIo } from './clients/runner/actions.ts';
import { forkOf, packageRootOf } from './clients/runner/identity.ts';
import { parseInputs } from './inputs/inputs.ts';
import { modeOfEvent } from './lib/modes.ts';
import { systemClock } from './lib/poll.ts';
import { cleanupMode, refuseInputs, reportMode, setOutputs } from './modes/action-modes.ts';
import { stepLog } from './pipeline/action-log.ts';
import { runGate } from './pipeline/connect.ts';
import { beginReport, runSignal } from './pipeline/start.ts';
import { concludeDeployment, type DeploymentRef } from './publish/deployment.ts';
import { liveComment } from './publish/live-comment.ts';
import { publish } from './publish/publish.ts';
import { annotationOf } from './report/annotation.ts';
import { logLine } from './report/escape.ts';
import { forkNotice } from './report/fork-notice.ts';
import { renderVerdictText } from './report/formats/text.ts';
import { outputsOf } from './report/outputs.ts';
import { withoutLease } from './stages/release/released-report.ts';

/** After an interrupt the runner grants 7.5 s in all. */
const COMMENT_LIMIT_MS = 20_000;
const COMMENT_LIMIT_INTERRUPTED_MS = 3_000;

/** The action's main step. It never gives the nodes back: `post` does, from the state that is saved here. */
export async function main(): Promise<number> {
  const { env } = process;
  const io = createActionsIo(env);
  // The Google client rejects twice when it cannot initialise; the second, unhandled, must not end the process.
  process.on('unhandledRejection', (reason) => io.warning(`Unhandled: ${String(reason)}`));
  const mode = io.inputs.get('mode')?.trim();
  if ((mode === 'auto' ? modeOfEvent(env.GITHUB_EVENT_NAME) : mode) === 'report') return reportMode(io, env);
  const fork = forkOf(env);
  if (fork) {
    const { text, command } = forkNotice(fork);
    setOutputs(io, { passed: 'false' });
    io.notice(`${text} ${command}`, 'Not measured');
    io.appendSummary(`${text}\n\n\`\`\`sh\n${command}\n\`\`\``);
    return 0;
  }
  if (mode === 'cleanup') return cleanupMode(io, env);
  const parsed = parseInputs(io.inputs);
  if ('problems' in parsed) return refuseInputs(io, parsed.problems);
  const { inputs } = parsed;
  io.mask(inputs.githubToken);
  // Two steps of one job must not read each other's report.
  const outputDir = inputs.outputDir || join(env.RUNNER_TEMP ?? '.', 'tpu-serving-gate', env.GITHUB_ACTION ?? 'gate');
  const say = stepLog(io);
  const run = runSignal(inputs.timeoutMs);
  process.on('uncaughtException', run.crash);
  const begun = beginReport(inputs, env);
  let leased = false;
  let deployment: DeploymentRef | null = null;
  const live = liveComment(begun, { inputs, env, signal: run.signal, say });
  const { emit } = live;
  io.saveState('outputDir', outputDir);
  io.saveState('commentId', inputs.commentId);
  const { records, originMs, evidence } = await runGate(
    {
      inputs,
      env,
      clock: systemClock,
      signal: run.signal,
      emit,
      onSecret: io.mask,
      report: begun,
      packageRoot: packageRootOf(process.argv[1] ?? ''),
      workspace: env.GITHUB_WORKSPACE ?? process.cwd(),
    },
    (lease) => {
      io.saveState('lease', JSON.stringify(lease));
      leased = true;
    },
    (ref) => {
      io.saveState('deployment', JSON.stringify(ref));
      deployment = ref;
    },
  );
  const report = leased ? begun : withoutLease(begun);
  // Of a stack that does not stay post has the last word, when its nodes have gone.
  if (report.release?.outcome === 'kept') await concludeDeployment(deployment, report, { inputs, env, emit });
  await live.settled();
  const limitMs = run.interrupted() ? COMMENT_LIMIT_INTERRUPTED_MS : COMMENT_LIMIT_MS;
  const published = await publish(report, {
    inputs,
    env,
    outputDir,
    emit,
    redact: io.redact,
    signal: new AbortController().signal,
    limitMs,
    requests: { records, originMs },
    evidence,
  });
  for (const [name, value] of Object.entries(outputsOf(report, published))) io.setOutput(name, value);
  if (inputs.summary) io.appendSummary(published.summary);
  if (published.commentProblem) io.warning(logLine(published.commentProblem, 1_000), 'No comment');
  emit({ type: 'closing', verdict: report.verdict, lines: renderVerdictText(report) });
  const red = report.verdict !== 'pass' && inputs.failOn.includes(report.verdict);
  const { level, title, message } = annotationOf(report);
  if (red || level === 'error') io.error(message, { title });
  else io[level](message, title);
  // The runner shows ten of a step; the verdict is one. Those of what ships with the gate are in no pull request.
  const found = [
    ...(report.failure?.locations ?? []).map((place) => ({ ...place, title: 'Refused manifest' })),
    ...(report.diagnosis?.locations ?? []).map((place) => ({ ...place, title: 'Cause' })),
  ];
  const places = inputs.manifests === '' ? [] : found.slice(0, 9);
  for (const { file, line, message: wrong, title: named } of places) {
    io.error(logLine(wrong, 500), { title: named, file, startLine: line });
  }
  run.stop();
  return red ? 1 : 0;
}
