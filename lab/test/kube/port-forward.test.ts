import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { createDeflate, createInflate, constants as zlib } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SPDY_DICTIONARY } from '../../kube/spdy-dictionary.ts';
import { type Lab, podObject, startLab } from './lab.ts';

const PATH = '/api/v1/namespaces/default/pods/p/portforward';
const backend = createServer((socket) => {
  socket.on('data', (data) => socket.end(`got ${data}`));
});
let lab: Lab;
beforeAll(async () => {
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  lab = await startLab({
    podProxy: (_namespace, _pod, port) =>
      port === 8000 ? { host: '127.0.0.1', port: (backend.address() as AddressInfo).port } : null,
  });
  const spec = { nodeName: 'n1', containers: [{ name: 'main', image: 'i' }] };
  lab.store.create({ group: '', plural: 'pods' }, podObject('p', { spec }));
});
afterAll(async () => {
  await lab.close();
  backend.close();
});

/** The head of the answer to an upgrade, and the connection behind it. */
async function upgrade(headers: Record<string, string>, method = 'POST'): Promise<{ head: string; wire: Duplex }> {
  const [host, port] = lab.endpoint.split(':') as [string, string];
  const wire = connect({ host, port: Number(port), ca: lab.caPem });
  const lines = Object.entries({ host: lab.endpoint, authorization: `Bearer ${lab.token}`, ...headers });
  wire.write(`${method} ${PATH} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  let head = '';
  while (!head.includes('\r\n\r\n')) {
    const [chunk] = (await once(wire, 'readable').then(() => [wire.read() as Buffer | null])) ?? [];
    head += chunk ?? '';
  }
  return { head, wire };
}

/** A WebSocket whose messages are one stream of bytes; by hand, since `ws` takes no protocol with a slash in its name. */
async function tunnel(): Promise<Duplex> {
  const { head, wire } = await upgrade(
    {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io,v4.channel.k8s.io',
    },
    'GET',
  );
  expect(head).toMatch(/^HTTP\/1\.1 101 .*Sec-WebSocket-Protocol: SPDY\/3\.1\+portforward\.k8s\.io\r\n/s);
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      // One binary message, masked with zeros.
      wire.write(Buffer.concat([Buffer.from([0x82, 0x80 | chunk.length, 0, 0, 0, 0]), chunk]), () => done());
    },
    destroy(_error, done) {
      wire.destroy();
      done(null);
    },
  });
  let pending: Buffer = Buffer.alloc(0);
  wire.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const short = (pending[1] ?? 0) & 0x7f;
      const [begin, length] = short === 126 ? [4, pending.length < 4 ? 0 : pending.readUInt16BE(2)] : [2, short];
      if (pending.length < begin + length || pending.length < 2) return;
      if (((pending[0] ?? 0) & 0xf) === 2) stream.push(pending.subarray(begin, begin + length));
      pending = pending.subarray(begin + length);
    }
  });
  return stream;
}

const words = (...numbers: number[]) => Buffer.from(numbers.flatMap((n) => [n >>> 24, n >>> 16, n >>> 8, n]));

/** A client of SPDY/3.1 that opens one pair of streams, sends a line and collects what comes. */
async function ask(
  wire: Duplex,
  port: number,
  line: string,
): Promise<{ data: string; error: string; replies: number }> {
  const deflate = createDeflate({ dictionary: SPDY_DICTIONARY, flush: zlib.Z_SYNC_FLUSH });
  const compress = async (headers: Record<string, string>) => {
    const texts = Object.entries(headers).flat();
    const block = Buffer.concat([words(texts.length / 2), ...texts.flatMap((t) => [words(t.length), Buffer.from(t)])]);
    await new Promise<void>((done) => deflate.write(block, () => done()));
    return deflate.read() as Buffer;
  };
  const open = async (id: number, flags: number, streamtype: string) => {
    const block = await compress({ streamtype, port: String(port), requestid: '0' });
    const body = Buffer.concat([words(id, 0), Buffer.alloc(2), block]);
    wire.write(Buffer.concat([words(0x80030001, (flags << 24) | body.length), body]));
  };
  const got = { data: '', error: '', replies: 0 };
  const inflate = createInflate({ dictionary: SPDY_DICTIONARY, flush: zlib.Z_SYNC_FLUSH });
  let pending: Buffer = Buffer.alloc(0);
  let ended = 0;
  const onFrame = (first: number, flags: number, body: Buffer) => {
    if (first === 0x80030002) inflate.write(body.subarray(4), () => (got.replies += inflate.read()?.length / 4));
    if (first === 0x80030003) ended += 1;
    if (first === 1) got.error += body;
    if (first === 3) got.data += body;
    if (first < 0x80000000 && flags & 1) ended += 1;
  };
  wire.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 8 && pending.length >= 8 + (pending.readUInt32BE(4) & 0xffffff)) {
      const length = pending.readUInt32BE(4) & 0xffffff;
      onFrame(pending.readUInt32BE(), pending.readUInt8(4), pending.subarray(8, 8 + length));
      pending = pending.subarray(8 + length);
    }
  });
  await open(1, 1, 'error');
  await open(3, 0, 'data');
  wire.write(Buffer.concat([words(3, line.length), Buffer.from(line)]));
  await vi.waitUntil(() => ended === 2, { timeout: 10_000 });
  wire.destroy();
  return got;
}

const SPDY = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'portforward.k8s.io' };

describe('port-forward', () => {
  it('serves SPDY', async () => {
    const { head, wire } = await upgrade(SPDY);
    expect(head).toMatch(/^HTTP\/1\.1 101 .*Upgrade: SPDY\/3\.1\r\nX-Stream-Protocol-Version: portforward\.k8s\.io/s);
    expect(await ask(wire, 8000, 'hello')).toEqual({ data: 'got hello', error: '', replies: 2 });
  });

  it('serves SPDY in a WebSocket', async () => {
    expect(await ask(await tunnel(), 8000, 'hello')).toEqual({ data: 'got hello', error: '', replies: 2 });
  });

  it('says on the error stream that nothing listens', async () => {
    const { error, data } = await ask(await tunnel(), 1, 'hello');
    expect(error).toBe(
      'error forwarding port 1 to pod p: failed to connect to localhost:1 inside namespace: connection refused',
    );
    expect(data).toBe('');
  });

  it('refuses another protocol, and an upgrade to anything else', async () => {
    const other = await upgrade({ ...SPDY, 'x-stream-protocol-version': 'v9.k8s.io' });
    expect(other.head).toMatch(/^HTTP\/1\.1 403 /);
    other.wire.destroy();
    const h2c = await upgrade({ ...SPDY, upgrade: 'h2c' });
    expect(h2c.head).toMatch(/^HTTP\/1\.1 501 /);
    h2c.wire.destroy();
  });
});
