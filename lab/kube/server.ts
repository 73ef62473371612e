import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { KubeRecord, PemPair } from '../protocol.ts';
import { refuseCalls } from '../refused-calls.ts';
import type { RefusedCall } from '../scenarios/types.ts';
import { verifyToken } from '../tokens.ts';
import { wholeBody } from '../whole-body.ts';
import { ANONYMOUS, authorize } from './access.ts';
import type { Api, Call, DenyRule, LogSource, PodProxyTarget } from './api.ts';
import { timestamp } from './api.ts';
import { establishDefinitions } from './crd-lifecycle.ts';
import { startGarbageCollector } from './gc.ts';
import { handle } from './handle.ts';
import { servePortForward } from './port-forward.ts';
import { createRegistry } from './resources.ts';
import { warningHeader } from './respond.ts';
import { addressOf, resourceRoute, verbOf } from './routes.ts';
import { badRequest, failure, isStatusError, notImplemented, unauthorized } from './status.ts';
import type { Store } from './store.ts';
import { liveObject } from './verbs.ts';

export interface KubeApiOptions {
  tls: PemPair;
  /** The authority that clients trust; sent along with the certificate. */
  caPem: string;
  tokenSecret: string;
  store: Store;
  logs: LogSource;
  podProxy: PodProxyTarget;
  onRequest?: (request: KubeRecord['requests'][number]) => void;
  /** Requests that RBAC refuses; access reviews say the same. Everything else is allowed. */
  denied?: DenyRule[];
  /** Calls that are refused, whoever may make them. */
  refused?: readonly RefusedCall[];
  /** Users who may only read. */
  readers?: readonly string[];
  /**
   * `graceful`: a deleted pod that runs on a node stays with its deletionTimestamp until a kubelet deletes it from the
   * store, as in a cluster. `immediate` (default): it goes at once.
   */
  podDeletion?: 'graceful' | 'immediate';
  /** What /version reports. */
  gitVersion?: string;
}

export interface KubeApi {
  /** `127.0.0.1:PORT`, TLS. */
  endpoint: string;
  close(): Promise<void>;
}

/** Largest body the real API server takes. */
const BODY_LIMIT = 3 * 1024 * 1024;
const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/**
 * A Kubernetes API server over the given store, on a free loopback port. It has the controllers without which clients
 * would notice a difference: garbage collection, namespace deletion, establishing of definitions. What it cannot do it
 * answers with 501 and a Status of reason NotImplemented.
 */
