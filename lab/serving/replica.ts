import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { PemPair, ReplicaStart } from '../protocol.ts';
import type { ServingFaults } from '../scenarios/types.ts';
import { onBody } from './body.ts';
import { createBlockPool, tpuBlockSize } from './cache.ts';
import { complete } from './completion.ts';
import { createEngine, type Engine, SERVICE } from './engine.ts';
import { createFaultInjector } from './faults.ts';
import { parseFlags, type VllmFlags } from './flags.ts';
import { PICKED_HEADER } from './gateway.ts';
import { createMetrics } from './metrics.ts';
import { createRandom, hash32 } from './random.ts';
import { type Endpoint, isError, parseRequest } from './request.ts';
import type { WorkClock } from './work-clock.ts';

/** What it is held to, in `test/fixtures/vllm`. */
const VERSION = '0.32.0';

/** Tokens that fit the KV cache of a v6e-4 beside Qwen2.5-3B: 4 × 32 GB × 0.9 less the weights, at 36 KiB per token. */
const KV_CACHE_TOKENS = 2_600_000;

/** By this the gate's requests say where they are to go, to one replica or to all. */
const WAY_HEADER = 'x-tpu-serving-gate-way';
const ALL = '-all';

export interface Replica {
  port: number;
  tls: boolean;
  blockSize: number;
  engine: Engine;
  /** Completion requests received so far, refused ones included. */
  requests(): number;
  close(): Promise<void>;
}

export interface ReplicaOptions extends ReplicaStart {
  /** `namespace/pod`: seeds the replica's own noise. */
  name: string;
  pem: PemPair;
  seed: number;
  clock: WorkClock;
  timeScale: number;
  /** What is wrong with it. */
  faults: ServingFaults;
  /** How fast it works; 1 unless given. */
  speed?: number;
  /** Share of the tasks that it can do; all unless given. */
  skill?: number;
  /** Shared by the replicas of one lab; its own by default. */
  death?: { taken: boolean };
  /** The same of the request that never ends. */
  guest?: { taken: boolean };
}

