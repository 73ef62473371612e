import {
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { KubeObject } from '../protocol.ts';
import type { Api, Call } from './api.ts';
import type { ResourceRoute } from './routes.ts';
import { selects } from './selectors.ts';
import { badRequest, notImplemented, unavailable } from './status.ts';
import type { JsonObject } from './types.ts';
import { liveObject } from './verbs.ts';

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-authenticate', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

interface Target {
  scheme: string;
  host: string;
  port: number;
  /** What the client believes it talks to, for messages. */
  shown: string;
}

/**
 * `pods/[scheme:]NAME[:port]/proxy/…` and the same for services: the request goes to the pod as it is, without the
 * client's credentials, over TLS that is not verified, as the API server does it. A failure to connect or to speak the
 * scheme is a 503 Status.
 */
export async function proxy(
  api: Api,
  call: Call,
  route: ResourceRoute,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = route.resource.kind === 'Service' ? serviceTarget(api, route) : podTarget(api, route);
  const query = incoming.url?.includes('?') ? incoming.url.slice(incoming.url.indexOf('?')) : '';
  if (route.rest === '') {
    response.writeHead(301, { location: `${call.path}/${query}` }).end();
    return;
  }
  const options = {
    host: target.host,
    port: target.port,
    method: call.method,
    path: route.rest + query,
    headers: forwarded(incoming, target),
    rejectUnauthorized: false,
    agent: false as const,
  };
  const upstream = target.scheme === 'https' ? httpsRequest(options) : httpRequest(options);
  response.on('close', () => upstream.destroy());
  const answer = await answerOf(upstream, call.body, target);
  response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
  answer.pipe(response);
  answer.on('error', () => response.destroy());
}

function answerOf(upstream: ClientRequest, body: Buffer, target: Target): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    upstream.on('response', resolve);
    upstream.on('error', (error: NodeJS.ErrnoException) =>
      reject(unavailable(`error trying to reach service: ${reasonOf(error, target)}`)),
    );
    upstream.end(body);
  });
}

/** The Go HTTP client's words for the failures that a user of the proxy meets. */
function reasonOf(error: NodeJS.ErrnoException, target: Target): string {
  if (error.code === 'ECONNREFUSED') return `dial tcp ${target.shown}: connect: connection refused`;
  if (error.code === 'ECONNRESET')
    return target.scheme === 'http' ? 'EOF' : `read tcp ${target.shown}: read: connection reset by peer`;
  // OpenSSL says so when the answer to its ClientHello is not TLS.
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|wrong version number/i.test(`${error.code} ${error.message}`)) {
    return 'http: server gave HTTP response to HTTPS client';
  }
  return error.message;
}

function podTarget(api: Api, route: ResourceRoute): Target {
  const { scheme, name, port } = splitName(route.name, 'pod');
  const pod = liveObject(api, { ...route, name });
  const number = port === '' ? firstPort(pod) : Number(port);
  if (!Number.isInteger(number) || number < 1) throw badRequest(`invalid pod request "${route.name}"`);
  return reach(api, scheme, pod, number);
}

function serviceTarget(api: Api, route: ResourceRoute): Target {
  const { scheme, name, port } = splitName(route.name, 'service');
  const service = liveObject(api, { ...route, name });
  const ports: JsonObject[] = service.spec?.ports ?? [];
  const found =
    port === '' && ports.length === 1
      ? ports[0]
      : ports.find((each) => each.name === port || String(each.port) === port);
  if (!found) throw unavailable(`no service port "${port}" found for service "${name}"`);
  const selector = service.spec?.selector;
  const pods = api.store.list({ group: '', plural: 'pods' }, route.namespace);
  const pod = pods.find(
    (each) => selector && selects({ matchLabels: selector }, each.metadata.labels) && isReady(each),
  );
  if (!pod) throw unavailable(`no endpoints available for service "${route.name}"`);
  return reach(api, scheme, pod, targetPort(pod, found));
}

function reach(api: Api, scheme: string, pod: KubeObject, port: number): Target {
  const { namespace, name } = pod.metadata;
  const ip = pod.status?.podIP;
  if (!ip) throw badRequest('address not allowed');
  const shown = `${ip}:${port}`;
  const target = api.podProxy(namespace ?? '', name, port);
  if (!target) throw unavailable(`error trying to reach service: dial tcp ${shown}: connect: connection refused`);
  return { scheme, ...target, shown };
}

function splitName(text: string, kind: string): { scheme: string; name: string; port: string } {
  const parts = text.split(':');
  if (parts.length === 1) return { scheme: 'http', name: text, port: '' };
  if (parts.length === 2) return { scheme: 'http', name: parts[0] as string, port: parts[1] as string };
  const [scheme = '', name = '', port = ''] = parts;
  if (parts.length > 3 || !['', 'http', 'https'].includes(scheme))
    throw badRequest(`invalid ${kind} request "${text}"`);
  return { scheme: scheme || 'http', name, port };
}

function firstPort({ spec }: KubeObject): number {
  const containers: JsonObject[] = spec?.containers ?? [];
  // The scheme's own port is the fallback, as without a port in a URL.
  return containers.flatMap((each) => each.ports ?? [])[0]?.containerPort ?? 80;
}

function targetPort({ spec }: KubeObject, { port, targetPort: target = port }: JsonObject): number {
  if (typeof target === 'number') return target;
  const ports: JsonObject[] = (spec?.containers ?? []).flatMap((each: JsonObject) => each.ports ?? []);
  const found = ports.find((each) => each.name === target);
  if (!found) throw notImplemented(`a target port named "${target}" that no container declares`);
  return found.containerPort;
}

function isReady({ status }: KubeObject): boolean {
  return (status?.conditions ?? []).some((each: JsonObject) => each.type === 'Ready' && each.status === 'True');
}

function forwarded({ headers, socket }: IncomingMessage, target: Target): IncomingHttpHeaders {
  const kept = endToEnd(headers);
  delete kept.authorization;
  return { ...kept, host: target.shown, 'x-forwarded-for': socket.remoteAddress ?? '127.0.0.1' };
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
}
