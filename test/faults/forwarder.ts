import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { wholeBody } from '../../lab/whole-body.ts';

/** A reply as it is passed on: of its headers only those that a client acts on. */
export interface Forwarded {
  status: number;
  headers: Record<string, string>;
  text: Buffer;
}

/** An idle connection is closed long before the server behind it would close it, which is after five seconds. */
const IDLE = { keepAlive: true, timeout: 1_000 } as const;

/** Sends requests on, over connections that are kept: a TLS handshake costs more than the request and its answer. */
export function forwarder() {
  const http = new HttpAgent(IDLE);
  const https = new HttpsAgent({ ...IDLE, rejectUnauthorized: false });
  return {
    /** Rejects where no whole reply comes. */
    forward(origin: string, incoming: IncomingMessage, body: Buffer): Promise<Forwarded> {
      const target = new URL(incoming.url ?? '/', origin);
      const { host: _host, connection: _connection, ...headers } = incoming.headers;
      const [send, agent] = target.protocol === 'https:' ? [httpsRequest, https] : [httpRequest, http];
      return new Promise((resolve, reject) => {
        const asking = send(target, { method: incoming.method, headers, agent }, (response) => {
          const { 'content-type': type = 'application/json', 'retry-after': retry } = response.headers;
          const passed = { 'content-type': type, ...(retry ? { 'retry-after': retry } : {}) };
          wholeBody(response).then(
            (text) => resolve({ status: response.statusCode ?? 502, headers: passed, text }),
            reject,
          );
        });
        asking.on('error', reject);
        asking.end(body);
      });
    },
    /** Closes all connections. */
    end() {
      http.destroy();
      https.destroy();
    },
  };
}
