import { Agent, request } from 'undici';

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind, as JSON
export type Json = any;

export interface User {
  server: string;
  caPem: string;
  token: string;
}

/** An API server to hold to the contract. */
export interface Endpoint {
  /** May do everything. */
  admin: User;
  /** An authenticated user without any role; on the lab, a server of its own that refuses everything. */
  powerless: User & { name: string };
  /** Makes the server forget past changes, so that a watch from one of them has expired. */
  forgetHistory(): Promise<void>;
  isLab: boolean;
  stop(): Promise<void>;
}

export interface Answer {
  code: number;
  type: string;
  body: Json;
  warnings: string[];
}

export interface AskOptions {
  type?: string;
  accept?: string;
  as?: 'admin' | 'powerless' | 'anonymous' | 'forged';
}

export interface WatchEvent {
  type: string;
  object: Json;
}

/** A namespace of its own for one group of cases. */
export interface Place {
  name: string;
  /** Path of a collection: `v1` or `group/version`, and its plural. */
  path(plural: string, version?: string): string;
}

export interface Client {
  endpoint: Endpoint;
  /** A body that is not text is sent as JSON. */
  ask(method: string, path: string, body?: unknown, options?: AskOptions): Promise<Answer>;
  get(path: string, options?: AskOptions): Promise<Answer>;
  apply(path: string, object: Json, query?: string): Promise<Answer>;
  merge(path: string, patch: Json): Promise<Answer>;
  /** Events until `enough` is satisfied or the server ends the watch; a refusal comes as its one Status. */
  watch(path: string, enough: (events: WatchEvent[]) => boolean): Promise<WatchEvent[]>;
  place(): Promise<Place>;
  close(): Promise<void>;
}

export const APPLY = 'application/apply-patch+yaml';
export const MERGE = 'application/merge-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const TABLE = 'application/json;as=Table;g=meta.k8s.io;v=v1';

/** Plain requests, so that nothing of the product's own client stands between the server and the assertion. */
export function connect(endpoint: Endpoint): Client {
  const agents = {
    admin: new Agent({ connect: { ca: endpoint.admin.caPem } }),
    powerless: new Agent({ connect: { ca: endpoint.powerless.caPem } }),
  };
  const send = (method: string, path: string, body: unknown, options: AskOptions) => {
    const { as = 'admin', type = 'application/json', accept = 'application/json' } = options;
    const user = as === 'powerless' ? endpoint.powerless : endpoint.admin;
    const token = as === 'forged' ? 'forged' : user.token;
    return request(`${user.server}${path}`, {
      method: method as 'GET',
      dispatcher: agents[as === 'powerless' ? 'powerless' : 'admin'],
      headers: {
        accept,
        'user-agent': 'contract/1.0',
        ...(as === 'anonymous' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  };
  const ask: Client['ask'] = async (method, path, body, options = {}) => {
    const response = await send(method, path, body, options);
    const text = await response.body.text();
    const type = String(response.headers['content-type'] ?? '');
    const warnings = [response.headers.warning ?? []].flat().flatMap(warningTexts);
    return { code: response.statusCode, type, body: type.includes('json') ? JSON.parse(text) : text, warnings };
  };
  return {
    endpoint,
    ask,
    get: (path, options) => ask('GET', path, undefined, options),
    apply: (path, object, query = 'fieldManager=one') => ask('PATCH', `${path}?${query}`, object, { type: APPLY }),
    merge: (path, patch) => ask('PATCH', path, patch, { type: MERGE }),
    async watch(path, enough) {
      const { body } = await send('GET', path, undefined, {});
      const events: WatchEvent[] = [];
      let rest = '';
      for await (const chunk of body.setEncoding('utf8')) {
        const lines = `${rest}${chunk}`.split('\n');
        rest = lines.pop() ?? '';
        events.push(...lines.map((line) => JSON.parse(line) as WatchEvent));
        // Leaving the loop destroys the body and with it the connection.
        if (enough(events)) break;
      }
      return events;
    },
    async place() {
      const made = await ask('POST', '/api/v1/namespaces', { metadata: { generateName: 'contract-' } });
      const name: string = made.body.metadata.name;
      const path: Place['path'] = (plural, version = 'v1') =>
        `${version.includes('/') ? '/apis' : '/api'}/${version}/namespaces/${name}/${plural}`;
      return { name, path };
    },
    close: async () => {
      await Promise.all(Object.values(agents).map((agent) => agent.destroy()));
    },
  };
}

/** Texts of `299 - "…", 299 - "…"`. */
function warningTexts(header: string): string[] {
  return [...header.matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)].map(([, text = '""']) => JSON.parse(text) as string);
}
