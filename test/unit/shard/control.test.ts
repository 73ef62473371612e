import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Control, createControl } from '../../../src/shard/control.ts';

type Reply = (response: ServerResponse, request: IncomingMessage) => void;

const LIMIT_MS = 5_000;

let folder: string;
let server: Server;
let control: Control;
/** What the API server does with the next requests, in turn; the last one stays. */
let script: Reply[] = [];
let asked: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'load-account-'));
  for (const name of ['token', 'ca.crt', 'namespace']) writeFileSync(join(folder, name), 'ns');
  asked = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url?.includes('watch=1') ? 'watch' : request.url?.split('/').at(-1)}`);
    request.resume();
    const [reply, ...more] = script;
    if (more.length > 0) script = more;
    reply?.(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  control = createControl({ server: `http://127.0.0.1:${port}`, account: folder, shard: 1 });
});
afterEach(async () => {
  await control.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const map = (plan: string, uid = 'job-1') => ({ metadata: { uid, resourceVersion: '7' }, data: { plan } });
const found =
  (...given: Parameters<typeof map>): Reply =>
  (response) =>
    response.end(JSON.stringify(map(...given)));
const gone: Reply = (response) => response.writeHead(404).end('{"kind":"Status","reason":"NotFound"}');
/** Of a proxy before the API server. */
const elsewhere: Reply = (response) => response.writeHead(404).end('404 page not found');
/** A stream with these events, which then ends. */
const events =
  (...all: { type: string; object: unknown }[]): Reply =>
  (response) =>
    response.end(all.map((event) => `${JSON.stringify(event)}\n`).join(''));
const endless: Reply = (response) => void response.writeHead(200).flushHeaders();

/** What `watch` hands on until it resolves by itself. */
async function watched(): Promise<string[]> {
  const plans: string[] = [];
  const limit = AbortSignal.timeout(LIMIT_MS);
  await control.watch(({ plan = '' }) => plans.push(plan), limit);
  expect(limit.aborted).toBe(false);
  return plans;
}

describe('the plan of a Job', () => {
  it('is over when its deletion is seen', async () => {
    script = [
      found('a'),
      events({ type: 'MODIFIED', object: map('b') }, { type: 'DELETED', object: map('b') }),
      endless,
    ];
    expect(await watched()).toEqual(['a', 'b']);
  });

  it.each<[string, Reply]>([
    ['ended without an event', events()],
    ['ended with "410 Gone"', events({ type: 'ERROR', object: { code: 410 } })],
    ['broke off', (response) => void response.destroy()],
    ['was refused', (response) => response.writeHead(503).end()],
  ])('is over when it is gone after a stream that %s', async (_title, stream) => {
    script = [found('a'), stream, gone];
    expect(await watched()).toEqual(['a']);
  });

  it('is over when a later Job has one of that name, which is not looked at', async () => {
    script = [found('a'), events(), found('of another', 'job-2')];
    expect(await watched()).toEqual(['a']);
  });

  it('is waited for before it is there, and followed through outages', async () => {
    const down: Reply = (response) => void response.destroy();
    script = [gone, down, found('a'), events(), down, elsewhere, found('b'), events({ type: 'DELETED', object: {} })];
    expect(await watched()).toEqual(['a', 'b']);
  });
});

describe('a message to the gate', () => {
  it('is not sent again once there is nobody to read it', async () => {
    script = [gone];
    expect(await control.post({ seq: 1, kind: 'ping', ping: 1 })).toBe(false);
    expect(asked).toEqual(['PATCH tpu-serving-gate-load-reports']);
  });

  it('is sent again after a refusal that passes', async () => {
    script = [(response) => response.writeHead(500).end(), elsewhere, (response) => response.end('{}')];
    expect(await control.post({ seq: 1, kind: 'ping', ping: 1 })).toBe(true);
    expect(asked).toHaveLength(3);
  });
});
