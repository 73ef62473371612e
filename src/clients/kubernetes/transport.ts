import { type HttpMethod, KubeConfig, RequestContext, type User } from '@kubernetes/client-node';
import { type Dispatcher, request } from 'undici';
import type { Decoded, Wanted } from '../../lib/decode.ts';
import { errorText, Failure, type FailureStage } from '../../lib/failure.ts';
import { type Clock, deadline, orAbort, retry } from '../../lib/poll.ts';
import { bodyText } from '../body.ts';
import { isOwnNotFound } from './answers.ts';
import { type Answer, badAnswer, decoded, kubeFailure } from './failures.ts';

export interface KubeClientOptions {
  server: string;
  /** Omitted for the DNS endpoint, whose certificate is publicly trusted. */
  caPem: string | null;
  /** Called for every request; with the token that the server refused, so that it is not given again. */
  accessToken: (refused?: string) => Promise<string>;
  fieldManager: string;
  userAgent: string;
  clock: Clock;
  signal: AbortSignal;
  stage: FailureStage;
  requestTimeoutMs?: number;
  onRetry?: (message: string) => void;
}

export interface Body {
  body?: string;
  contentType?: string;
  accept?: string;
  /** How long the request may take, milliseconds; without it the client's own limit holds. */
  limitMs?: number;
}

/** Requests to one API server: a fresh token and a deadline on each, one connection pool, retries where they help. */
export interface KubeTransport {
  /** For the library's own streams. */
  config: KubeConfig;
  /** One request; whatever the server answers is the answer. */
  send(method: HttpMethod, path: string, extra?: Body): Promise<Answer>;
  /**
   * Sends until there is an answer: network errors, 429 and 5xx are retried, since every verb used here is idempotent.
   * A status of 300 or more that is not in `accepted` is a Failure that says `what`.
   */
  call(what: string, attempt: () => Promise<Answer>, accepted: number[]): Promise<Answer>;
  /**
   * Like `call`, with the body decoded as what is wanted; any other body counts as a fault that may pass. Returns the answer
   * itself for a status in `accepted`.
   */
  ask<T>(what: string, attempt: () => Promise<Answer>, wanted: Wanted<T>, accepted?: number[]): Promise<Asked<T>>;
  /** The API server's time, milliseconds since the epoch. */
  serverTime(): number;
  close(): Promise<void>;
}

/** What was asked for, or the status in its place that the caller accepts. */
export type Asked<T> = { value: T } | { value: null; refusal: Answer };

const TRIES = 6;
/** A page of 500 objects has some megabytes. */
const MOST_BYTES = 64 * 1024 * 1024;
const PROVIDER = 'gke-access-token';

