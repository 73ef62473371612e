import { Worker } from 'node:worker_threads';

export interface Responder {
  /** `http://127.0.0.1:41234`. */
  url: string;
  close(): Promise<void>;
}

/**
 * What the thread runs. It is a text, since a bundle has no file of its own for it. It reads a request to its end and answers
 * at once, for less than half of what the request costs the client; otherwise the server would be measured.
 */
const THREAD = String.raw`
const { createServer } = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
const answer = Buffer.from(workerData);
const server = createServer((socket) => {
  let head = '';
  let wanted = -1;
  let got = 0;
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    got += bytes.length;
    if (wanted === -1) {
      head += bytes.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      wanted = end + 4 + Number(/content-length: (\d+)/.exec(head)[1]);
    }
    if (got < wanted) return;
    head = '';
    wanted = -1;
    got = 0;
    socket.write(answer);
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** Starts a server on a loopback port, in a thread of its own, that answers each request with `body`, which is JSON. */
export async function startResponder(body: string): Promise<Responder> {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const worker = new Worker(THREAD, { eval: true, workerData: head + body });
  try {
    const port = await new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    return { url: `http://127.0.0.1:${port}`, close: async () => void (await worker.terminate()) };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}
