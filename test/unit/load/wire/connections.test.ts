import net, { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLoadClient, type LoadClient, type LoadClientOptions } from '../../../../src/load/client.ts';
import { completion } from '../model-server.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const BODY = Buffer.from('{"model":"m","prompt":"hello"}');
const TEXT = completion(10);
const whole = (fields = '') => `HTTP/1.1 200 OK\r\n${fields}content-length: ${TEXT.length}\r\n\r\n${TEXT}`;

interface Raw {
  url: string;
  connections: number;
  closed: number;
  /** All that came, of all connections. */
  received: string;
}

/** A server of bytes: `answer` is called for each request once its body has come. */
async function serve(answer: (socket: Socket, index: number) => unknown): Promise<Raw> {
  const sockets = new Set<Socket>();
  const raw: Raw = { url: '', connections: 0, closed: 0, received: '' };
  let requests = 0;
  const server: Server = createServer((socket) => {
    raw.connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      raw.closed += 1;
    });
    let text = '';
    socket.on('data', (data: Buffer) => {
      raw.received += data.toString('latin1');
      text += data.toString('latin1');
      const [head = '', body] = text.split('\r\n\r\n');
      if (body === undefined || body.length < Number(/content-length: (\d+)/.exec(head)?.[1])) return;
      text = '';
      answer(socket, requests++);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  raw.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return raw;
}

function clientOf(options: Partial<LoadClientOptions> & { baseUrl: string }): LoadClient {
  const client = createLoadClient({
    ...{ path: '/v1/completions', connections: 1, deadlineMs: 5_000, expect: { completionTokens: 10 } },
    ...options,
  });
  open.push(client);
  return client;
}

describe('a connection of the load client', () => {
  it('carries the request as it is, however long it is', async () => {
    const server = await serve((socket) => socket.write(whole()));
    const client = clientOf({ baseUrl: `${server.url}/base/`, headers: { host: 'gateway.test', 'X-Way': 'one' } });
    for (const length of [1, 16 * 1024, 16 * 1024 + 1, 3_000_000]) {
      server.received = '';
      const body = Buffer.alloc(length, 'abcdefghij');
      expect(await client.send(body)).toMatchObject({ valid: true, bodyBytes: length });
      const [head, sent] = server.received.split('\r\n\r\n');
      expect(head?.split('\r\n')).toEqual([
        'POST /base/v1/completions HTTP/1.1',
        'host: gateway.test',
        'connection: keep-alive',
        'x-way: one',
        'content-type: application/json',
        `content-length: ${length}`,
      ]);
      expect(sent === body.toString()).toBe(true);
    }
    expect(server.connections).toBe(1);
  });

  it.each([
    ['a header with a line end', { headers: { host: 'a\r\nx: y' } }],
    ['a header that has no name', { headers: { '': 'a' } }],
    ['a path with a blank', { path: '/v1 HTTP/1.1' }],
  ])('does not send %s', async (_, options) => {
    const server = await serve((socket) => socket.write(whole()));
    const response = await clientOf({ baseUrl: server.url, ...options }).send(BODY);
    expect(response).toMatchObject({ valid: false, errorKind: 'network', status: null });
    expect(server.received).toBe('');
  });

  it.each([
    ['is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'network', /status line/],
    ['has two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 'network', /two content/],
    ['has no end of its head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}`, 'network', /more than 16384 bytes/],
    ['is longer than any answer', `HTTP/1.1 200 OK\r\n\r\n${'y'.repeat(5_000_000)}`, 'too-large', /4194304 bytes/],
  ])('ends with an answer that %s', async (_, bytes, errorKind, text) => {
    const server = await serve((socket, index) => socket.write(index === 0 ? bytes : whole()));
    const client = clientOf({ baseUrl: server.url });
    const response = await client.send(BODY);
    expect(response).toMatchObject({ valid: false, errorKind });
    expect(response.errorText).toMatch(text);
    expect(await client.send(BODY)).toMatchObject({ valid: true });
    expect(server.connections).toBe(2);
  });

  it.each([
    ['the server announces its end', whole('connection: close\r\n')],
    ['something follows the answer', `${whole()}HTTP/1.1 200 OK\r\n`],
    ['the server keeps it no longer than the way takes', whole('keep-alive: timeout=1\r\n')],
  ])('is not used again when %s', async (_, bytes) => {
    const server = await serve((socket) => socket.write(bytes));
    const client = clientOf({ baseUrl: server.url });
    for (let i = 0; i < 3; i += 1) expect(await client.send(BODY)).toMatchObject({ valid: true });
    expect(server.connections).toBe(3);
  });

  it('is not used again when the server has closed it, or sent what nobody asked for', async () => {
    const server = await serve((socket, index) => {
      socket.write(whole());
      setTimeout(() => (index === 0 ? socket.end() : socket.write('HTTP/1.1 408 Timeout\r\n\r\n')), 10);
    });
    const client = clientOf({ baseUrl: server.url });
    for (let i = 0; i < 3; i += 1) {
      expect(await client.send(BODY)).toMatchObject({ valid: true });
      await vi.waitFor(() => expect(server.closed).toBe(i + 1), { timeout: 4_000 });
    }
    expect(server.connections).toBe(3);
  });

  it('is not used again when it was idle for four seconds', async () => {
    let now = 0;
    const server = await serve((socket) => socket.write(whole()));
    const client = clientOf({ baseUrl: server.url, clock: { now: () => now } });
    for (const after of [0, 3_999, 4_000, 3_000]) {
      now += after;
      expect(await client.send(BODY)).toMatchObject({ valid: true });
    }
    expect(server.connections).toBe(2);
  });

  it('takes an answer that ends with the connection, and none that was cut short', async () => {
    const texts = [
      `HTTP/1.0 200 OK\r\n\r\n${TEXT}`,
      `HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n${TEXT}`,
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${TEXT.length.toString(16)}\r\n${TEXT}\r\n`,
      'HTTP/1.1 200 OK\r\nconten',
      '',
    ];
    const server = await serve((socket, index) => socket.end(texts[index] ?? ''));
    const client = clientOf({ baseUrl: server.url });
    expect(await client.send(BODY)).toMatchObject({ valid: true });
    for (const status of [200, 200, null, null]) {
      expect(await client.send(BODY)).toMatchObject({
        ...{ valid: false, errorKind: 'reset', status },
        errorText: 'the server closed the connection before its answer was complete',
      });
    }
  });

  it('takes an answer that comes before the whole request was read', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 429 Too Many Requests\r\ncontent-length: 9\r\n\r\nslow down');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({
      close: () => {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    });
    const client = clientOf({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    for (let i = 1; i <= 2; i += 1) {
      expect(await client.send(Buffer.alloc(30_000_000, 'x'))).toMatchObject({
        ...{ status: 429, errorKind: 'status', errorText: 'HTTP 429: slow down' },
      });
      // The rest of the first request is still on its way.
      expect(sockets).toHaveLength(i);
    }
  });

  it('has closed once the client has, also where its request was given up before', async () => {
    const connect = vi.spyOn(net, 'connect');
    try {
      const server = await serve(() => {});
      const client = clientOf({ baseUrl: server.url, connections: 8 });
      const stop = new AbortController();
      const answers = Promise.all(Array.from({ length: 8 }, () => client.send(BODY, stop.signal)));
      await vi.waitFor(() => expect(server.received.split(BODY.toString())).toHaveLength(9));
      stop.abort();
      await client.close();
      expect(connect.mock.results.map(({ value }) => (value as Socket).closed)).toEqual(Array(8).fill(true));
      expect((await answers).map(({ errorKind }) => errorKind)).toEqual(Array(8).fill('cancelled'));
    } finally {
      connect.mockRestore();
    }
  });

  it('of many, each has its own request and answer', async () => {
    const server = await serve(async (socket, index) => {
      const text = completion(10, { usage: { prompt_tokens: index, completion_tokens: 10 } });
      const bytes = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
      for (let at = 0; at < bytes.length; at += 40) {
        socket.write(bytes.slice(at, at + 40));
        await sleep(1);
      }
    });
    const client = clientOf({ baseUrl: server.url, connections: 50 });
    const bodies = Array.from({ length: 50 }, (_, index) => Buffer.from(`{"model":"m","n":${1_000 + index}}`));
    const answers = await Promise.all(bodies.map((body) => client.send(body)));
    for (const body of bodies) expect(server.received.split(body.toString())).toHaveLength(2);
    expect(answers.every(({ valid }) => valid)).toBe(true);
    expect(answers.map(({ promptTokens }) => promptTokens).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 50 }, (_, index) => index),
    );
  });
});