/** Starts one vLLM process' worth of server, on a free port of 127.0.0.1 unless it is given where to listen. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { clock, tls, pem } = options;
  const { faults } = options;
  const flags = parseFlags(options.args);
  const blockSize = tpuBlockSize(flags.maxModelLen);
  const pool = createBlockPool({
    blockSize,
    // vLLM refuses to start with less room than one longest request.
    blocks: Math.max(
      flags.numBlocks ?? Math.floor(KV_CACHE_TOKENS / blockSize),
      Math.ceil(flags.maxModelLen / blockSize),
    ),
    caching: flags.prefixCaching && faults.caching,
  });
  const startedAt = new Date();
  const modelName = flags.servedModelNames[0]!;
  const metrics = createMetrics({ modelName, startedAt, cacheConfig: pool, counters: faults.counters });
  const random = createRandom(options.seed ^ hash32(options.name));
  // The flag can only lower what the recorded hardware serves at a time.
  const slots = Math.min(SERVICE.slots, flags.maxNumSeqs ?? SERVICE.slots);
  const engine = createEngine({ clock, pool, random, slots, observer: metrics });
  const { promptTokensDetails, reasoning, chatTemplate, maxModelLen } = flags;
  const context = { engine, blockSize, promptTokensDetails, reasoning, buffered: faults.buffered };
  const limits = { modelNames: flags.servedModelNames, maxModelLen, chatTemplate, skill: options.skill ?? 1 };
  const draw = () => Math.floor(random() * 2 ** 32);
  let requests = 0;

  const injector = createFaultInjector({
    faults,
    engine,
    timeScale: options.timeScale,
    death: options.death ?? { taken: false },
    guest: options.guest ?? { taken: false },
  });
  const infer = (endpoint: Endpoint, request: IncomingMessage, response: ServerResponse) => {
    requests++;
    const { [PICKED_HEADER]: picked, [WAY_HEADER]: way = ALL } = request.headers;
    const ofAll = picked !== undefined && String(way).endsWith(ALL);
    const speed = (options.speed ?? 1) * (picked === undefined ? faults.unpickedSpeed : 1);
    if (injector.arrived(requests, ofAll)) die();
    onBody(request, (body) => {
      const wrong = injector.answer(requests);
      if (wrong) return json(response, wrong.status, wrong.body);
      const type = request.headers['content-type'] ?? '';
      const parsed = parseRequest(endpoint, type, body, limits, draw);
      if (isError(parsed)) return json(response, parsed.status, parsed.body);
      injector.whenMoving(ofAll, () =>
        complete(
          injector.context({ ...context, speed }, requests),
          endpoint,
          injector.shortened(parsed, ofAll, requests),
          request,
          response,
        ),
      );
    });
  };
  const scrape = (response: ServerResponse) => {
    const gauges = {
      running: engine.running(),
      waiting: engine.waiting(),
      kvUsage: engine.kvUsage(),
      produced: engine.produced(),
    };
    const body = Buffer.from(metrics.render(gauges));
    response.writeHead(200, {
      'content-type': 'text/plain; version=1.0.0; charset=utf-8',
      'content-length': body.length,
    });
    response.end(body);
  };
  const routes: Record<string, { GET?: Handler; POST?: Handler }> = {
    '/health': { GET: (_, response) => response.writeHead(200, { 'content-length': 0 }).end() },
    '/ping': {
      GET: (_, response) => response.writeHead(200, { 'content-length': 0 }).end(),
      POST: (_, response) => response.writeHead(200, { 'content-length': 0 }).end(),
    },
    '/version': { GET: (_, response) => json(response, 200, { version: VERSION }) },
    '/v1/models': { GET: (_, response) => json(response, 200, modelList(flags, startedAt)) },
    '/metrics': { GET: (_, response) => scrape(response) },
    '/v1/completions': { POST: (request, response) => infer('completions', request, response) },
    '/v1/chat/completions': { POST: (request, response) => infer('chat', request, response) },
  };

  const listener: RequestListener = (request, response) => {
    response.setHeader('server', 'uvicorn');
    const path = request.url!.split('?', 1)[0]!;
    const route = routes[path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path];
    if (!route) return json(response, 404, { detail: 'Not Found' });
    const handler = route[request.method as 'GET' | 'POST'];
    if (handler) return handler(request, response);
    response.setHeader('allow', Object.keys(route).join(', '));
    json(response, 405, { detail: 'Method Not Allowed' });
  };
  // No idle timeout: a gateway that reuses a connection while the server closes it would see errors nobody planned.
  const timeouts = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 };
  const server = tls ? createTlsServer({ ...pem, ...timeouts }, listener) : createServer(timeouts, listener);
  const { host, port } = options.listen ?? { host: '127.0.0.1', port: 0 };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });

  const die = () => {
    server.close();
    server.closeAllConnections();
  };

  return {
    port: (server.address() as AddressInfo).port,
    tls,
    blockSize,
    engine,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        injector.stop();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function json(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

function modelList(flags: VllmFlags, startedAt: Date) {
  const created = Math.floor(startedAt.getTime() / 1_000);
  const allowed = {
    allow_create_engine: false,
    allow_sampling: true,
    allow_logprobs: true,
    allow_search_indices: false,
    allow_view: true,
    allow_fine_tuning: false,
  };
  const permission = { id: `modelperm-${randomUUID().replaceAll('-', '')}`, object: 'model_permission', created };
  return {
    object: 'list',
    data: flags.servedModelNames.map((id) => ({
      id,
      object: 'model',
      created,
      owned_by: 'vllm',
      root: flags.model,
      parent: null,
      max_model_len: flags.maxModelLen,
      permission: [{ ...permission, ...allowed, organization: '*', group: null, is_blocking: false }],
    })),
  };
}
