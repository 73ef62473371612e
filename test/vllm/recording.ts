import { Agent, request } from 'undici';
import type { Exchange } from './exchanges.ts';

/** A response as a fixture keeps it: without what differs from run to run. */
export interface Recording {
  status: number;
  /** Those that clients go by. */
  headers: Record<string, string>;
  /** JSON, a text, or the events of a stream in their order. */
  body?: unknown;
  events?: unknown[];
}

const HEADERS = ['content-type', 'transfer-encoding', 'x-request-id', 'server', 'allow'];
const agent = new Agent({ connect: { rejectUnauthorized: false } });

/** Sends the request and returns the response, normalised. */
export async function exchange(baseUrl: string, { method, path, headers, body }: Exchange): Promise<Recording> {
  const sent = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await request(`${baseUrl}${path}`, {
    dispatcher: agent,
    method,
    body: sent,
    headers: sent === null ? {} : { 'content-type': 'application/json', ...headers },
  });
  const text = await answer.body.text();
  const kept = HEADERS.flatMap((name) => (answer.headers[name] ? [[name, String(answer.headers[name])]] : []));
  const recorded = { status: answer.statusCode, headers: Object.fromEntries(kept) };
  if (/^text\/event-stream/.test(recorded.headers['content-type'] ?? '')) {
    return { ...recorded, events: eventsOf(text) };
  }
  return { ...recorded, body: parsed(text) };
}

/** Splits a stream where vLLM does: each event is one line of data and a blank line. Throws for any other framing. */
function eventsOf(text: string): unknown[] {
  return text.split(/(?<=\n\n)/).map((event) => {
    const data = /^data: (.*)\n\n$/.exec(event)?.[1];
    if (data === undefined) throw new Error(`this is no event: ${JSON.stringify(event)}`);
    return data === '[DONE]' ? data : parsed(data);
  });
}

function parsed(text: string): unknown {
  try {
    return normalised(JSON.parse(text));
  } catch {
    return text;
  }
}

/** Identifiers that are drawn become `ID`, and moments become 0. */
function normalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalised);
  if (typeof value === 'string')
    return value.replaceAll(/[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|\b[0-9a-f]{16}\b/g, 'ID');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, key === 'created' ? 0 : normalised(each)]),
  );
}
