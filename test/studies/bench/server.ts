import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The server of the bench, in a process of its own: `/fast` answers at once, `/wait?ms=N` after N milliseconds by its own
 * clock, `/stream?chunks=N&gap=MS` as server-sent events. An answer of `/wait` has as its prompt tokens the microseconds that
 * it took, from the head of the request to the answer. `/v1/completions` and `/v1/models` are for tools that choose no path:
 * 16 tokens, the first after 100 ms and each further one after 10 ms, streamed where that is ordered. `/counters` has how many
 * of these have ended, the sum of those in flight over time, and how many events `/stream` has sent.
 */
const completion = (promptTokens: number) =>
  JSON.stringify({
    id: 'cmpl-bench',
    object: 'text_completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, text: ' '.padEnd(120, 'word '), logprobs: null, finish_reason: 'length', stop_reason: null }],
    usage: {
      ...{ prompt_tokens: promptTokens, completion_tokens: 16, total_tokens: promptTokens + 16 },
      prompt_tokens_details: null,
    },
  });
const COMPLETION = completion(100);
const EVENT = `data: ${JSON.stringify({
  id: 'cmpl-bench',
  object: 'text_completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, text: ' word', logprobs: null, finish_reason: null, stop_reason: null }],
  usage: null,
})}\n\n`;
const LAST = EVENT.replace('"finish_reason":null', '"finish_reason":"length"');
const USAGE = `data: {"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":16}}\n\ndata: [DONE]\n\n`;
const MODELS = JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model', created: 1, owned_by: 'bench' }] });
const TOKENS = 16;
const FIRST_MS = 100;
const GAP_MS = 10;

const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const began = performance.now();
  const wanted = (name: string) => Number(url.searchParams.get(name));
  const json = (text: string) =>
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
  if (url.pathname === '/v1/completions') {
    count(1);
    response.once('close', () => {
      count(-1);
      counters.completed += 1;
    });
    // A tool that breaks off what is in flight ends nobody else's answer.
    return void complete(request, response, json).catch(() => response.destroy());
  }
  request.resume();
  request.on('end', () => {
    if (url.pathname === '/fast') return json(COMPLETION);
    if (url.pathname === '/v1/models') return json(MODELS);
    if (url.pathname === '/counters') {
      count(0);
      return json(JSON.stringify(counters));
    }
    if (url.pathname === '/wait') {
      setTimeout(() => json(completion(Math.round(1_000 * (performance.now() - began)))), wanted('ms'));
      return;
    }
    if (url.pathname === '/stream') return stream(response, { chunks: wanted('chunks'), gapMs: wanted('gap') });
    response.writeHead(404).end();
  });
});

let inFlight = 0;
const counters = { nowMs: performance.now(), completed: 0, inFlightMs: 0, events: 0 };

function count(more: number): void {
  const nowMs = performance.now();
  counters.inFlightMs += inFlight * (nowMs - counters.nowMs);
  counters.nowMs = nowMs;
  inFlight += more;
}

function stream(response: ServerResponse, { chunks, gapMs }: { chunks: number; gapMs: number }): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    counters.events += 1;
    if (sent < chunks) response.write(EVENT);
    else if (sent === chunks) response.write(LAST);
    else {
      clearInterval(timer);
      response.end(USAGE);
    }
  }, gapMs);
  response.on('close', () => clearInterval(timer));
}

/** As an engine does it, with times by the clock: a timer that is late does not make the next one later. */
async function complete(
  request: IncomingMessage,
  response: ServerResponse,
  json: (text: string) => unknown,
): Promise<void> {
  const began = performance.now();
  const until = (ms: number) => sleep(Math.max(0, began + ms - performance.now()));
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const { stream: isStreamed } = JSON.parse(Buffer.concat(parts).toString()) as { stream?: boolean };
  if (!isStreamed) {
    await until(FIRST_MS + (TOKENS - 1) * GAP_MS);
    return void json(COMPLETION);
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let token = 0; token < TOKENS; token += 1) {
    await until(FIRST_MS + token * GAP_MS);
    response.write(token === TOKENS - 1 ? LAST : EVENT);
  }
  response.end(USAGE);
}

server.listen({ port: 0, host: '127.0.0.1', backlog: 8_192 }, () =>
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`),
);
process.stdin.on('end', () => process.exit(0)).resume();
