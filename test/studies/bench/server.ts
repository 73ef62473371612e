import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { percentile } from '../../../src/verdict/statistics.ts';

/**
 * The server of the bench, in a process of its own: `/fast` answers at once, `/50ms` after 50 ms by its own clock,
 * `/stream?chunks=N&gap=MS` as server-sent events. `/stats` tells what it took for the requests to `/50ms` so far.
 */
const COMPLETION = JSON.stringify({
  id: 'cmpl-bench',
  object: 'text_completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, text: ' '.padEnd(120, 'word '), logprobs: null, finish_reason: 'length', stop_reason: null }],
  usage: { prompt_tokens: 100, completion_tokens: 16, total_tokens: 116, prompt_tokens_details: null },
});
const EVENT = `data: ${JSON.stringify({
  id: 'cmpl-bench',
  object: 'text_completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, text: ' word', logprobs: null, finish_reason: null, stop_reason: null }],
  usage: null,
})}\n\n`;
const ENDING = `data: {"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":16}}\n\ndata: [DONE]\n\n`;

let took: number[] = [];

const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const began = performance.now();
  request.resume();
  request.on('end', () => {
    const whole = () =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': COMPLETION.length })
        .end(COMPLETION);
    if (url.pathname === '/fast') return whole();
    if (url.pathname === '/50ms') {
      setTimeout(() => {
        took.push(performance.now() - began);
        whole();
      }, 50);
      return;
    }
    if (url.pathname === '/stats') {
      const body = took.length > 0 ? { p50: percentile(took, 0.5), p99: percentile(took, 0.99) } : null;
      took = [];
      return response.end(JSON.stringify(body));
    }
    const chunks = Number(url.searchParams.get('chunks'));
    const gap = Number(url.searchParams.get('gap'));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const timer = setInterval(() => {
      sent += 1;
      if (sent <= chunks) response.write(EVENT);
      else {
        clearInterval(timer);
        response.end(ENDING);
      }
    }, gap);
    response.on('close', () => clearInterval(timer));
  });
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 8_192 }, () =>
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`),
);
process.stdin.on('end', () => process.exit(0)).resume();
