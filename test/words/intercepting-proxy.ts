import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** How a source of models responds to one request. */
export type Source = (request: IncomingMessage, response: ServerResponse) => void;

export interface InterceptingProxy {
  /** For HTTPS_PROXY. */
  url: string;
  /** The authority whose certificates it shows, as a file. */
  authority: string;
  close(): Promise<void>;
}

const HOSTS = ['huggingface.co', 'storage.googleapis.com'];

/**
 * A proxy that ends TLS itself and responds in the place of every host, so that texts hold real addresses and no request
 * leaves the machine. With `refusal` it refuses each CONNECT with that status.
 */
export async function interceptingProxy(folder: string, source: Source, refusal?: string): Promise<InterceptingProxy> {
  const { authority, cert, key } = certificates(folder);
  const inner = createTlsServer({ cert, key }, source);
  const proxy = createServer((_request, response) => response.writeHead(405).end());
  proxy.on('connect', (_request, socket) => {
    socket.on('error', () => {});
    if (refusal) {
      socket.end(`HTTP/1.1 ${refusal}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    inner.emit('connection', socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    authority,
    async close() {
      inner.closeAllConnections();
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

/** An authority and a certificate of it for the sources, made by the machine's own openssl. */
function certificates(folder: string): { authority: string; cert: Buffer; key: Buffer } {
  const [authority, authorityKey, cert, key] = ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  const made = ['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '2'];
  const openssl = (args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  openssl([...made, '-subj', '/CN=Example Corp Inspection CA', '-keyout', authorityKey, '-out', authority]);
  const names = HOSTS.map((host) => `DNS:${host}`).join(',');
  const signed = ['-CA', authority, '-CAkey', authorityKey, '-addext', `subjectAltName=${names}`];
  openssl([...made, ...signed, '-subj', `/CN=${HOSTS[0]}`, '-keyout', key, '-out', cert]);
  return { authority, cert: readFileSync(cert), key: readFileSync(key) };
}
