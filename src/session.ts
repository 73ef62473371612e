import { join } from 'node:path';
import { kubeEndpoint } from './clients/connect.ts';
import { googleEndpoints } from './clients/endpoints.ts';
import type { GcpAuth } from './clients/gcp.ts';
import type { GkeClient } from './clients/gke.ts';
import type { KubeClient } from './clients/kube.ts';
import { loadManifests, type Manifest } from './clients/manifests.ts';
import type { Inputs } from './inputs.ts';
import { errorText, type FailureStage } from './lib/failure.ts';
import type { Clock } from './lib/poll.ts';
import { type PipelineResult, runPipeline } from './pipeline.ts';
import type { Emit } from './progress/events.ts';
import type { Cost, Report } from './report/model.ts';
import { bill } from './stages/bill.ts';
import type { LeaseState } from './stages/context.ts';
import { poolNodes } from './stages/nodes.ts';
import { type Released, release, releaseFailed } from './stages/release.ts';
import { VERSION } from './version.ts';

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

/** Runs the pipeline with real clients. Always answers a report. */
export async function runGate(session: Session, saveLease: (state: LeaseState) => void): Promise<PipelineResult> {
  const { inputs, clock, signal, emit, report } = session;
  const closers: (() => Promise<void>)[] = [];
  try {
    const base = { inputs, clock, signal, emit, report, runKey: runKey(report) };
    let lease: LeaseState | null = null;
    let asked: KubeClient | null = null;
    const result = await runPipeline(base, {
      saveLease: (state) => {
        lease = state;
        saveLease(state);
      },
      open: async () => {
        const [manifests, retire] = await Promise.all([readManifests(session), readRetired(session)]);
        const auth = await openAuth(session);
        emit({ type: 'fact', stage: 'preflight', text: `authenticated by ${auth.describe()}` });
        const gke = await openGke(session, auth, 'preflight');
        closers.push(gke.close);
        const cluster = await gke.getCluster();
        const kube = await openKube(session, auth, kubeEndpoint(cluster, inputs.dnsEndpoint), 'preflight');
        closers.push(kube.close);
        asked = kube;
        return { gke, kube, cluster, manifests, retire: retire.map(({ object }) => object) };
      },
    });
    if (lease && asked && !signal.aborted) report.cost = await costSoFar(session, lease, asked);
    return result;
  } finally {
    await Promise.allSettled(closers.map((close) => close()));
  }
}

/** The bill when main ends, with the nodes still there; the release makes it final. Null when the nodes cannot be listed. */
async function costSoFar(session: Session, lease: LeaseState, kube: KubeClient): Promise<Cost | null> {
  try {
    const nodes = (await poolNodes(kube, lease.nodePool)).map((node) => ({ ...node, deletedAt: null }));
    const { pricePerChipHourUsd } = session.inputs;
    return bill(session.report, nodes, { spot: lease.spot, pricePerChipHourUsd }, new Date().toISOString());
  } catch {
    return null;
  }
}

/** Gives the leased nodes back with clients of its own, so that a main that lasted for hours changes nothing. */
export async function giveBack(session: Session, lease: LeaseState): Promise<Released> {
  let gke: GkeClient | null = null;
  let kube: KubeClient | null = null;
  try {
    const auth = await openAuth(session);
    gke = await openGke(session, auth, 'release');
    try {
      const cluster = await gke.getCluster();
      kube = await openKube(session, auth, kubeEndpoint(cluster, session.inputs.dnsEndpoint), 'release');
      await kube.version();
    } catch (error) {
      // Nodes cost money, objects do not: the pool is given back without Kubernetes if need be.
      session.emit({ type: 'warning', text: `the Kubernetes API cannot be asked: ${errorText(error)}` });
      kube = null;
    }
    return await release(
      {
        gke,
        kube,
        clock: session.clock,
        signal: session.signal,
        emit: session.emit,
        pollIntervalMs: session.inputs.pollIntervalMs,
        limitMs: session.inputs.releaseTimeoutMs,
      },
      lease,
    );
  } catch (error) {
    return releaseFailed(lease, error);
  } finally {
    await Promise.allSettled([gke?.close(), kube?.close()]);
  }
}

/** The Google and Kubernetes clients are 10 MB of code: loaded when they are used, not when a bad input is refused. */
async function openAuth(session: Session): Promise<GcpAuth> {
  const { createGcpAuth } = await import('./clients/gcp.ts');
  return createGcpAuth({
    method: session.inputs.auth,
    projectId: session.inputs.projectId,
    endpoints: googleEndpoints(session.env),
    env: session.env,
    clock: session.clock,
    signal: session.signal,
    onSecret: session.onSecret,
  });
}

async function openGke(session: Session, auth: GcpAuth, stage: FailureStage): Promise<GkeClient> {
  const { createGkeClient } = await import('./clients/gke.ts');
  return createGkeClient({
    projectId: session.inputs.projectId,
    location: session.inputs.location,
    cluster: session.inputs.cluster,
    auth,
    endpoint: googleEndpoints(session.env).container,
    clock: session.clock,
    signal: session.signal,
    stage,
    onRetry: (message) => session.emit({ type: 'warning', text: message }),
  });
}

async function openKube(
  session: Session,
  auth: GcpAuth,
  endpoint: { server: string; caPem: string | null },
  stage: FailureStage,
): Promise<KubeClient> {
  const { createKubeClient } = await import('./clients/kube.ts');
  return createKubeClient({
    ...endpoint,
    accessToken: auth.accessToken,
    fieldManager: 'tpu-serving-gate',
    userAgent: `tpu-serving-gate/${VERSION}`,
    clock: session.clock,
    signal: session.signal,
    stage,
    onRetry: (message) => session.emit({ type: 'warning', text: message }),
  });
}

function readManifests(session: Session): Promise<Manifest[]> {
  const { inputs, packageRoot, workspace, env } = session;
  const { namespace } = inputs;
  return inputs.manifests === ''
    ? loadManifests({ path: 'manifests/pattern3', root: packageRoot, namespace, env })
    : loadManifests({ path: inputs.manifests, root: workspace, namespace, env });
}

function readRetired(session: Session): Promise<Manifest[]> {
  const { inputs, packageRoot, workspace, env } = session;
  const { namespace } = inputs;
  if (inputs.retire === 'none') return Promise.resolve([]);
  return inputs.retire === ''
    ? loadManifests({ path: join('manifests', 'pattern1', 'retire.yaml'), root: packageRoot, namespace, env })
    : loadManifests({ path: inputs.retire, root: workspace, namespace, env });
}

/** Distinguishes runs in names of temporary objects: `18300012345-1`, or the process on the command line. */
function runKey(report: Report): string {
  return `${report.run.id}-${report.run.attempt}`
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(-20)
    .replace(/^-+/, '');
}
