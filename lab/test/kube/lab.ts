import { generate } from 'selfsigned';
import type { Response } from 'undici';
import { Agent, fetch } from 'undici';
import type { KubeApiOptions } from '../../kube/server.ts';
import { startKubeApi } from '../../kube/server.ts';
import type { Store } from '../../kube/store.ts';
import { createStore } from '../../kube/store.ts';
import type { JsonObject } from '../../kube/types.ts';
import type { KubeObject, KubeRecord, PemPair } from '../../protocol.ts';
import { issueToken } from '../../tokens.ts';

export interface Lab {
  store: Store;
  endpoint: string;
  caPem: string;
  token: string;
  requests: KubeRecord['requests'];
  /** A request with the lab's token; a body that is not text is sent as JSON. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  apply(path: string, object: JsonObject, query?: string): Promise<Answer>;
  open(path: string, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

export interface Answer {
  code: number;
  body: JsonObject;
  text: string;
  headers: Record<string, string>;
}

const SECRET = 'test-secret';

/** A certificate for 127.0.0.1 that is its own authority. */
export async function selfSigned(): Promise<PemPair> {
  const altNames = [
    { type: 2 as const, value: 'localhost' },
    { type: 7 as const, ip: '127.0.0.1' },
  ];
  const extensions = [
    { name: 'basicConstraints' as const, cA: true },
    { name: 'subjectAltName' as const, altNames },
  ];
  const pem = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions,
  });
  return { cert: pem.cert, key: pem.private };
}

/** An API server over an empty store. */
export async function startLab(options: Partial<KubeApiOptions> = {}): Promise<Lab> {
  const tls = await selfSigned();
  const store = options.store ?? createStore();
  const requests: KubeRecord['requests'] = [];
  const api = await startKubeApi({
    tls,
    caPem: tls.cert,
    tokenSecret: SECRET,
    store,
    logs: () => null,
    podProxy: () => null,
    onRequest: (request) => requests.push(request),
    ...options,
  });
  const token = issueToken(SECRET, { subject: 'gate@example.com', expiresAt: Date.now() + 60_000 });
  const dispatcher = new Agent({ connect: { ca: tls.cert } });
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(`https://${api.endpoint}${path}`, {
      method,
      dispatcher,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'user-agent': 'tester/1.0',
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const ask: Lab['ask'] = async (method, path, body, headers) => {
    const response = await send(method, path, body, headers);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return {
      code: response.status,
      text,
      body: isJson && text ? (JSON.parse(text) as JsonObject) : {},
      headers: Object.fromEntries(response.headers),
    };
  };
  return {
    store,
    endpoint: api.endpoint,
    caPem: tls.cert,
    token,
    requests,
    ask,
    apply: (path, object, query = 'fieldManager=gate') =>
      ask('PATCH', `${path}?${query}`, object, { 'content-type': 'application/apply-patch+yaml' }),
    open: (path, headers) => send('GET', path, undefined, headers),
    close: async () => {
      await api.close();
      await dispatcher.destroy();
    },
  };
}

/** Asks until the answer satisfies; the last answer when it never does within five seconds. */
export async function until(ask: () => Promise<Answer>, satisfied: (answer: Answer) => boolean): Promise<Answer> {
  for (let round = 0; ; round += 1) {
    const answer = await ask();
    if (satisfied(answer) || round === 250) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const configMap = (
  name: string,
  data: Record<string, string> = {},
  labels?: Record<string, string>,
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(labels ? { labels } : {}) },
  data,
});

export const podObject = (name: string, more: JsonObject = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'main', image: 'vllm:1', ports: [{ containerPort: 8000 }] }] },
  ...more,
});

/** A definition with a status subresource, a keyed list, a required field, a default and a free-form part. */
export const widgetDefinition = (): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'] },
    versions: ['v1alpha1', 'v1'].map((name) => ({
      name,
      served: true,
      storage: name === 'v1',
      subresources: {
        status: {},
        scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
      },
      additionalPrinterColumns: [
        { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
        { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      ],
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: {
            spec: {
              type: 'object',
              required: ['model'],
              properties: {
                model: { type: 'string', pattern: '^[a-z]+$' },
                replicas: { type: 'integer', minimum: 0, default: 1 },
                mode: { type: 'string', enum: ['fast', 'safe'] },
                parts: {
                  type: 'array',
                  items: {
                    type: 'object',
                    required: ['name'],
                    properties: { name: { type: 'string' }, size: { type: 'integer' } },
                  },
                  'x-kubernetes-list-type': 'map',
                  'x-kubernetes-list-map-keys': ['name'],
                },
                free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              },
            },
            status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      },
    })),
  },
});
