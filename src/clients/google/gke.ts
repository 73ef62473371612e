import { ClusterManagerClient, type protos } from '@google-cloud/container';
import type { Wanted } from '../../lib/decode.ts';
import { Failure, type FailureStage } from '../../lib/failure.ts';
import { type Clock, deadline, orAbort, retry } from '../../lib/poll.ts';
import { OPERATIONS, strict, theCluster, theOperation, thePool, unreadable } from './answers.ts';
import type { GcpAuth } from './auth.ts';
import { badAnswer, gkeFailure, isTransient, ownText } from './gke-failure.ts';
import { type NodePoolInfo, nodePoolInfo } from './node-pool.ts';

type ICluster = protos.google.container.v1.ICluster;
type IOperation = protos.google.container.v1.IOperation;

export interface ClusterInfo {
  name: string;
  status: string;
  version: string | null;
  ipEndpoint: string | null;
  ipEndpointEnabled: boolean;
  caPem: string | null;
  dnsEndpoint: { host: string; allowsExternalTraffic: boolean } | null;
  nodePools: NodePoolInfo[];
  /** Whether anything acts on NetworkPolicies: Dataplane V2, or the Calico add-on. */
  enforcesPolicies: boolean;
}

export interface GkeOperation {
  name: string;
  type: string;
  status: 'PENDING' | 'RUNNING' | 'DONE' | 'ABORTING' | 'STATUS_UNSPECIFIED';
  targetLink: string;
  startTime: string | null;
  /** Why it failed; null while it runs and after success. DONE alone is not success. */
  error: string | null;
}

