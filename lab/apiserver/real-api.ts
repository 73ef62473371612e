import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { KubeObject } from '../protocol.ts';

export interface RealAnswer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind, as JSON
  body: any;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

/** Requests of the lab's own controllers to a real API server, over kept connections. */
export interface RealApi {
  ask(method: string, path: string, body?: unknown, contentType?: string): Promise<RealAnswer>;
  /** The events of a watch until the server ends it; throws when it is refused. */
  stream(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent>;
  close(): Promise<void>;
}

const TRIES = 20;
const AGAIN_MS = 500;

export function createRealApi(options: { server: string; caPem: string; token: string; agent: string }): RealApi {
  const agent = new Agent({ connect: { ca: options.caPem }, bodyTimeout: 0, headersTimeout: 60_000 });
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${options.token}`,
    'user-agent': options.agent,
  };
  const once = async (method: string, path: string, body: unknown, contentType: string): Promise<RealAnswer> => {
    const response = await request(`${options.server}${path}`, {
      method: method as 'GET',
      dispatcher: agent,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': contentType }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.statusCode, body: parsed(await response.body.text()) };
  };
  return {
    async ask(method, path, body, contentType = 'application/json') {
      for (let n = 1; ; n += 1) {
        const answer = await once(method, path, body, contentType);
        // A definition's collection answers so while its storage is made.
        if (answer.status !== 429 || n === TRIES) return answer;
        await sleep(AGAIN_MS);
      }
    },
    async *stream(path, signal) {
      const response = await request(`${options.server}${path}`, { dispatcher: agent, headers, signal });
      if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}: ${await response.body.text()}`);
      let rest = '';
      response.body.setEncoding('utf8');
      for await (const chunk of response.body as AsyncIterable<string>) {
        const lines = `${rest}${chunk}`.split('\n');
        rest = lines.pop() as string;
        for (const line of lines) yield JSON.parse(line) as WatchEvent;
      }
    },
    close: () => agent.destroy(),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
