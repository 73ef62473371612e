/** A program of load clients whose endpoint replies after 50 ms, so that this process gets 640 replies a second from it at most. */
export const SLOW_PROGRAM = `
const { parentPort } = require('node:worker_threads');
const answer = JSON.stringify({
  choices: [{ index: 0, text: 'word', finish_reason: 'length' }],
  usage: { prompt_tokens: 640, completion_tokens: 16, total_tokens: 656 },
});
const server = require('node:http').createServer((request, response) => {
  request.resume();
  request.once('end', () => setTimeout(() => response.end(answer), 50));
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;
