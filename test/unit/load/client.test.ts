import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLoadClient, type LoadClient, type LoadClientOptions } from '../../../src/load/client.ts';
import { type Answer, answerAfter, completion, type ModelServer, startModelServer } from './model-server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function serve(answer: Answer): Promise<ModelServer> {
  const server = await startModelServer(answer);
  open.push(server);
  return server;
}

function clientOf(options: Partial<LoadClientOptions> & { baseUrl: string }): LoadClient {
  const client = createLoadClient({
    path: '/v1/completions',
    connections: 2,
    deadlineMs: 2_000,
    expect: { completionTokens: 10 },
    ...options,
  });
  open.push(client);
  return client;
}

const BODY = Buffer.from('{"model":"m","prompt":"hello"}');
const say =
  (status: number, body: string): Answer =>
  (response) =>
    void response.writeHead(status).end(body);

describe('the load client', () => {
  it('reports a valid answer with its tokens and times in order', async () => {
    const extra = { usage: { prompt_tokens: 20, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 16 } } };
    const server = await serve(answerAfter(20, completion(10, extra)));
    const response = await clientOf({ baseUrl: `${server.url}/llm/qwen/`, headers: { host: 'gateway.test' } }).send(
      BODY,
    );
    expect(response).toMatchObject({
      valid: true,
      errorKind: null,
      status: 200,
      promptTokens: 20,
      completionTokens: 10,
      cachedTokens: 16,
      pickerHeader: true,
    });
    expect(response.firstByteMs).toBeGreaterThan(response.sentMs);
    expect(response.endMs).toBeGreaterThanOrEqual(response.firstByteMs as number);
    expect(server.paths).toEqual(['POST /llm/qwen/v1/completions']);
    expect(server.bodies).toEqual([BODY.toString()]);
  });

  it.each([
    ['an error status', say(503, 'no healthy upstream'), 'status', 'HTTP 503: no healthy upstream'],
    ['an error without body', say(426, ''), 'status', 'HTTP 426, empty body'],
    [
      'a page instead of JSON',
      say(200, '<html>welcome</html>'),
      'not-json',
      'HTTP 200 without JSON: <html>welcome</html>',
    ],
    ['JSON that is no completion', say(200, '{"status":"ok"}'), 'no-choices', /without choices\[0\]/],
    ['no choices', say(200, '{"choices":[],"usage":{}}'), 'no-choices', /without choices\[0\]/],
    ['no usage', say(200, '{"choices":[{"text":"a"}]}'), 'no-usage', /without usage/],
    ['null usage', say(200, '{"choices":[{}],"usage":null}'), 'no-usage', /without usage/],
    ['a short answer', say(200, completion(4)), 'wrong-length', '4 output tokens instead of 10'],
    [
      'an error beside a choice',
      say(200, completion(10, { error: { message: 'engine died' } })),
      'error-body',
      /^HTTP 200 with an error: .*engine died/,
    ],
    [
      'an answer that was broken off',
      say(200, completion(10, { choices: [{ index: 0, text: 'a', finish_reason: 'abort' }] })),
      'truncated',
      'the answer ended with finish reason abort',
    ],
    [
      'an answer without an end',
      say(200, completion(10, { choices: [{ index: 0, text: 'a', finish_reason: null }] })),
      'truncated',
      'the answer ended with no finish reason',
    ],
    ['too many requests', say(429, '{"error":"slow down"}'), 'status', /^HTTP 429: .*slow down/],
    ['an empty 200', say(200, ''), 'not-json', 'HTTP 200 without JSON, empty body'],
  ])('does not take %s for an answer', async (_title, answer, kind, text) => {
    const server = await serve(answer);
    const response = await clientOf({ baseUrl: server.url }).send(BODY);
    expect(response).toMatchObject({ valid: false, errorKind: kind });
    expect(response.errorText).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  });

  it('accepts any length when none was ordered', async () => {
    const server = await serve(say(200, completion(4)));
    const client = clientOf({ baseUrl: server.url, expect: { completionTokens: null } });
    expect(await client.send(BODY)).toMatchObject({ valid: true, completionTokens: 4, pickerHeader: false });
  });

  it('keeps its connections and opens no more than allowed', async () => {
    const server = await serve(answerAfter(2));
    const client = clientOf({ baseUrl: server.url });
    for (let i = 0; i < 5; i++) await Promise.all([client.send(BODY), client.send(BODY), client.send(BODY)]);
    expect(server.requests).toBe(15);
    expect(server.connections).toBe(2);
    expect(server.mostInFlight).toBeLessThanOrEqual(2);
  });

  it('gives up at the deadline, also while waiting for a connection', async () => {
    const server = await serve(() => {});
    let now = 0;
    const clock = { now: () => now };
    const client = clientOf({ baseUrl: server.url, connections: 1, deadlineMs: 250, clock });
    const both = Promise.all([client.send(BODY), client.send(BODY)]);
    await vi.waitFor(() => expect(server.requests).toBe(1));
    now = 250;
    expect((await both).map((response) => response.errorKind)).toEqual(['timeout', 'timeout']);
    expect((await both)[0]?.errorText).toBe('no complete answer within 250 ms');
    expect(server.requests).toBe(1);
  });

  it('sends what waits in its turn, without what was given up meanwhile, and fails what is left at the end', async () => {
    const server = await serve(answerAfter(60));
    const client = clientOf({ baseUrl: server.url, connections: 1 });
    const cancel = new AbortController();
    const first = client.send(Buffer.from('{"n":1}'));
    const cancelled = client.send(Buffer.from('{"n":2}'), cancel.signal);
    const third = client.send(Buffer.from('{"n":3}'));
    cancel.abort();
    expect(await cancelled).toMatchObject({ errorKind: 'cancelled' });
    expect(await first).toMatchObject({ valid: true });
    expect(await third).toMatchObject({ valid: true });
    expect(server.bodies).toEqual(['{"n":1}', '{"n":3}']);
    const broken = client.send(BODY);
    const left = client.send(BODY);
    await client.close();
    expect([await broken, await left].map(({ errorKind }) => errorKind)).toEqual(['reset', 'reset']);
    expect(server.connections).toBe(1);
  });

  it('goes on with the same number of connections after answers that broke off', async () => {
    let answers = 0;
    const server = await serve((response, ...rest) => {
      answers += 1;
      if (answers <= 4) response.destroy();
      else answerAfter(1)(response, ...rest);
    });
    const client = clientOf({ baseUrl: server.url, connections: 2 });
    const broken = await Promise.all(Array.from({ length: 4 }, () => client.send(BODY)));
    expect(broken.every(({ errorKind }) => errorKind === 'reset')).toBe(true);
    const fine = await Promise.all(Array.from({ length: 8 }, () => client.send(BODY)));
    expect(fine.every(({ valid }) => valid)).toBe(true);
    expect(server.mostInFlight).toBeLessThanOrEqual(2);
  });

  it('can be cancelled, before and during a request', async () => {
    const controller = new AbortController();
    const server = await serve(() => controller.abort());
    const client = clientOf({ baseUrl: server.url });
    expect(await client.send(BODY, controller.signal)).toMatchObject({ valid: false, errorKind: 'cancelled' });
    expect(await client.send(BODY, controller.signal)).toMatchObject({ errorKind: 'cancelled' });
    expect(server.requests).toBe(1);
  });

  it('tells a refused connection from a broken one', async () => {
    const broken = createServer((socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    const port = (broken.address() as AddressInfo).port;
    const client = clientOf({ baseUrl: `http://127.0.0.1:${port}` });
    expect(await client.send(BODY)).toMatchObject({
      valid: false,
      errorKind: 'reset',
      status: null,
      pickerHeader: null,
    });
    await new Promise<void>((resolve) => broken.close(() => resolve()));
    expect(await client.send(BODY)).toMatchObject({ valid: false, errorKind: 'refused' });
  });

  it('notices an answer that breaks off', async () => {
    const server = await serve((response) => {
      response.writeHead(200, { 'content-length': '500' }).write('{"choices":[');
      setTimeout(() => response.destroy(), 10);
    });
    expect(await clientOf({ baseUrl: server.url }).send(BODY)).toMatchObject({
      valid: false,
      errorKind: 'reset',
      status: 200,
    });
  });

  it('never rejects, even when closed', async () => {
    const server = await serve(answerAfter(1));
    const client = clientOf({ baseUrl: server.url });
    await client.close();
    expect(await client.send(BODY)).toMatchObject({ valid: false, errorKind: 'reset' });
  });
});
