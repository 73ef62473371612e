import { generate } from 'selfsigned';
import { Agent, request } from 'undici';
import type { GatewayBackend, GatewayRoute, ReplicaPort, ServingRecord } from '../../protocol.ts';
import { SCENARIOS, type Scenario } from '../../scenarios/scenarios.ts';
import { startServing } from '../../serving/server.ts';

const ARGS = ['vllm', 'serve', '/mnt/models', '--served-model-name=qwen', '--max-model-len=2048'];

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: responses of any kind, as JSON
  json(): any;
}

/** Starts the serving side with hasty replicas `a`, `b`, `c` in namespace `ns` and KServe's three routes for them. */
export async function startLab(options: { picker?: Scenario['serving']['picker']; timeScale?: number } = {}) {
  const attributes = [{ name: 'commonName', value: 'localhost' }];
  const pem = await generate(attributes, { keyType: 'ec', algorithm: 'sha256' });
  const serving = await startServing({
    timeScale: options.timeScale ?? 400,
    seed: 1,
    scenario: {
      ...SCENARIOS.pass!,
      serving: { ...SCENARIOS.pass!.serving, scaling: 3, picker: options.picker ?? 'prefix' },
    },
    tls: { cert: pem.cert, key: pem.private },
  });
  const agent = new Agent({ connect: { rejectUnauthorized: false }, allowH2: false });

  const call = async (url: string, method: string, body?: unknown, headers = {}): Promise<Answer> => {
    const sent = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
    const asked = { 'content-type': 'application/json', ...headers };
    const answer = await request(url, { dispatcher: agent, method: method as 'GET', body: sent, headers: asked });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, text, json: () => JSON.parse(text) };
  };
  const control = (method: string, path: string, body?: unknown) => call(`${serving.controlUrl}/${path}`, method, body);
  const startPod = async (pod: string, extra: string[] = [], tls = true): Promise<number> => {
    const answer = await control('PUT', `replicas/ns/${pod}`, { args: [...ARGS, ...extra], tls });
    return (answer.json() as ReplicaPort).port;
  };
  const ports: Record<string, number> = {};
  for (const pod of ['a', 'b', 'c']) ports[pod] = await startPod(pod, ['--enable-prompt-tokens-details']);

  const endpoints = (pods: string[]) =>
    pods.map((pod) => ({
      namespace: 'ns',
      pod,
      port: ports[pod] ?? 8000,
      address: `10.8.0.${pod.charCodeAt(0)}:8000`,
    }));
  const picker = {
    cluster: 'outbound|9002||epp.ns.svc.cluster.local',
    address: '10.8.0.2:9002',
    asked: true,
    reachable: true,
    tls: true,
    unready: [],
    servesTls: true,
    failOpen: true,
    scorers: ['prefix-cache-scorer', 'load-aware-scorer'].map((name, i) => ({ name, weight: 2 - i })),
  };
  const pool = (changes: Partial<GatewayBackend> = {}): GatewayBackend => {
    return {
      kind: 'InferencePool',
      name: 'pool',
      cluster: 'outbound|54321||pool-ip.ns.svc.cluster.local',
      tls: true,
      reachable: true,
      endpoints: endpoints(['a', 'b', 'c']),
      picker,
      ...changes,
    };
  };
  const route = (rule: number, path: string, backend: GatewayBackend | null): GatewayRoute => {
    return { name: `ns/route/${rule}`, pathPrefix: `/ns/m${path}`, replacePrefix: path || '/', backend };
  };
  const setRoutes = (routes: GatewayRoute[]) => control('PUT', 'gateway', { routes });
  const service = pool({ kind: 'Service', name: 'svc', picker: null });
  const setPool = (backend: GatewayBackend) =>
    setRoutes([route(0, '/v1/completions', backend), route(1, '/v1/chat/completions', backend), route(2, '', service)]);
  await setPool(pool());

  return {
    ...serving,
    ports,
    call,
    control,
    startPod,
    endpoints,
    picker,
    pool,
    route,
    setRoutes,
    setPool,
    get: (path: string) => call(`${serving.gatewayUrl}${path}`, 'GET'),
    post: (path: string, body?: unknown, headers = {}) => call(`${serving.gatewayUrl}${path}`, 'POST', body, headers),
    complete: (prompt: string, more = {}) =>
      call(`${serving.gatewayUrl}/ns/m/v1/completions`, 'POST', { model: 'qwen', prompt, max_tokens: 10, ...more }),
    record: async () => (await control('GET', 'record')).json() as ServingRecord,
    /** Requests per pod since the last call. */
    shares: (() => {
      let before: Record<string, number> = {};
      return async () => {
        const { replicas } = (await control('GET', 'record')).json() as ServingRecord;
        const now = Object.fromEntries(Object.entries(replicas).map(([pod, { requests }]) => [pod.slice(3), requests]));
        const delta = Object.fromEntries(Object.entries(now).map(([pod, count]) => [pod, count - (before[pod] ?? 0)]));
        before = now;
        return delta;
      };
    })(),
    metrics: (pod: string, tls = true) =>
      call(`${tls ? 'https' : 'http'}://127.0.0.1:${ports[pod]}/metrics`, 'GET').then(({ text }) => text),
    close: async () => {
      await agent.destroy();
      await serving.close();
    },
  };
}

export type Lab = Awaited<ReturnType<typeof startLab>>;

/** Prose of an exact length in characters; different names differ from the first character on. */
export const words = (name: string, characters: number) =>
  `${name} lorem ipsum dolor `.repeat(characters).slice(0, characters);

/** Repeats a question until its answer is yes. */
export async function until(question: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await question())) {
    if (Date.now() > deadline) throw new Error('never came true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
