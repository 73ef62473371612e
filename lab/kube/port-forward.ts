import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import { servePairs, type Target, TUNNEL_PROTOCOL, upgradeToSpdy } from './port-forward-spdy.ts';

const PROTOCOL = 'v4.channel.k8s.io';

/** Each accepts upgrades only, to its own protocol; there is no listener. */
const upgrades = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
});
const tunnels = new WebSocketServer({ noServer: true, handleProtocols: () => TUNNEL_PROTOCOL });

/**
 * Port-forward in its three forms: SPDY; SPDY in a WebSocket, which is what kubectl asks for first since 1.31; and
 * channels in a WebSocket as a kubelet serves them: for the n-th port channel 2n carries data and 2n+1 the error text,
 * the first frame of each being the port number in little-endian order.
 */
export function servePortForward(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  pod: string,
  target: Target,
): void {
  if (/^spdy\/3\.1$/i.test(request.headers.upgrade ?? '')) {
    upgradeToSpdy(request, socket, head, pod, target);
    return;
  }
  if (protocolsOf(request).includes(TUNNEL_PROTOCOL)) {
    // The slash in its name is not allowed in a token (RFC 6455, section 11.3.4), and `ws` refuses it in a request.
    request.headers['sec-websocket-protocol'] = 'tunnel';
    tunnels.handleUpgrade(request, socket, head, (client) => servePairs(createWebSocketStream(client), pod, target));
    return;
  }
  const query = new URL(request.url ?? '/', 'http://kubelet').searchParams;
  const ports = [...query.getAll('ports'), ...query.getAll('port')].flatMap((text) => text.split(',')).map(Number);
  if (ports.length === 0 || ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535)) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    return;
  }
  upgrades.handleUpgrade(request, socket, head, (client) => {
    const streams = ports.map((port, index) => forward(client, index, port, pod, target));
    client.on('message', (data: Buffer) => streams[(data[0] ?? 255) / 2]?.write(data.subarray(1)));
    const end = () => {
      for (const stream of streams) stream?.destroy();
    };
    client.on('close', end);
    client.on('error', end);
  });
}

function protocolsOf(request: IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
}

function forward(client: WebSocket, index: number, port: number, pod: string, target: Target): Socket | null {
  const send = (channel: number, data: Buffer) => client.send(Buffer.concat([Buffer.from([channel]), data]));
  const number = Buffer.alloc(2);
  number.writeUInt16LE(port);
  send(index * 2, number);
  send(index * 2 + 1, number);
  const fail = (reason: string) => {
    send(index * 2 + 1, Buffer.from(`error forwarding port ${port} to pod ${pod}: ${reason}`));
    client.close();
  };
  const address = target(port);
  if (!address) {
    fail(`failed to connect to localhost:${port} inside namespace: connection refused`);
    return null;
  }
  const stream = connect(address.port, address.host);
  stream.on('data', (data) => send(index * 2, data));
  stream.on('end', () => client.close());
  stream.on('error', (error) => fail(error.message));
  return stream;
}
