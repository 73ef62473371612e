import { createHash } from 'node:crypto';
import type { GcpAuth } from '../clients/google/auth.ts';
import { googleEndpoints } from '../clients/google/endpoints.ts';
import type { ClusterInfo, GkeClient } from '../clients/google/gke.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import { kubeEndpoints } from '../clients/kubernetes/endpoints.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { errorText, type FailureStage } from '../lib/failure.ts';
import { type Clock, deadline, orAbort, poll } from '../lib/poll.ts';
import { VERSION } from '../lib/version.ts';
import type { Emit } from '../progress/events.ts';
import { announceDeployment, type DeploymentRef } from '../publish/deployment.ts';
import type { Cost, Report } from '../report/model.ts';
import type { LeaseState } from '../stages/context.ts';
import { notOurs, settleLease } from '../stages/lease/lease-owner.ts';
import { poolNodes } from '../stages/lease/nodes.ts';
import { loadFiles } from '../stages/preflight/workspace.ts';
import { bill } from '../stages/release/bill.ts';
import { type Released, release, releaseFailed } from '../stages/release/release.ts';
import { closeReport } from '../stages/release/released-report.ts';
import { type PipelineResult, runPipeline } from './pipeline.ts';

/** What an entrypoint hands over: inputs, environment and where words go. */
export interface Session {
  inputs: Inputs;
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  signal: AbortSignal;
  emit: Emit;
  onSecret: (secret: string) => void;
  report: Report;
  /** Folder of the gate itself, with the manifests that ship with it. */
  packageRoot: string;
  /** Folder that the user's paths are relative to, and may not leave. */
  workspace: string;
}

/** How long an endpoint of the control plane may take to answer while there is another way. */
const KUBE_ANSWER_MS = 10_000;

/** Runs the pipeline with real clients. Always answers a report. */
export async function runGate(
  session: Session,
  saveLease: (state: LeaseState) => void,
  saveDeployment: (ref: DeploymentRef) => void,
): Promise<PipelineResult> {
  const { inputs, clock, signal, emit, report } = session;
  const closers: (() => Promise<void>)[] = [];
  try {
    const base = { inputs, clock, signal, emit, report, runKey: runKey(report, inputs) };
    let lease: LeaseState | null = null;
    let asked: KubeClient | null = null;
    const result = await runPipeline(base, {
      saveLease: (state) => {
        lease = state;
        saveLease(state);
      },
      announce: async () => {
        const ref = await announceDeployment(report, session);
        if (ref) saveDeployment(ref);
        return ref;
      },
      load: (table) => loadFiles(session, table),
      connect: async () => {
        const auth = await openAuth(session);
        const gke = await openGke(session, auth, 'preflight');
        closers.push(gke.close);
        const cluster = await gke.getCluster();
        const kube = await openKube(session, auth, cluster, 'preflight');
        closers.push(kube.close);
        asked = kube;
        return { gke, kube, cluster, identity: `authenticated by ${auth.describe()}` };
      },
    });
    if (lease && asked && !signal.aborted) report.cost = await costSoFar(session, lease, asked);
    return result;
  } finally {
    await Promise.allSettled(closers.map((close) => close()));
  }
}

type Connection = Pick<Session, 'inputs' | 'env' | 'clock' | 'signal' | 'emit' | 'onSecret'>;

/** Clients of the cluster that the inputs name; the caller closes them. */
export async function openCluster(
  session: Connection,
  stage: FailureStage,
): Promise<{ gke: GkeClient; kube: KubeClient }> {
  const auth = await openAuth(session);
  session.emit({ type: 'fact', stage: 'release', text: `authenticated by ${auth.describe()}` });
  const gke = await openGke(session, auth, stage);
  try {
    return { gke, kube: await openKube(session, auth, await gke.getCluster(), stage) };
  } catch (error) {
    await gke.close();
    throw error;
  }
}

/** The bill when main ends, with the nodes still there; the release makes it final. Null when the nodes cannot be listed. */
async function costSoFar(session: Session, lease: LeaseState, kube: KubeClient): Promise<Cost | null> {
  try {
    const nodes = (await poolNodes(kube, lease.nodePool)).map((node) => ({ ...node, deletedAt: null }));
    const { pricePerChipHourUsd } = session.inputs;
    return bill(session.report, nodes, { ...lease, pricePerChipHourUsd }, new Date().toISOString());
  } catch {
    return null;
  }
}

/** The release as a stage: told, timed, and added to the report with the final bill. */
export async function releaseStage(session: Session, report: Report, lease: LeaseState): Promise<Report> {
  const { inputs, emit } = session;
  const limitMs = inputs.releaseTimeoutMs;
  emit({
    type: 'stage-start',
    stage: 'release',
    title: `Give back node pool ${lease.nodePool}`,
    usualMs: null,
    limitMs,
  });
  // A signal of its own: what ended the run must not end the release.
  const released = await giveBack({ ...session, signal: AbortSignal.timeout(limitMs) }, lease);
  const { outcome, message, durationMs } = released.release;
  const ended = outcome === 'failed' ? 'failed' : 'done';
  emit({ type: 'stage-end', stage: 'release', outcome: ended, summary: message, durationMs });
  return closeReport(report, released, {
    ...lease,
    pricePerChipHourUsd: inputs.pricePerChipHourUsd,
    now: new Date().toISOString(),
  });
}

/**
 * Gives the leased nodes back with clients of its own, so that a main that lasted for hours changes nothing. Which
 * cluster and pool is the lease's word alone: inputs and environment may have changed since it was taken.
 */
