import { join } from 'node:path';
import { readText } from '../clients/files/write.ts';
import type { ActionsIo } from '../clients/runner/actions.ts';
import { defaultInputs, type Inputs, parseInputs } from '../inputs/inputs.ts';
import { parseReleaseInputs } from '../inputs/release.ts';
import { Failure } from '../lib/failure.ts';
import { MODES } from '../lib/modes.ts';
import { deadline, orAbort, systemClock } from '../lib/poll.ts';
import type { Emit } from '../progress/events.ts';
import { publishCheckRun } from '../publish/check-run.ts';
import { concludeDeployment } from '../publish/deployment.ts';
import { publish } from '../publish/publish.ts';
import { code, prose } from '../report/escape.ts';
import type { Fact } from '../report/facts.ts';
import { foldAll } from '../report/fold.ts';
import type { Release, Report } from '../report/model.ts';
import { parseReport } from '../report/parse.ts';
import { isRunning } from '../report/wording.ts';
import type { LeaseState } from '../stages/context.ts';
import { stepLog } from './action-log.ts';
import { currentStage } from './endings.ts';
import { firstReport } from './first-report.ts';
import { startJournal } from './journal.ts';
import { findLostLease } from './lost-lease.ts';
import { noteRelease, releaseAsStage } from './release.ts';
import { leftRequests } from './request-log.ts';
import { holdInterrupts } from './signals.ts';
import { readState } from './state.ts';
import { stepFolder } from './step-folder.ts';

type Env = Readonly<Record<string, string | undefined>>;

const COMMENT_LIMIT_MS = 20_000;
/** A folder on a network share may never respond. */
const FILES_LIMIT_MS = 5_000;

/** The action's post step: releases the nodes, however main ended, then finishes the comment. Returns the exit code. */
export async function runPostStep(io: ActionsIo, env: Env): Promise<number> {
  holdInterrupts((name) => io.warning(`${name} does not end this step before the nodes are released.`));
  const saved = readState(io);
  const emit = stepLog(io);
  const lease = saved.lost ? await leaseFromCluster(io, env, emit) : saved.lease;
  if (lease === 'unknown') return 1;
  if (!lease) {
    io.info('No TPU node was leased, so there is nothing to release.');
    return 0;
  }
  if (lease.kept) {
    io.info(keptText(lease, lease.kept.until));
    return 0;
  }
  const { inputs: given, problems } = parseReleaseInputs(io.inputs, lease);
  const inputs = { ...defaultInputs(env), ...given };
  for (const problem of problems) io.warning(`${problem} The nodes are released without this input.`);
  // What distinguishes the legs of a matrix is not asked for again.
  inputs.commentId = saved.commentId || inputs.commentId;
  io.mask(inputs.githubToken);
  const signal = new AbortController().signal;
  // Nothing that may hang comes before it, such as the folder of the results.
  const released = await releaseAsStage({ inputs, env, clock: systemClock, signal, emit, onSecret: io.mask }, lease);
  const outputDir = saved.outputDir || stepFolder('', env, 'gate');
  const { report: before, ended } = await reportOf(outputDir, { inputs, env, lease });
  const journal = startJournal(before);
  noteRelease(journal, released, lease, inputs);
  const report = journal.report();
  await concludeDeployment(saved.deployment, report, { inputs, env, emit });
  const published = await publish(report, {
    inputs,
    env,
    outputDir,
    emit,
    redact: io.redact,
    signal,
    limitMs: COMMENT_LIMIT_MS,
    requests: ended ? null : leftRequests({ outputDir, emit }),
  });
  const limits = { signal, limitMs: COMMENT_LIMIT_MS };
  await publishCheckRun(report, { inputs, env, emit, redact: io.redact, ...limits, annotates: false });
  const { release } = report;
  // Main's own summary stands already, unless main was killed before it could write one.
  if (inputs.summary) io.appendSummary(ended && release ? releaseNote(release) : published.summary);
  return release?.outcome === 'failed' ? leak(io, release) : 0;
}

