import type { ServerResponse } from 'node:http';
import type { Call } from './api.ts';
import type { Format } from './present.ts';
import { encode, presentList, presentOne } from './present.ts';
import type { Resource } from './resources.ts';
import type { Answer } from './verbs.ts';

/** Sends a document as JSON or YAML, with the request's warnings. */
export function sendDocument(response: ServerResponse, call: Call, code: number, body: unknown, yaml = false): void {
  const { type, text } = encode(body, yaml);
  send(response, call, code, type, text);
}

/** Values of the `Warning` header. */
export const warningHeader = (warnings: string[]): string[] => warnings.map((text) => `299 - ${JSON.stringify(text)}`);

export function send(response: ServerResponse, call: Call, code: number, type: string, text: string): void {
  const payload = Buffer.from(text);
  const headers: Record<string, string | string[] | number> = {
    'content-type': type,
    'content-length': payload.length,
    'cache-control': 'no-cache, private',
  };
  if (call.warnings.length > 0) headers.warning = warningHeader(call.warnings);
  response.writeHead(code, headers).end(call.method === 'HEAD' ? undefined : payload);
}

/** Sends what a verb answered in the shape the client accepts. */
export function sendAnswer(
  response: ServerResponse,
  call: Call,
  answer: Answer,
  resource: Resource,
  format: Format,
): void {
  const include = call.query.get('includeObject') ?? 'Metadata';
  let body: unknown;
  if ('object' in answer) body = presentOne(answer.object, resource, format, include);
  else if ('objects' in answer) body = presentList(answer.objects, resource, format, include, answer.metadata);
  else body = answer.document;
  sendDocument(response, call, answer.code, body, format.yaml);
}
