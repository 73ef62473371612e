import { startCluster } from '../cluster/cluster.ts';
import { NODES } from '../cluster/resources.ts';
import { startControl } from '../control.ts';
import type { KubeConfig, KubeObject, KubePorts, KubeRecord, RealApiServer } from '../protocol.ts';
import { verifyToken } from '../tokens.ts';
import { type AuditEvent, startApiServer } from './api-server.ts';
import { collectionsOf } from './collections.ts';
import { startCollector } from './collector.ts';
import { isEstablished } from './established.ts';
import { startKubeletServer } from './kubelet-server.ts';
import { type Mirror, startMirror } from './mirror.ts';
import { createRealApi, type RealApi } from './real-api.ts';

/** The address type by which the API server finds the kubelets; the others of a node are made up. */
export const KUBELET_ADDRESS = 'ExternalIP';
export const CONTROLLERS = 'lab-controllers';

/**
 * The same cluster behind a real kube-apiserver: the lab's controllers and kubelet work on it through its own API, and
 * it authenticates, authorises, defaults and validates as on GKE.
 */
export async function startRealKube(
  config: KubeConfig,
  apiServer: RealApiServer,
): Promise<KubePorts & { close(): Promise<void> }> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const each of closers.reverse()) await each();
  };
  try {
    const kube = await startApiServer({
      assets: apiServer.assets,
      flags: [`--kubelet-preferred-address-types=${KUBELET_ADDRESS}`],
      identityOf: (token) => identityOf(config.tokenSecret, token),
    });
    closers.push(() => kube.stop());
    const api = createRealApi({ server: kube.server, caPem: kube.caPem, token: kube.adminToken, agent: CONTROLLERS });
    const definitions = config.seedObjects.filter(({ kind }) => kind === 'CustomResourceDefinition');
    await install(api, definitions);
    const collections = collectionsOf(definitions);
    const mirror = await startMirror(api, collections);
    closers.push(() => mirror.close());
    let readLogs: Parameters<typeof startKubeletServer>[0]['readLogs'] = () => null;
    let podAddress: Parameters<typeof startKubeletServer>[0]['podAddress'] = () => null;
    const kubelet = await startKubeletServer({
      tls: config.tls,
      readLogs: (...args) => readLogs(...args),
      podAddress: (...args) => podAddress(...args),
    });
    closers.push(() => kubelet.close());
    closers.push(startCollector(mirror, collections));
    const store = withKubelet(mirror, kubelet.port);
    const cluster = await startCluster({ ...config, store, settled: () => mirror.idle() });
    closers.push(() => cluster.close());
    readLogs = cluster.readLogs;
    podAddress = cluster.podAddress;
    for (const object of apiServer.rbac) await require201(api, rbacPath(object), object);
    const control = await startControl(cluster, async () => ({
      ...recordOf(await kube.audit(), mirror),
      faults: cluster.faults(),
    }));
    closers.push(control.close);
    return {
      endpoint: kube.server.replace('https://', ''),
      caPem: kube.caPem,
      adminToken: kube.adminToken,
      controlUrl: control.url,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export function identityOf(secret: string, token: string): { user: string; groups: string[] } | null {
  try {
    const claims = verifyToken(secret, token, Date.now());
    return claims && { user: claims.subject, groups: [] };
  } catch {
    // A payload that is not JSON: not one of the lab's.
    return null;
  }
}

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ESTABLISH_MS = 30_000;

/** Definitions first, and established: their collections exist only then. */
async function install(api: RealApi, definitions: readonly KubeObject[]): Promise<void> {
  for (const definition of definitions) await require201(api, DEFINITIONS, definition);
  const deadline = Date.now() + ESTABLISH_MS;
  for (const { metadata } of definitions) {
    while (!(await isEstablished(api, metadata.name))) {
      if (Date.now() > deadline) throw new Error(`${metadata.name} was not established within 30 s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function require201(api: RealApi, path: string, object: KubeObject): Promise<void> {
  const { status, body } = await api.ask('POST', path, object);
  if (status !== 201) {
    throw new Error(`${object.kind} ${object.metadata.name}: HTTP ${status}: ${body.message ?? JSON.stringify(body)}`);
  }
}

function rbacPath({ kind, metadata }: KubeObject): string {
  const scope = metadata.namespace ? `/namespaces/${metadata.namespace}` : '';
  return `/apis/rbac.authorization.k8s.io/v1${scope}/${kind.toLowerCase()}s`;
}

/** Every node says where its kubelet listens. */
export function withKubelet(mirror: Mirror, port: number): Mirror {
  return {
    ...mirror,
    create(resource, object) {
      if (resource.plural !== NODES.plural) return mirror.create(resource, object);
      const status = {
        ...object.status,
        addresses: [...object.status.addresses, { type: KUBELET_ADDRESS, address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
      };
      return mirror.create(resource, { ...object, status });
    },
  };
}

const METHODS: Record<string, string> = {
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};

/** The server's own audit, without what the lab asked itself. */
export function recordOf(events: readonly AuditEvent[], mirror: Mirror): Omit<KubeRecord, 'faults'> {
  return {
    requests: events
      .filter(({ userAgent }) => userAgent !== CONTROLLERS)
      .map((event) => ({
        at: Date.parse(event.requestReceivedTimestamp),
        method: METHODS[event.verb] ?? 'GET',
        path: event.requestURI,
        status: event.responseStatus.code,
        user: event.user.username,
        userAgent: event.userAgent,
      })),
    refusedWrites: mirror.refused(),
  };
}