/** The lease of this run as the cluster has it; `unknown`, and an error with the command, when that cannot be read. */
async function leaseFromCluster(io: ActionsIo, env: Env, emit: Emit): Promise<LeaseState | null | 'unknown'> {
  const parsed = parseInputs(io.inputs);
  // The main step refused the same inputs before its first call.
  if ('problems' in parsed) return null;
  const { inputs } = parsed;
  if (!MODES[inputs.mode].leases) return null;
  io.mask(inputs.githubToken);
  io.warning("The runner's state of this step was lost; the cluster is asked for the lease of this run.");
  const signal = new AbortController().signal;
  const found = await findLostLease({ inputs, env, clock: systemClock, signal, emit, onSecret: io.mask });
  if ('lease' in found) return found.lease;
  io.error(
    `The runner's state of this step was lost, and the lease of this run cannot be read: ${found.problem} TPU nodes may still be running. Run by hand: ${found.command}`,
    { title: 'TPU nodes may still be running' },
  );
  return 'unknown';
}

function leak(io: ActionsIo, release: Release): number {
  io.error(`${release.message} TPU nodes may still be running. Run by hand: ${release.command}`, {
    title: 'TPU nodes were not released',
  });
  return 1;
}

function keptText({ nodePool }: LeaseState, until: string | null): string {
  return `Node pool ${nodePool} keeps its nodes for the stack, ${until ? `until ${until}` : 'with no end'}.`;
}

/** Stands below main's own summary. */
function releaseNote({ message, command }: Release): string {
  return `${prose(message)}${command ? `\n\nRun by hand: ${code(command, 600)}` : ''}\n`;
}

interface Killed {
  inputs: Inputs;
  env: Env;
  lease: LeaseState;
}

/** Main's report. `ended` is false when main was killed: then the report has what was known until then. */
async function reportOf(outputDir: string, killed: Killed): Promise<{ report: Report; ended: boolean }> {
  const found = await ownResult(outputDir, killed.lease);
  if (found?.finishedAt) return { report: found, ended: true };
  return { report: killedReport(found, killed), ended: false };
}

/** The result that main left; null when there is not one of this run, or one that was cut short. */
async function ownResult(outputDir: string, lease: LeaseState): Promise<Report | null> {
  const never = new AbortController().signal;
  const reading = readText(join(outputDir, 'result.json'));
  const text = await orAbort(reading, deadline(never, FILES_LIMIT_MS)).catch(() => null);
  if (text === null) return null;
  try {
    const report = parseReport(text);
    const { plan, run } = report;
    const same = plan.cluster === lease.cluster && (plan.nodePool ?? lease.nodePool) === lease.nodePool;
    return same && `${run.id}/${run.attempt}` === lease.run ? report : null;
  } catch {
    return null;
  }
}

function killedReport(found: Report | null, { inputs, env, lease }: Killed): Report {
  const known = found ?? { ...firstReport(inputs, env), startedAt: lease.startedAt };
  const failure = new Failure({
    // The lease was taken in that stage, at least.
    stage: found ? currentStage(found) : 'lease',
    code: 'killed',
    message: 'The main step was killed before it had a result.',
    hint: 'The run was cancelled or ran out of time or memory; nothing is known about the change.',
  });
  const finishedAt = new Date().toISOString();
  const running = known.stages
    .filter(isRunning)
    .map(
      ({ stage }): Fact => ({ type: 'stage-ended', stage, outcome: 'stopped', summary: 'killed', durationMs: null }),
    );
  return foldAll(known, [
    ...running,
    { type: 'planned', plan: { nodePool: lease.nodePool, nodes: lease.sizeAsked } },
    { type: 'ended', verdict: 'error', reasons: [failure.message], finishedAt, failure },
  ]);
}
