import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers after 20 to 120 ms, in an order that repeats, so that every run meets the same latencies. */
const TOKENS = 16;
const ANSWER = JSON.stringify({
  choices: [{ index: 0, text: 'word '.repeat(TOKENS), finish_reason: 'length' }],
  usage: { prompt_tokens: 64, completion_tokens: TOKENS, total_tokens: 64 + TOKENS },
});
let served = 0;
const server = createServer((request, response) => {
  served += 1;
  const delayMs = 20 + 100 * ((served * 0.618_033_988_75) % 1) ** 2;
  request.resume();
  setTimeout(() => response.setHeader('content-type', 'application/json').end(ANSWER), delayMs);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().once('end', () => process.exit(0));
