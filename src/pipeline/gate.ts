import type { Inputs } from '../inputs/inputs.ts';
import { Failure } from '../lib/failure.ts';
import { MODES } from '../lib/modes.ts';
import { deadline, orAbort, systemClock } from '../lib/poll.ts';
import { redactSecrets } from '../lib/redact.ts';
import type { Emit } from '../progress/events.ts';
import { publishCheckRun } from '../publish/check-run.ts';
import { announceDeployment, concludeDeployment } from '../publish/deployment.ts';
import { liveComment } from '../publish/live-comment.ts';
import { readNights } from '../publish/nights.ts';
import { partialResult } from '../publish/partial-result.ts';
import { type Published, publish } from '../publish/publish.ts';
import type { Report } from '../report/model.ts';
import { loadFiles } from '../stages/preflight/workspace.ts';
import { type Connection, openAuth, openGke, openKube, openRegistry, readAuth } from './connect.ts';
import { execute, type Story, type Traces } from './execute.ts';
import { firstReport, runKeyOf } from './first-report.ts';
import { type Journal, startJournal } from './journal.ts';
import { clearBeside, noteCostSoFar, releaseLease } from './release.ts';
import { type RequestLog, requestLog } from './request-log.ts';
import { createRun, type RunHost } from './run.ts';
import { type RunSignal, runSignal } from './signals.ts';
import type { SavedState, SaveState } from './state.ts';
import { checkHead } from './superseded.ts';

/** Where the gate runs: the main step of the action, or the command line. */
export interface GateHost {
  inputs: Inputs;
  env: Readonly<Record<string, string | undefined>>;
  /** Folder of the gate itself, with the manifests that ship with it. */
  packageRoot: string;
  /** Folder that the user's paths are relative to, and may not leave. */
  workspace: string;
  outputDir: string;
  /** The log. */
  say: Emit;
  onSecret: (secret: string) => void;
  redact: (text: string) => string;
  save: SaveState;
  /** Called whenever it turns out whether the run has changed the cluster, before the first call that does. */
  onChanged?: (changed: boolean) => void;
  /** Whether the nodes are released before the gate ends; the action leaves that to its post step. */
  releases: boolean;
}

export interface GateEnd {
  report: Report;
  published: Published;
  /** Whether anything was changed in the cluster or in Google Cloud. */
  changed: boolean;
  interrupted: boolean;
}

const COMMENT_LIMIT_MS = 20_000;
/** After an interrupt the runner grants 7.5 s in all. */
const COMMENT_LIMIT_INTERRUPTED_MS = 3_000;
/** A folder on a network share or a device may never respond. */
const FILES_LIMIT_MS = 5_000;

/** What the removal of the workload may take once the result is published; the release removes the rest. */
const CLEAR_LIMIT_MS = 5_000;

/** Runs a story from its first check to its published result. */
export async function gate(host: GateHost, story: Story): Promise<GateEnd> {
  const { inputs, env } = host;
  const signals = runSignal(inputs.timeoutMs);
  process.on('uncaughtException', signals.crash);
  readAuth();
  const partial = partialResult(host.outputDir, host.redact);
  const journal = startJournal(firstReport(inputs, env), ({ type }, report) => {
    if (type === 'stage-started' || type === 'stage-ended') partial.write(report);
  });
  const live = liveComment(journal.report, { inputs, env, signal: signals.signal, say: host.say });
  const { emit } = live;
  const state: Partial<SavedState> = { lease: null, outputDir: host.outputDir, commentId: inputs.commentId };
  host.save(state);
  const save: SaveState = (part) => {
    Object.assign(state, part);
    host.save(part);
  };
  const connection = { inputs, env, clock: systemClock, emit, onSecret: host.onSecret, signal: signals.signal };
  const redact = (text: string) => redactSecrets(host.redact(text));
  const requests = requestLog({ outputDir: host.outputDir, emit, redact });
  const cleared = Promise.resolve();
  const started: Started = { host, journal, connection, save, signals, state, requests, changed: false, cleared };
  const traces = await runStory(started, story);
  const { report } = journal;
  const { changed } = started;
  // The post step has the last word on a stack that does not stay, when its nodes are gone.
  if (host.releases || report().release?.outcome === 'kept') {
    await concludeDeployment(state.deployment ?? null, report(), { inputs, env, emit });
  }
  await live.settled();
  const never = new AbortController().signal;
  const isHurried = signals.interrupted() && !host.releases;
  const nights = isHurried ? null : await readNights(report().run, { inputs, env, emit, signal: never });
  if (nights) journal.note({ type: 'nights', nights });
  await orAbort(partial.settled(), deadline(never, FILES_LIMIT_MS)).catch(() => {});
  const published = await publish(report(), {
    inputs,
    env,
    outputDir: host.outputDir,
    emit,
    redact: host.redact,
    signal: never,
    limitMs: isHurried ? COMMENT_LIMIT_INTERRUPTED_MS : COMMENT_LIMIT_MS,
    requests,
    evidence: traces.evidence,
  });
  if (!isHurried) {
    const { redact } = host;
    // The manifests that ship with the gate are in no commit of the user.
    const annotates = inputs.manifests !== '';
    const limitMs = COMMENT_LIMIT_MS;
    await publishCheckRun(report(), { inputs, env, emit, redact, signal: never, limitMs, annotates });
  }
  await orAbort(started.cleared, deadline(never, CLEAR_LIMIT_MS)).catch(() => {});
  signals.stop();
  return { report: report(), published, changed, interrupted: signals.interrupted() };
}