/** The five calls of the Container API that the gate makes, all by full resource name. */
export interface GkeClient {
  /** Name of the cluster that the calls are about. */
  readonly cluster: string;
  getCluster(): Promise<ClusterInfo>;
  getNodePool(pool: string): Promise<NodePoolInfo>;
  /** Asks for `nodeCount` nodes in each zone of the pool. Returns the operation; nodes come later. */
  setNodePoolSize(pool: string, nodeCount: number): Promise<GkeOperation>;
  getOperation(name: string): Promise<GkeOperation>;
  listOperations(): Promise<GkeOperation[]>;
  /**
   * Tries a resize of a pool that does not exist: Google Cloud checks `container.clusters.update` on the cluster before
   * it looks for the pool. Changes nothing. True when only the pool was missing, false when the answer tells nothing;
   * fails with `gke-permission` when the identity may not resize.
   */
  tryResizePermission(): Promise<boolean>;
  /** Best effort: GKE may refuse it for a resize. */
  cancelOperation(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface GkeClientOptions {
  projectId: string;
  location: string;
  cluster: string;
  auth: GcpAuth;
  endpoint: URL;
  clock: Clock;
  signal: AbortSignal;
  stage: FailureStage;
  /** For one request; one that takes longer is tried again. */
  requestTimeoutMs: number;
  onRetry?: (message: string) => void;
}

/**
 * Container API over REST. A new client must be initialised before its first call: a generated method whose lazy
 * initialisation fails rejects twice, once of it unhandled, and stays broken for ever.
 */
export async function createGkeClient(options: GkeClientOptions): Promise<GkeClient> {
  const { endpoint, projectId, location, cluster } = options;
  const client = new ClusterManagerClient({
    fallback: true,
    projectId,
    auth: strict(await options.auth.googleAuth()),
    apiEndpoint: endpoint.hostname,
    ...(endpoint.port ? { port: Number(endpoint.port) } : {}),
    // Undocumented, but honoured by google-gax's REST transport; needed for plain http on loopback.
    protocol: endpoint.protocol.replace(':', ''),
  } as ConstructorParameters<typeof ClusterManagerClient>[0]);
  const parent = `projects/${projectId}/locations/${location}`;
  const clusterName = `${parent}/clusters/${cluster}`;
  const settings = { timeout: options.requestTimeoutMs, retry: null };

  const call = async <T>(what: string, request: () => Promise<T>, wanted?: Wanted<T>): Promise<T> => {
    const ask = async () => {
      // The library heeds neither a signal nor, while it asks for a token, its own limit.
      const answer = await orAbort(request(), deadline(options.signal, 2 * options.requestTimeoutMs));
      return wanted ? wanted.decode(answer, '') : answer;
    };
    const attempt = () =>
      ask().catch((error: unknown) => {
        const problem = unreadable(error);
        throw problem === null ? error : badAnswer(what, wanted?.noun ?? 'its own', problem, options.stage);
      });
    try {
      return await retry(attempt, {
        tries: 6,
        baseMs: 500,
        clock: options.clock,
        signal: options.signal,
        retryable: isTransient,
        onRetry: (error, n) => options.onRetry?.(`${what}: ${ownText(error)}; try ${n + 1} of 6`),
      });
    } catch (error) {
      options.signal.throwIfAborted();
      throw gkeFailure(what, error, options);
    }
  };

  await call('Container API', async () => {
    await options.auth.accessToken();
    await client.initialize();
  });

  return {
    cluster,
    getCluster: async () =>
      clusterInfo(
        await call(
          `Cluster ${cluster}`,
          async () => (await client.getCluster({ name: clusterName }, settings))[0],
          theCluster(cluster),
        ),
      ),
    getNodePool: async (pool) =>
      nodePoolInfo(
        await call(
          `Node pool ${pool}`,
          async () => (await client.getNodePool({ name: `${clusterName}/nodePools/${pool}` }, settings))[0],
          thePool(pool),
        ),
      ),
    setNodePoolSize(pool, nodeCount) {
      // In proto3 a missing nodeCount is a request for zero nodes, so it must never be missing by mistake.
      if (!Number.isInteger(nodeCount) || nodeCount < 0) {
        throw new TypeError(`nodeCount must be a whole number from 0, not ${nodeCount}`);
      }
      const request = { name: `${clusterName}/nodePools/${pool}`, nodeCount };
      const ask = async () => (await client.setNodePoolSize(request, settings))[0];
      return call(`Resize of ${pool} to ${nodeCount}`, ask, theOperation()).then(operation);
    },
    getOperation: async (name) =>
      operation(
        await call(
          `Operation ${name}`,
          async () => (await client.getOperation({ name: `${parent}/operations/${name}` }, settings))[0],
          theOperation(name),
        ),
      ),
    async listOperations() {
      const listed = await call(
        'Operations',
        async () => (await client.listOperations({ parent }, settings))[0],
        OPERATIONS,
      );
      return (listed.operations ?? []).map(operation);
    },
    async tryResizePermission() {
      try {
        await call('Permission to resize', async () =>
          client.setNodePoolSize({ name: `${clusterName}/nodePools/${NO_POOL}`, nodeCount: 0 }, settings),
        );
      } catch (error) {
        options.signal.throwIfAborted();
        if (!(error instanceof Failure)) return false;
        if (REFUSES_RESIZE.has(error.code) || error.evidence.grpcCode === PERMISSION_DENIED) throw error;
        return error.code === 'gke-not-found';
      }
      return false;
    },
    async cancelOperation(name) {
      await orAbort(client.cancelOperation({ name: `${parent}/operations/${name}` }, settings), options.signal);
    },
    close: () => client.close(),
  };
}

/** A pool that nobody has. */
const NO_POOL = 'tpu-serving-gate-permission-probe';

/** Refusals of the probe that a resize of the pool would meet too, beside those for want of a right. */
const REFUSES_RESIZE: ReadonlySet<string> = new Set(['gke-permission', 'gke-org-policy']);
/** Of google.rpc.Code, whatever the reason is. */
const PERMISSION_DENIED = 7;

function clusterInfo(cluster: ICluster): ClusterInfo {
  const dns = cluster.controlPlaneEndpointsConfig?.dnsEndpointConfig;
  const certificate = cluster.masterAuth?.clusterCaCertificate;
  return {
    name: cluster.name ?? '',
    status: String(cluster.status ?? 'STATUS_UNSPECIFIED'),
    version: cluster.currentMasterVersion || null,
    ipEndpoint: cluster.endpoint || null,
    ipEndpointEnabled: cluster.controlPlaneEndpointsConfig?.ipEndpointsConfig?.enabled !== false,
    caPem: certificate ? Buffer.from(certificate, 'base64').toString() : null,
    dnsEndpoint: dns?.endpoint
      ? { host: dns.endpoint, allowsExternalTraffic: dns.allowExternalTraffic === true }
      : null,
    nodePools: (cluster.nodePools ?? []).map(nodePoolInfo),
    enforcesPolicies:
      String(cluster.networkConfig?.datapathProvider ?? '') === 'ADVANCED_DATAPATH' ||
      cluster.networkPolicy?.enabled === true,
  };
}

function operation(given: IOperation): GkeOperation {
  const error = given.error?.message || given.statusMessage || null;
  return {
    name: given.name ?? '',
    type: String(given.operationType ?? ''),
    status: String(given.status ?? 'STATUS_UNSPECIFIED') as GkeOperation['status'],
    targetLink: given.targetLink ?? '',
    startTime: given.startTime || null,
    error,
  };
}