async function giveBack(given: Session, lease: LeaseState): Promise<Released> {
  const { projectId, location, cluster } = lease;
  const session: Session = { ...given, inputs: { ...given.inputs, projectId, location, cluster } };
  const { clock, signal, emit, inputs } = session;
  const started = clock.now();
  let gke: GkeClient | null = null;
  let kube: KubeClient | null = null;
  try {
    const auth = await openAuth(session);
    gke = await poll({
      stage: 'release',
      what: 'the Container API',
      everyMs: Math.max(1_000, inputs.pollIntervalMs),
      limitMs: inputs.releaseTimeoutMs,
      clock,
      signal,
      onWait: (status) => emit({ type: 'waiting', stage: 'release', ...status }),
      probe: async () => {
        try {
          return { done: await openGke(session, auth, 'release') };
        } catch (error) {
          signal.throwIfAborted();
          return { waiting: errorText(error) };
        }
      },
    });
    const opened = gke;
    kube = await kubeWithin(session, auth, opened);
    const foreign = await notOurs(kube, lease, Date.now(), emit);
    if (foreign) return foreign;
    const released = await release(
      {
        gke,
        kube,
        kubeAgain: async () => {
          kube = await kubeWithin(session, auth, opened);
          return kube;
        },
        clock,
        signal,
        emit,
        pollIntervalMs: inputs.pollIntervalMs,
        limitMs: Math.max(inputs.pollIntervalMs, inputs.releaseTimeoutMs - (clock.now() - started)),
      },
      lease,
    );
    await settleLease(kube, lease, released, emit);
    return released;
  } catch (error) {
    return releaseFailed(lease, error, Math.round(clock.now() - started));
  } finally {
    await Promise.allSettled([gke?.close(), kube?.close()]);
  }
}

/** Nodes cost money, objects do not: the pool is given back without Kubernetes when that does not answer soon. */
async function kubeWithin(session: Session, auth: GcpAuth, gke: GkeClient): Promise<KubeClient | null> {
  try {
    const cluster = await orAbort(gke.getCluster(), deadline(session.signal, KUBE_ANSWER_MS));
    return await openKube(session, auth, cluster, 'release');
  } catch (error) {
    session.signal.throwIfAborted();
    session.emit({ type: 'warning', text: `the Kubernetes API cannot be asked: ${errorText(error)}` });
    return null;
  }
}

/** The Google and Kubernetes clients are 10 MB of code: loaded when they are used, not when a bad input is refused. */
async function openAuth(session: Connection): Promise<GcpAuth> {
  const { createGcpAuth } = await import('../clients/google/auth.ts');
  return createGcpAuth({
    method: session.inputs.auth,
    projectId: session.inputs.projectId,
    endpoints: googleEndpoints(session.env),
    env: session.env,
    clock: session.clock,
    signal: session.signal,
    requestTimeoutMs: session.inputs.apiTimeoutMs,
    onSecret: session.onSecret,
  });
}

async function openGke(session: Connection, auth: GcpAuth, stage: FailureStage): Promise<GkeClient> {
  const { createGkeClient } = await import('../clients/google/gke.ts');
  return createGkeClient({
    projectId: session.inputs.projectId,
    location: session.inputs.location,
    cluster: session.inputs.cluster,
    auth,
    endpoint: googleEndpoints(session.env).container,
    clock: session.clock,
    signal: session.signal,
    requestTimeoutMs: session.inputs.apiTimeoutMs,
    stage,
    onRetry: (message) => session.emit({ type: 'warning', text: message }),
  });
}

/** The first endpoint of the control plane that answers. */
async function openKube(
  session: Connection,
  auth: GcpAuth,
  cluster: ClusterInfo,
  stage: FailureStage,
): Promise<KubeClient> {
  const { createKubeClient } = await import('../clients/kubernetes/client.ts');
  const endpoints = kubeEndpoints(cluster, session.inputs.dnsEndpoint);
  for (const [index, endpoint] of endpoints.entries()) {
    const kube = createKubeClient({
      ...endpoint,
      accessToken: auth.accessToken,
      fieldManager: 'tpu-serving-gate',
      userAgent: `tpu-serving-gate/${VERSION}`,
      clock: session.clock,
      signal: session.signal,
      requestTimeoutMs: session.inputs.apiTimeoutMs,
      stage,
      onRetry: (message) => session.emit({ type: 'warning', text: message }),
    });
    try {
      const last = index === endpoints.length - 1 && stage !== 'release';
      await (last ? kube.version() : orAbort(kube.version(), deadline(session.signal, KUBE_ANSWER_MS)));
      return kube;
    } catch (error) {
      await kube.close();
      session.signal.throwIfAborted();
      if (index === endpoints.length - 1) throw error;
      session.emit({ type: 'warning', text: `${endpoint.server} does not answer; the DNS endpoint is tried` });
    }
  }
  throw new Error('a cluster has at least one endpoint');
}

/** Distinguishes runs, and the legs of a matrix, in names and marks of objects. */
function runKey(report: Report, inputs: Inputs): string {
  const { id, attempt, job } = report.run;
  const leg = [job, inputs.commentId, inputs.cluster, inputs.nodePool, inputs.namespace].join('/');
  const hash = createHash('sha256').update(leg).digest('hex').slice(0, 6);
  return `${id}-${attempt}-${hash}`
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(-40)
    .replace(/^-+/, '');
}