/** Reading the workspace, with what kustomize takes to render it. */
const READ_LIMIT_MS = 60_000;

async function withinTime<T>(reading: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await orAbort(reading, deadline(signal, READ_LIMIT_MS));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error;
    throw new Failure({
      stage: 'preflight',
      code: 'files-timeout',
      message: `The files of the workspace could not be read within ${READ_LIMIT_MS / 1_000} s.`,
      hint: 'Look whether one of them is a FIFO, a device or on a network share that does not respond.',
    });
  }
}

interface Started {
  host: GateHost;
  journal: Journal;
  connection: Connection & { inputs: Inputs };
  save: SaveState;
  signals: RunSignal;
  /** What was saved so far. */
  state: Partial<SavedState>;
  requests: RequestLog;
  changed: boolean;
  /** Resolves when the workload is removed, where that is done beside the report. */
  cleared: Promise<void>;
}

/** Runs the story with real clients; then the nodes are released, or the post step is left to do it. */
async function runStory(started: Started, story: Story): Promise<Traces> {
  const { host, journal, connection, save, signals, state } = started;
  const { inputs, emit, clock } = connection;
  const { run: identity } = journal.report();
  const closers: (() => Promise<void>)[] = [];
  const runHost: RunHost = {
    env: host.env,
    saveLease: (lease) => save({ lease }),
    stillWanted: () => checkHead(connection),
    changing: (changed) => {
      started.changed = changed;
      host.onChanged?.(changed);
    },
    announce: async () => {
      const deployment = await announceDeployment(journal.report(), connection);
      if (deployment) save({ deployment });
      return deployment;
    },
    load: (table) => withinTime(loadFiles(host, table), signals.signal),
    connect: async (step) => {
      const { auth, gke } = await step(
        'identity',
        async () => {
          const auth = await openAuth(connection);
          const gke = await openGke(connection, auth, 'preflight');
          closers.push(gke.close);
          return { auth, gke };
        },
        ({ auth }) => `authenticated by ${auth.describe()}`,
      );
      const cluster = await step('cluster', gke.getCluster);
      const kube = await step('kubernetes', () => openKube(connection, auth, cluster, 'preflight'));
      closers.push(kube.close);
      const registry = inputs.checkImages === 'off' ? null : await openRegistry(connection);
      if (registry) closers.push(registry.close);
      return { gke, kube, registry, cluster };
    },
  };
  const { signal } = signals;
  const runKey = runKeyOf(identity, inputs);
  const keepRequests = started.requests.keep;
  const run = createRun({ inputs, clock, signal, emit, run: identity, runKey, keepRequests }, journal, runHost);
  try {
    const traces = await execute(run, async (each) => {
      if (MODES[inputs.mode].leases) await runHost.stillWanted?.();
      return story(each);
    });
    const kube = run.known.world?.kube;
    if (state.lease && kube && !signal.aborted) {
      await noteCostSoFar(journal, state.lease, { kube, pricePerChipHourUsd: inputs.pricePerChipHourUsd });
    }
    return traces;
  } finally {
    const close = async () => void (await Promise.allSettled(closers.map((closer) => closer())));
    const kube = run.known.world?.kube;
    const isLeft = state.lease && !host.releases && !state.lease.kept && !signal.aborted;
    if (isLeft && state.lease && kube) started.cleared = clearBeside(kube, emit, state.lease).finally(close);
    else await close();
    if (!state.lease) journal.note({ type: 'nothing-leased' });
    else if (host.releases && !state.lease.kept) await releaseLease(connection, journal, state.lease);
  }
}
