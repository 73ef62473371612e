import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loopbackCertificate } from '../../../lab/certs.ts';
import { createLoadClient } from '../../../src/load/client.ts';
import { completion } from './model-server.ts';

let server: ReturnType<typeof createServer>;
const names: string[] = [];
const hosts: (string | undefined)[] = [];
let baseUrl = '';

beforeAll(async () => {
  const pems = await loopbackCertificate('gateway.test');
  server = createServer(
    {
      key: pems.key,
      cert: pems.cert,
      ALPNProtocols: ['h2', 'http/1.1'],
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    },
    (request, response) => {
      hosts.push(request.headers.host);
      response.end(completion(10, { httpVersion: request.httpVersion }));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

it.each([
  [false, { valid: false, errorKind: 'tls' }],
  [true, { valid: true, errorKind: null }],
])('a self-signed gateway with tlsInsecure %s', async (tlsInsecure, expected) => {
  const client = createLoadClient({
    baseUrl,
    path: '/v1/completions',
    connections: 1,
    deadlineMs: 2_000,
    expect: { completionTokens: 10 },
    tlsInsecure,
  });
  expect(await client.send(Buffer.from('{}'))).toMatchObject(expected);
  await client.close();
});

it('a gateway whose route is bound to a host is told of it, by its TLS listener too', async () => {
  const client = createLoadClient({
    baseUrl,
    path: '/v1/completions',
    connections: 1,
    deadlineMs: 2_000,
    expect: { completionTokens: 10 },
    tlsInsecure: true,
    headers: { host: 'llm.example.com' },
  });
  expect(await client.send(Buffer.from('{}'))).toMatchObject({ valid: true });
  expect([names.at(-1), hosts.at(-1)]).toEqual(['llm.example.com', 'llm.example.com']);
  await client.close();
});