export async function startKubeApi(options: KubeApiOptions): Promise<KubeApi> {
  const { store } = options;
  const closing = new AbortController();
  const refuse = refuseCalls(options.refused ?? []);
  const api: Api = {
    store,
    registry: createRegistry(store),
    logs: options.logs,
    podProxy: options.podProxy,
    denied: options.denied ?? [],
    readers: options.readers ?? [],
    podDeletion: options.podDeletion ?? 'immediate',
    gitVersion: options.gitVersion ?? 'v1.32.4-gke.1106006',
    userOf: (token) => userOf(options.tokenSecret, token),
    closing: closing.signal,
  };
  for (const name of SYSTEM_NAMESPACES) ensureNamespace(store, name);
  const stopEstablishing = establishDefinitions(api);
  const stopCollecting = startGarbageCollector(api);

  const record = ({ method, user, userAgent }: Call, { url: path = '' }: IncomingMessage, status: number) =>
    options.onRequest?.({ at: Date.now(), method, path, status, user, userAgent });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const call = callOf(request);
    response.on('close', () => record(call, request, response.statusCode));
    try {
      authenticate(api, call);
      call.body = await wholeBody(request, BODY_LIMIT, tooLong);
      const refusal = refuse(call.method, request.url ?? '');
      if (refusal) throw refused(refusal);
      await handle(api, call, request, response);
    } catch (error) {
      sendError(response, call, error);
    }
  };
  const server = createServer({ key: options.tls.key, cert: `${options.tls.cert}\n${options.caPem}` }, answer);
  server.on('upgrade', (request, socket, head) => {
    const call = callOf(request);
    try {
      authenticate(api, call);
      portForward(api, call, request, socket, head);
      record(call, request, 101);
    } catch (error) {
      record(call, request, refuseUpgrade(socket, error));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      closing.abort();
      stopCollecting();
      stopEstablishing();
      api.registry.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A refusal by its words: a Status, or the page of whatever answers in place of the API server. */
function refused({ status, body }: Pick<RefusedCall, 'status' | 'body'>): Error {
  if (typeof body === 'string') return Object.assign(failure(status, '', body), { plainText: body });
  const { reason, message, details } = body as { reason: string; message: string; details?: Record<string, unknown> };
  return failure(status, reason, message, details);
}

function callOf(request: IncomingMessage): Call {
  const url = new URL(request.url ?? '/', 'https://127.0.0.1');
  return {
    method: request.method ?? 'GET',
    // The path as sent: URL would resolve dots in a proxied path.
    path: (request.url ?? '/').split('?')[0] as string,
    query: url.searchParams,
    header: (name) => String(request.headers[name] ?? ''),
    body: Buffer.alloc(0),
    user: '',
    userAgent: request.headers['user-agent'] ?? '',
    warnings: [],
  };
}

/** Sets the user from the bearer token; throws 401 for a bad one. Without one it is the anonymous user. */
function authenticate(api: Api, call: Call): void {
  const header = call.header('authorization');
  if (!header) {
    call.user = ANONYMOUS;
    return;
  }
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  const user = token ? api.userOf(token) : null;
  if (user === null) throw unauthorized();
  call.user = user;
}

function userOf(secret: string, token: string): string | null {
  try {
    return verifyToken(secret, token, Date.now())?.subject ?? null;
  } catch {
    // A payload that is not JSON: not one of ours.
    return null;
  }
}

const tooLong = () => failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT}`);

function sendError(response: ServerResponse, call: Call, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const text = error instanceof Error ? error.message : String(error);
  const known = isStatusError(error) ? error : failure(500, 'InternalError', `Internal error occurred: ${text}`);
  const { status, plainText } = known;
  const code = status.code ?? 500;
  const type = plainText === undefined ? 'application/json' : 'text/plain; charset=utf-8';
  const headers: Record<string, string | string[]> = { 'content-type': type };
  if (call.warnings.length > 0) headers.warning = warningHeader(call.warnings);
  // The rest of a body that was not read would be taken for the next request.
  if (code === 413) headers.connection = 'close';
  response
    .writeHead(code, headers)
    .end(call.method === 'HEAD' ? undefined : (plainText ?? `${JSON.stringify(status)}\n`));
}

/** `pods/NAME/portforward` as a WebSocket or SPDY; the other streams are not here. */
function portForward(api: Api, call: Call, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const address = addressOf(call.path);
  if (address?.subresource !== 'portforward' || !/^(websocket|spdy\/3\.1)$/i.test(call.header('upgrade'))) {
    throw notImplemented('streaming connections other than port-forward (exec, attach)');
  }
  authorize(api, call, verbOf(call.method, address, call.query), address);
  const route = resourceRoute(address, call.path, api.registry);
  const pod = liveObject(api, route);
  if (!pod.spec?.nodeName) throw badRequest(`pod ${route.name} does not have a host assigned`);
  servePortForward(request, socket, head, route.name, (port) => api.podProxy(route.namespace, route.name, port));
}

/** Answers in place of an upgrade; the status. */
function refuseUpgrade(socket: Duplex, error: unknown): number {
  const known = isStatusError(error) ? error : failure(500, 'InternalError', String(error));
  const code = known.status.code ?? 500;
  const body = JSON.stringify(known.status);
  const head = [`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`, 'Content-Type: application/json', 'Connection: close'];
  socket.end(`${head.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return code;
}

function ensureNamespace(store: Store, name: string): void {
  const key = { group: '', plural: 'namespaces' };
  if (store.get(key, undefined, name)) return;
  store.create(key, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name }, creationTimestamp: timestamp() },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
}
