import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GatewayRoute, GatewayTable, ServingRecord } from '../protocol.ts';
import type { ServingFaults } from '../scenarios/types.ts';
import { type Choice, createBackends, type PodView } from './backends.ts';
import { onBody } from './body.ts';
import { startEnvoyAdmin } from './envoy-admin.ts';
import type { Random } from './random.ts';
import { createRouter, type Router } from './routing.ts';
import { CONNECTION_REFUSED, createUpstreams, envoyReply, passedOn } from './upstream.ts';

/** Gateway API Inference Extension, `x-gateway-destination-endpoint`. */
export const PICKED_HEADER = 'x-gateway-destination-endpoint';

export interface Gateway {
  url: string;
  /** Loopback port of its Envoy's admin listener. */
  adminPort: number;
  /** Replaces the routing table. */
  configure(table: GatewayTable): void;
  record(): ServingRecord['gateway'];
  /** Drops connections to a replica that has stopped. */
  drop(port: number): void;
  close(): Promise<void>;
}

export interface GatewayOptions {
  /** A pod's live state, or undefined when no process serves it. */
  podView: (pod: string) => PodView | undefined;
  picker: ServingFaults['picker'];
  random: Random;
}

/** An Istio ingress gateway's HTTP listener on a free port of 127.0.0.1. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const admin = await startEnvoyAdmin();
  const backends = createBackends({ ...options, admin });
  const upstreams = createUpstreams();
  const counts: Omit<ServingRecord['gateway'], 'loadedMs'> = { requests: 0, byRoute: {} };
  const load = createLoadTime();
  let router: Router = createRouter({ routes: [] });

  const serve = (request: IncomingMessage, response: ServerResponse, route: GatewayRoute, path: string) => {
    counts.byRoute[route.name] = (counts.byRoute[route.name] ?? 0) + 1;
    // A route whose backendRef resolves to nothing answers 500, as Gateway API asks.
    if (!route.backend) return envoyReply(response, 500, '');
    const { backend } = route;
    onBody(request, (body) => {
      const follow = (choice: Choice) => {
        if (choice.kind === 'silent') return;
        if (choice.kind === 'picker-failed') return envoyReply(response, 500, '');
        if (choice.kind === 'refused') return envoyReply(response, 400, choice.text, choice.headers);
        if (choice.kind === 'none') return envoyReply(response, 503, 'no healthy upstream');
        if (choice.kind === 'unreachable') return envoyReply(response, 503, CONNECTION_REFUSED, choice.headers);
        response.once('close', choice.done);
        const upstreamRequest = { method: request.method!, path, headers: upstreamHeaders(request, choice), body };
        const { port, count } = choice;
        const headers = [...choice.headers, ...(route.setHeaders ?? [])];
        const retry = () => {
          choice.done();
          const next = choice.next();
          if (next.kind === 'endpoint') follow(next);
          return next.kind === 'endpoint';
        };
        upstreams.forward({ port, tls: backend.tls, count, retry }, upstreamRequest, response, headers);
      };
      follow(backends.choose(route, backend, body));
    });
  };

  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  server.on('request', (request, response) => {
    counts.requests++;
    load.begin();
    response.once('close', load.end);
    if (request.httpVersionMajor === 1 && request.httpVersionMinor === 0) {
      return envoyReply(response, 426, 'Upgrade Required', ['connection', 'close']);
    }
    // Envoy does not announce keep-alive to an HTTP/1.1 client.
    response.removeHeader('connection');
    const match = router(request.url!, request.headers);
    if (match) serve(request, response, match.route, match.path);
    else envoyReply(response, 404, '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    adminPort: admin.port,
    configure: (table) => {
      router = createRouter(table);
      backends.configure(table);
    },
    record: () => ({ requests: counts.requests, byRoute: { ...counts.byRoute }, loadedMs: load.totalMs() }),
    drop: upstreams.drop,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await upstreams.close();
      await admin.close();
    },
  };
}

/** Adds up the time with at least one request in flight. */
function createLoadTime(): { begin(): void; end(): void; totalMs(): number } {
  let inFlight = 0;
  let sinceMs = 0;
  let doneMs = 0;
  return {
    begin() {
      if (inFlight === 0) sinceMs = performance.now();
      inFlight += 1;
    },
    end() {
      inFlight -= 1;
      if (inFlight === 0) doneMs += performance.now() - sinceMs;
    },
    totalMs: () => doneMs + (inFlight > 0 ? performance.now() - sinceMs : 0),
  };
}

function upstreamHeaders(
  request: IncomingMessage,
  { port, picked }: { port: number; picked: boolean },
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    // The length is counted again from the body that was read.
    if (value !== undefined && name !== 'content-length' && name !== 'expect' && passedOn(name)) headers[name] = value;
  }
  // By this the endpoint picker tells Envoy where a request goes.
  if (picked) headers[PICKED_HEADER] = `127.0.0.1:${port}`;
  headers['x-request-id'] ??= randomUUID();
  headers['x-forwarded-proto'] = 'http';
  headers['x-forwarded-for'] = request.socket.remoteAddress ?? '';
  return headers;
}
