import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../ask.ts';
import { isAbort } from '../errors.ts';

let server: Server;

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

describe('a question to another server of the lab', () => {
  it('carries a body, and gives the status and the text of the answer', async () => {
    const url = await serve(async (request, response) => {
      const body = await text(request);
      const type = request.headers['content-type'];
      response.writeHead(422).end([request.method, request.url, type, body].join(' '));
    });
    const answer = await ask(`${url}/a/b`, { method: 'PUT', body: '{"name":"ä"}' });
    expect(answer).toEqual({ ok: false, status: 422, text: 'PUT /a/b application/json {"name":"ä"}' });
    expect(await ask(`${url}/`)).toMatchObject({ text: 'GET /  ' });
  });

  it('ends with its signal', async () => {
    const url = await serve(() => {});
    const stop = new AbortController();
    const asked = ask(url, { signal: stop.signal }).catch((error: unknown) => error);
    stop.abort();
    expect(isAbort(await asked)).toBe(true);
  });

  it('is asked again over a new connection when the server has closed the one that lay idle', async () => {
    const used = new Set<unknown>();
    const url = await serve((request, response) => {
      if (used.has(request.socket)) return request.socket.resetAndDestroy();
      used.add(request.socket);
      response.end(String(used.size));
    });
    expect(await ask(url)).toMatchObject({ ok: true, text: '1' });
    expect(await ask(url)).toMatchObject({ ok: true, text: '2' });
  });

  it('fails where nobody listens', async () => {
    const url = await serve(() => {});
    await new Promise((resolve) => server.close(resolve));
    await expect(ask(url)).rejects.toThrow('ECONNREFUSED');
  });
});
