import { join } from 'node:path';
import { readText } from './clients/files/write.ts';
import { createActionsIo } from './clients/runner/actions.ts';
import { packageRootOf } from './clients/runner/identity.ts';
import { parseReleaseInputs } from './inputs/for-modes.ts';
import { Failure } from './lib/failure.ts';
import { systemClock } from './lib/poll.ts';
import { stepLog } from './pipeline/action-log.ts';
import { releaseStage } from './pipeline/connect.ts';
import { beginReport } from './pipeline/start.ts';
import { concludeDeployment, type DeploymentRef } from './publish/deployment.ts';
import { publish } from './publish/publish.ts';
import { code, prose } from './report/escape.ts';
import { finishReport } from './report/fold.ts';
import type { Release, Report } from './report/model.ts';
import { parseReport } from './report/parse.ts';
import type { LeaseState } from './stages/context.ts';

const COMMENT_LIMIT_MS = 20_000;

/** The action's post step: gives the nodes back, whatever became of main, then finishes the comment. */
export async function post(): Promise<number> {
  const { env } = process;
  const io = createActionsIo(env);
  process.on('unhandledRejection', (reason) => io.warning(`Unhandled: ${String(reason)}`));
  const saved = io.getState('lease');
  if (saved === '') {
    io.info('No TPU node was leased, so there is nothing to give back.');
    return 0;
  }
  const lease = JSON.parse(saved) as LeaseState;
  if (lease.kept) {
    io.info(
      `Node pool ${lease.nodePool} keeps its nodes for the stack, ${lease.kept.until ? `until ${lease.kept.until}` : 'with no end'}.`,
    );
    return 0;
  }
  const { inputs, problems } = parseReleaseInputs(io.inputs, lease);
  for (const problem of problems) io.warning(`${problem} The nodes are given back without this input.`);
  // What distinguishes the legs of a matrix is not asked for again.
  inputs.commentId = io.getState('commentId') || inputs.commentId;
  io.mask(inputs.githubToken);
  const outputDir = io.getState('outputDir');
  const { report: before, told } = await reportOf(outputDir, () => beginReport(inputs, env), lease);
  const emit = stepLog(io);
  const report = await releaseStage(
    {
      inputs,
      env,
      clock: systemClock,
      signal: new AbortController().signal,
      emit,
      onSecret: io.mask,
      report: before,
      packageRoot: packageRootOf(process.argv[1] ?? ''),
      workspace: env.GITHUB_WORKSPACE ?? process.cwd(),
    },
    before,
    lease,
  );
  const deployment = io.getState('deployment');
  if (deployment !== '') {
    await concludeDeployment(JSON.parse(deployment) as DeploymentRef, report, { inputs, env, emit });
  }
  const published = await publish(report, {
    inputs,
    env,
    outputDir,
    emit,
    redact: io.redact,
    signal: new AbortController().signal,
    limitMs: COMMENT_LIMIT_MS,
    requests: null,
  });
  // Main's own summary stands already, unless it was killed before it could write one.
  const { release } = report;
  if (inputs.summary) io.appendSummary(told && release ? releaseNote(release) : published.summary);
  if (release?.outcome !== 'failed') return 0;
  io.error(`${release.message} TPU nodes may still be running. Run by hand: ${release.command}`, {
    title: 'TPU nodes were not given back',
  });
  return 1;
}

/** Below main's own summary: what became of the nodes. */
function releaseNote({ message, command }: Release): string {
  return `${prose(message)}${command ? `\n\nRun by hand: ${code(command, 600)}` : ''}\n`;
}

/** Main's report, or one that says that main was killed. `told`: whether main ended by itself. */
async function reportOf(
  outputDir: string,
  begin: () => Report,
  lease: LeaseState,
): Promise<{ report: Report; told: boolean }> {
  const text = await readText(join(outputDir, 'result.json'));
  if (text !== null) {
    try {
      const report = parseReport(text);
      const { plan } = report;
      const same = plan.cluster === lease.cluster && plan.nodePool === lease.nodePool;
      if (same && `${report.run.id}/${report.run.attempt}` === lease.run) return { report, told: true };
    } catch {
      // A file cut short by a kill is the same as none.
    }
  }
  const failure = new Failure({
    stage: 'lease',
    code: 'killed',
    message: 'The main step was killed before it had a result.',
    hint: 'The run was cancelled or ran out of time or memory; nothing is known about the change.',
    blame: 'gate',
  });
  const started = { ...begin(), startedAt: lease.startedAt };
  const plan = { ...started.plan, nodePool: lease.nodePool, nodes: lease.sizeAsked };
  return {
    report: finishReport(
      { ...started, plan },
      { verdict: 'error', reasons: [failure.message], finishedAt: new Date().toISOString(), failure },
    ),
    told: false,
  };
}
