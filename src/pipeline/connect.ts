import type { GcpAuth } from '../clients/google/auth.ts';
import { googleEndpoints } from '../clients/google/endpoints.ts';
import type { ClusterInfo, GkeClient } from '../clients/google/gke.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import { kubeEndpoints } from '../clients/kubernetes/endpoints.ts';
import type { RegistryClient } from '../clients/registry/client.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { FailureStage } from '../lib/failure.ts';
import { type Clock, deadline, orAbort } from '../lib/poll.ts';
import { VERSION } from '../lib/version.ts';
import type { Emit } from '../progress/events.ts';

/** What the clients of a cluster need. */
export interface Connection {
  inputs: Pick<Inputs, 'auth' | 'projectId' | 'location' | 'cluster' | 'dnsEndpoint' | 'apiTimeoutMs'>;
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  signal: AbortSignal;
  emit: Emit;
  /** Called with each secret before it can appear anywhere. */
  onSecret: (secret: string) => void;
}

/** How long an endpoint of the control plane may take to answer while there is another way. */
export const KUBE_ANSWER_MS = 10_000;

/** Clients of the cluster that the inputs name; the caller closes them. */
export async function openCluster(
  connection: Connection,
  stage: FailureStage,
): Promise<{ gke: GkeClient; kube: KubeClient; info: ClusterInfo }> {
  const auth = await openAuth(connection);
  connection.emit({ type: 'fact', stage: 'release', text: `authenticated by ${auth.describe()}` });
  const gke = await openGke(connection, auth, stage);
  try {
    const info = await gke.getCluster();
    return { gke, kube: await openKube(connection, auth, info, stage), info };
  } catch (error) {
    await gke.close();
    throw error;
  }
}

/** The Google and Kubernetes clients are 10 MB of code: loaded when they are used, not when a bad input is refused. */
export async function openAuth(connection: Connection): Promise<GcpAuth> {
  const { createGcpAuth } = await import('../clients/google/auth.ts');
  return createGcpAuth({
    method: connection.inputs.auth,
    projectId: connection.inputs.projectId,
    endpoints: googleEndpoints(connection.env),
    env: connection.env,
    clock: connection.clock,
    signal: connection.signal,
    requestTimeoutMs: connection.inputs.apiTimeoutMs,
    onSecret: connection.onSecret,
  });
}

/**
 * Begins to read the code that signs in, while the workspace is read. Nothing is asked for before that is found right: what is
 * wrong in it is refused before any request.
 */
export function readAuth(): void {
  import('../clients/google/auth.ts').catch(() => {});
}

export async function openGke(connection: Connection, auth: GcpAuth, stage: FailureStage): Promise<GkeClient> {
  // The client takes longer to load than all before it: credentials that are refused need not wait for that.
  await auth.accessToken();
  const { createGkeClient } = await import('../clients/google/gke.ts');
  return createGkeClient({
    projectId: connection.inputs.projectId,
    location: connection.inputs.location,
    cluster: connection.inputs.cluster,
    auth,
    endpoint: googleEndpoints(connection.env).container,
    clock: connection.clock,
    signal: connection.signal,
    requestTimeoutMs: connection.inputs.apiTimeoutMs,
    stage,
    onRetry: (message) => connection.emit({ type: 'warning', text: message }),
  });
}

/** A client of the registries that images come from. It is given no credentials. */
export async function openRegistry({ env, signal }: Connection): Promise<RegistryClient> {
  const { createRegistryClient } = await import('../clients/registry/client.ts');
  const { registryMirror } = await import('../clients/registry/endpoints.ts');
  return createRegistryClient({ env, signal, mirror: registryMirror(env), userAgent: `tpu-serving-gate/${VERSION}` });
}

/** The first endpoint of the control plane that answers. */
export async function openKube(
  connection: Connection,
  auth: GcpAuth,
  cluster: ClusterInfo,
  stage: FailureStage,
): Promise<KubeClient> {
  const { createKubeClient } = await import('../clients/kubernetes/client.ts');
  const endpoints = kubeEndpoints(cluster, connection.inputs.dnsEndpoint);
  for (const [index, endpoint] of endpoints.entries()) {
    const kube = createKubeClient({
      ...endpoint,
      accessToken: auth.accessToken,
      fieldManager: 'tpu-serving-gate',
      userAgent: `tpu-serving-gate/${VERSION}`,
      clock: connection.clock,
      signal: connection.signal,
      requestTimeoutMs: connection.inputs.apiTimeoutMs,
      stage,
      onRetry: (message) => connection.emit({ type: 'warning', text: message }),
    });
    try {
      const last = index === endpoints.length - 1 && stage !== 'release';
      await (last ? kube.reach() : orAbort(kube.reach(), deadline(connection.signal, KUBE_ANSWER_MS)));
      return kube;
    } catch (error) {
      await kube.close();
      connection.signal.throwIfAborted();
      if (index === endpoints.length - 1) throw error;
      connection.emit({ type: 'warning', text: `${endpoint.server} does not respond; trying the DNS endpoint` });
    }
  }
  throw new Error('a cluster has at least one endpoint');
}