export function createKubeTransport(options: KubeClientOptions): KubeTransport {
  const { config, close } = pooledConfig();
  /** The server's clock against ours, from the newest answer. */
  let aheadMs = 0;
  /** The last token that the server did not take: the source must not give it again. */
  let refused: string | undefined;
  config.addAuthenticator({
    isAuthProvider: (user: User) => user.authProvider?.name === PROVIDER,
    async applyAuthentication(_user, requestOptions) {
      const token = await options.accessToken(refused);
      requestOptions.headers = { ...requestOptions.headers, Authorization: `Bearer ${token}` };
    },
  });
  config.loadFromOptions({
    clusters: [
      {
        name: 'gke',
        server: options.server,
        ...(options.caPem ? { caData: Buffer.from(options.caPem).toString('base64') } : {}),
      },
    ],
    users: [{ name: 'gate', authProvider: { name: PROVIDER } }],
    contexts: [{ name: 'gate', cluster: 'gke', user: 'gate' }],
    currentContext: 'gate',
  });

  const sendOnce = async (method: HttpMethod, path: string, extra: Body): Promise<Answer & { token: string }> => {
    const context = new RequestContext(`${options.server}${path}`, method);
    await config.applySecurityAuthentication(context);
    const headers = context.getHeaders() as Record<string, string>;
    const dispatcher = context.getDispatcher();
    const signal = deadline(options.signal, extra.limitMs ?? options.requestTimeoutMs ?? 30_000);
    const asking = request(context.getUrl(), {
      method,
      headers: {
        ...headers,
        accept: extra.accept ?? 'application/json',
        'user-agent': options.userAgent,
        ...(extra.contentType ? { 'content-type': extra.contentType } : {}),
      },
      ...(extra.body === undefined ? {} : { body: extra.body }),
      ...(dispatcher ? { dispatcher } : {}),
      signal,
    });
    const response = await orAbort(asking, signal);
    aheadMs = aheadOf(response.headers.date, Date.now()) ?? aheadMs;
    return {
      path,
      status: response.statusCode,
      body: await bodyText(response.body, MOST_BYTES),
      retryAfterMs: retryAfterMs(response.headers['retry-after'], Date.now()),
      token: (headers.Authorization ?? '').replace(/^Bearer /, ''),
    };
  };

  const call: KubeTransport['call'] = async (what, attempt, accepted) => {
    let last: Answer | undefined;
    try {
      return await retry(
        async () => {
          const answer = await attempt();
          last = answer;
          if (answer.status < 300 || accepted.includes(answer.status)) return answer;
          throw kubeFailure(what, answer, options.stage);
        },
        {
          tries: TRIES,
          baseMs: 400,
          clock: options.clock,
          signal: options.signal,
          retryable: (error) => !(error instanceof Failure) || error.evidence.retryable === true,
          minimumDelayMs: () => last?.retryAfterMs ?? 0,
          onRetry: (error, n) => options.onRetry?.(`${retryText(what, error)}; try ${n + 1} of ${TRIES}`),
        },
      );
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof Failure) throw error;
      throw new Failure({
        stage: options.stage,
        code: 'kube-unreachable',
        message: `${what}: the Kubernetes API at ${options.server} did not answer: ${errorText(error)}.`,
        hint: 'If the control plane admits only authorised networks, set "dns-endpoint: true" and allow external traffic to it.',
        cause: error,
        evidence: { retryable: true },
      });
    }
  };

  return {
    config,
    call,
    async ask(what, attempt, wanted, accepted = []) {
      const { stage } = options;
      let good: { value: Decoded<typeof wanted.decode> } | undefined;
      const answer = await call(
        what,
        async () => {
          const given = await attempt();
          if (given.status < 300) good = { value: decoded(what, given, wanted, stage) };
          else if (given.status === 404 && !isOwnNotFound(given)) {
            throw badAnswer(what, wanted.noun, 'it is a 404 that is not its own', stage);
          }
          return given;
        },
        accepted,
      );
      return good ?? { value: null, refusal: answer };
    },
    async send(method, path, extra = {}) {
      const first = await sendOnce(method, path, extra);
      if (first.status !== 401) return first;
      // A token may run out, or be revoked, between its issue and its use: one fresh one is worth a second request.
      refused = first.token;
      return sendOnce(method, path, extra);
    },
    serverTime: () => Date.now() + aheadMs,
    close,
  };
}

/** A Date header (RFC 9110 §6.6.1) counts whole seconds: less than that is agreement. */
const DATE_STEP_MS = 1_000;

/** How far the server's clock is ahead of `nowMs`, milliseconds, from its Date header; null without one. */
export function aheadOf(header: string | string[] | undefined, nowMs: number): number | null {
  const ms = typeof header === 'string' ? Date.parse(header) - nowMs : Number.NaN;
  if (!Number.isFinite(ms)) return null;
  return Math.abs(ms) <= DATE_STEP_MS ? 0 : ms;
}

/** Retry-After in both of its forms (RFC 9110 §10.2.3), in milliseconds from `now`; 0 when there is none to heed. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return 0;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

/** client-node makes a new undici agent (and TLS connection) for every request; one is enough. */
function pooledConfig(): { config: KubeConfig; close: () => Promise<void> } {
  const config = new KubeConfig();
  // Private in the library's types; its exact version is pinned and a test counts connections.
  const create: (...args: unknown[]) => Dispatcher | undefined = Reflect.get(config, 'createDispatcher');
  let dispatcher: Dispatcher | undefined;
  Reflect.set(config, 'createDispatcher', (...args: unknown[]) => {
    dispatcher ??= create.apply(config, args);
    return dispatcher;
  });
  // A graceful close would wait for a connection that is still being made.
  return { config, close: async () => dispatcher?.destroy() };
}

/** Our own failures name the object already. */
function retryText(what: string, error: unknown): string {
  return error instanceof Failure ? error.message : `${what}: ${errorText(error)}`;
}
