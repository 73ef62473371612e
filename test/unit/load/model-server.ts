import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ModelServer {
  url: string;
  /** Requests that have been read to their end. */
  requests: number;
  inFlight: number;
  mostInFlight: number;
  connections: number;
  bodies: string[];
  paths: string[];
  close(): Promise<void>;
}

export type Answer = (response: ServerResponse, index: number, request: IncomingMessage) => void;

/** A completion as vLLM gives it. */
export function completion(tokens = 10, extra: Record<string, unknown> = {}): string {
  return JSON.stringify({
    id: 'cmpl-1',
    choices: [{ index: 0, text: ' and so on', finish_reason: 'length' }],
    usage: { prompt_tokens: 20, completion_tokens: tokens, total_tokens: 20 + tokens },
    ...extra,
  });
}

export function answerAfter(ms: number, body = completion()): Answer {
  return (response) => {
    setTimeout(() => response.writeHead(200, { 'x-went-into-resp-headers': 'true' }).end(body), ms);
  };
}

/** Holds the first `count` requests until all of them are in flight, so that a test need not hope for it. */
export function answerOnceInFlight(count: number, then: Answer): Answer {
  const held: (() => void)[] = [];
  return (response, index, request) => {
    if (index >= count) return then(response, index, request);
    held.push(() => then(response, index, request));
    if (held.length === count) for (const release of held) release();
  };
}

/** An HTTP server on a free loopback port that answers with `answer` and counts. */
export async function startModelServer(answer: Answer): Promise<ModelServer> {
  const http: Server = createServer((request, response) => {
    state.inFlight++;
    state.mostInFlight = Math.max(state.mostInFlight, state.inFlight);
    response.on('close', () => state.inFlight--);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      state.bodies.push(Buffer.concat(chunks).toString());
      state.paths.push(`${request.method} ${request.url}`);
      answer(response, state.requests++, request);
    });
  });
  http.on('connection', () => state.connections++);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const state: ModelServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests: 0,
    inFlight: 0,
    mostInFlight: 0,
    connections: 0,
    bodies: [],
    paths: [],
    close: () =>
      new Promise((resolve) => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
  return state;
}
