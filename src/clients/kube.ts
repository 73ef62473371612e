import { HttpMethod, KubeConfig, RequestContext, type User } from '@kubernetes/client-node';
import { type Dispatcher, request } from 'undici';
import { errorText, Failure, type FailureStage } from '../lib/failure.ts';
import { type Clock, deadline, orAbort, retry } from '../lib/poll.ts';
import { type Answer, kubeFailure } from './kube-failures.ts';
import { describe, type KubeObject, type ObjectRef, refOf } from './objects.ts';
import { getByPortForward, type PodTarget } from './port-forward.ts';

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ApplyOptions {
  dryRun?: boolean;
  /** Take over fields that another manager owns, instead of reporting the conflict. */
  force?: boolean;
}

export interface KubeClient {
  /** `v1.33.4-gke.100`. */
  version(): Promise<string>;
  /** Null when it does not exist, or when its kind is not known to the cluster. */
  get(ref: ObjectRef): Promise<KubeObject | null>;
  /** Null when the kind is not known to the cluster. */
  list(apiVersion: string, kind: string, options?: ListOptions): Promise<KubeObject[] | null>;
  /** Server-side apply with strict field validation. A conflict is a Failure that names field and manager. */
  apply(object: KubeObject, options?: ApplyOptions): Promise<KubeObject>;
  /** JSON merge patch of metadata or spec; null values remove. */
  mergePatch(ref: ObjectRef, patch: unknown): Promise<KubeObject>;
  /** Background deletion. False when it was not there. */
  remove(ref: ObjectRef): Promise<boolean>;
  /** Served versions of an API group, preferred first; empty when the group is absent. */
  versionsOf(group: string): Promise<string[]>;
  logs(namespace: string, pod: string, container: string, tailLines: number): Promise<string>;
  /** GET through the API server's pod proxy. */
  podProxy(namespace: string, pod: string, port: string, path: string): Promise<{ status: number; body: string }>;
  /** GET from a port of a pod by way of its kubelet. */
  portForward(target: PodTarget): Promise<{ status: number; body: string }>;
  close(): Promise<void>;
}

export interface KubeClientOptions {
  server: string;
  /** Omitted for the DNS endpoint, whose certificate is publicly trusted. */
  caPem: string | null;
  /** Called for every request. */
  accessToken: () => Promise<string>;
  fieldManager: string;
  userAgent: string;
  clock: Clock;
  signal: AbortSignal;
  stage: FailureStage;
  requestTimeoutMs?: number;
  onRetry?: (message: string) => void;
}

const PROVIDER = 'gke-access-token';

type Authenticator = Parameters<KubeConfig['addAuthenticator']>[0];

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

interface ApiResource {
  plural: string;
  namespaced: boolean;
}

/** A Kubernetes client of one cluster: fresh token and deadline on every request, one connection pool, cached discovery. */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  const { config, close } = pooledConfig();
  config.addAuthenticator(tokenAuthenticator(options.accessToken));
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
  const discovered = new Map<string, Map<string, ApiResource>>();

  const send = async (
    method: HttpMethod,
    path: string,
    extra: { body?: string; contentType?: string; accept?: string } = {},
  ): Promise<Answer> => {
    const context = new RequestContext(`${options.server}${path}`, method);
    await config.applySecurityAuthentication(context);
    const dispatcher = context.getDispatcher();
    const signal = deadline(options.signal, options.requestTimeoutMs ?? 30_000);
    const asking = request(context.getUrl(), {
      method,
      headers: {
        ...(context.getHeaders() as Record<string, string>),
        accept: extra.accept ?? 'application/json',
        'user-agent': options.userAgent,
        ...(extra.contentType ? { 'content-type': extra.contentType } : {}),
      },
      ...(extra.body === undefined ? {} : { body: extra.body }),
      ...(dispatcher ? { dispatcher } : {}),
      signal,
    });
    const response = await orAbort(asking, signal);
    const retryAfter = Number(response.headers['retry-after']);
    return {
      status: response.statusCode,
      body: await response.body.text(),
      retryAfterMs: Number.isFinite(retryAfter) ? retryAfter * 1_000 : 0,
    };
  };

  /** Retries network errors, 429 and 5xx: every verb used here is idempotent. */
  const call = async (what: string, attempt: () => Promise<Answer>, accepted: number[]): Promise<Answer> => {
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
          tries: 6,
          baseMs: 400,
          clock: options.clock,
          signal: options.signal,
          retryable: (error) => !(error instanceof Failure) || error.evidence.retryable === true,
          minimumDelayMs: () => last?.retryAfterMs ?? 0,
          onRetry: (error, n) => options.onRetry?.(`${retryText(what, error)}; try ${n + 1} of 6`),
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
        blame: 'cluster',
        cause: error,
      });
    }
  };

  const json = (answer: Answer): KubeObject => JSON.parse(answer.body) as KubeObject;

  /** The resource of a kind; a miss asks the cluster again, since a CRD may have been installed meanwhile. */
  const resourceOf = async (apiVersion: string, kind: string): Promise<ApiResource | null> => {
    const known = discovered.get(apiVersion)?.get(kind);
    if (known) return known;
    const answer = await call(`Discovery of ${apiVersion}`, () => send(HttpMethod.GET, apiPath(apiVersion)), [404]);
    if (answer.status === 404) return null;
    const resources = new Map<string, ApiResource>();
    for (const entry of json(answer).resources as { name: string; kind: string; namespaced: boolean }[]) {
      if (!entry.name.includes('/')) resources.set(entry.kind, { plural: entry.name, namespaced: entry.namespaced });
    }
    discovered.set(apiVersion, resources);
    return resources.get(kind) ?? null;
  };

  const objectPath = async (ref: ObjectRef): Promise<string | null> => {
    const resource = await resourceOf(ref.apiVersion, ref.kind);
    return resource && `${collectionPath(ref.apiVersion, resource, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  };

  const requirePath = async (ref: ObjectRef): Promise<string> => {
    const path = await objectPath(ref);
    if (path) return path;
    throw new Failure({
      stage: options.stage,
      code: 'kind-unknown',
      message: `The cluster does not know ${ref.kind} in ${ref.apiVersion} (${describe(ref)}).`,
      hint: 'Install its CustomResourceDefinition, or change the manifest to a version that the cluster serves.',
      blame: 'cluster',
      evidence: { apiVersion: ref.apiVersion, kind: ref.kind },
    });
  };

  return {
    async version() {
      const answer = await call('Kubernetes version', () => send(HttpMethod.GET, '/version'), []);
      return String((JSON.parse(answer.body) as { gitVersion: string }).gitVersion);
    },
    async get(ref) {
      const path = await objectPath(ref);
      if (!path) return null;
      const answer = await call(describe(ref), () => send(HttpMethod.GET, path), [404]);
      return answer.status === 404 ? null : json(answer);
    },
    async list(apiVersion, kind, { namespace, labelSelector, fieldSelector } = {}) {
      const resource = await resourceOf(apiVersion, kind);
      if (!resource) return null;
      const query = new URLSearchParams({
        ...(labelSelector ? { labelSelector } : {}),
        ...(fieldSelector ? { fieldSelector } : {}),
      });
      const path = `${collectionPath(apiVersion, resource, namespace)}?${query}`;
      const answer = await call(`List of ${resource.plural}`, () => send(HttpMethod.GET, path), []);
      const { items } = JSON.parse(answer.body) as { items: KubeObject[] };
      // Items of a list carry neither.
      return items.map((item) => ({ ...item, apiVersion, kind }));
    },
    async apply(object, { dryRun, force } = {}) {
      const ref = refOf(object);
      const path = await requirePath(ref);
      const query = new URLSearchParams({
        fieldManager: options.fieldManager,
        fieldValidation: 'Strict',
        ...(force ? { force: 'true' } : {}),
        ...(dryRun ? { dryRun: 'All' } : {}),
      });
      const answer = await call(
        describe(ref),
        () =>
          send(HttpMethod.PATCH, `${path}?${query}`, {
            body: JSON.stringify(object),
            contentType: 'application/apply-patch+yaml',
          }),
        [],
      );
      return json(answer);
    },
    async mergePatch(ref, patch) {
      const path = await requirePath(ref);
      const query = new URLSearchParams({ fieldManager: options.fieldManager });
      const answer = await call(
        describe(ref),
        () =>
          send(HttpMethod.PATCH, `${path}?${query}`, {
            body: JSON.stringify(patch),
            contentType: 'application/merge-patch+json',
          }),
        [],
      );
      return json(answer);
    },
    async remove(ref) {
      const path = await objectPath(ref);
      if (!path) return false;
      const query = '?propagationPolicy=Background';
      const answer = await call(describe(ref), () => send(HttpMethod.DELETE, path + query), [404]);
      return answer.status !== 404;
    },
    async versionsOf(group) {
      const answer = await call(`API group ${group}`, () => send(HttpMethod.GET, `/apis/${group}`), [404]);
      if (answer.status === 404) return [];
      const { versions, preferredVersion } = JSON.parse(answer.body) as {
        versions: { version: string }[];
        preferredVersion?: { version: string };
      };
      const names = versions.map(({ version }) => version);
      const preferred = preferredVersion?.version;
      return preferred ? [preferred, ...names.filter((name) => name !== preferred)] : names;
    },
    async logs(namespace, pod, container, tailLines) {
      const query = new URLSearchParams({ container, tailLines: String(tailLines) });
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?${query}`;
      // A container that has not started answers 400; that is no reason to fail a diagnosis.
      const answer = await call(
        `Log of ${pod}/${container}`,
        () => send(HttpMethod.GET, path, { accept: '*/*' }),
        [400, 404],
      );
      return answer.status === 200 ? answer.body : '';
    },
    async podProxy(namespace, pod, port, path) {
      const scheme = port.includes(':') ? port : `:${port}`;
      const [protocol, number] = scheme.split(':');
      const target = protocol ? `${protocol}:${pod}:${number}` : `${pod}:${number}`;
      const url = `/api/v1/namespaces/${namespace}/pods/${target}/proxy/${path.replace(/^\//, '')}`;
      const answer = await send(HttpMethod.GET, url, { accept: '*/*' });
      return { status: answer.status, body: answer.body };
    },
    portForward: (target) =>
      getByPortForward(config, target, deadline(options.signal, options.requestTimeoutMs ?? 30_000)),
    close,
  };
}

function apiPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function collectionPath(apiVersion: string, resource: ApiResource, namespace: string | undefined): string {
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${apiPath(apiVersion)}${scope}/${resource.plural}`;
}

function tokenAuthenticator(accessToken: () => Promise<string>): Authenticator {
  return {
    isAuthProvider: (user: User) => user.authProvider?.name === PROVIDER,
    async applyAuthentication(_user, requestOptions) {
      requestOptions.headers = { ...requestOptions.headers, Authorization: `Bearer ${await accessToken()}` };
    },
  };
}

/** Our own failures name the object already. */
function retryText(what: string, error: unknown): string {
  return error instanceof Failure ? error.message : `${what}: ${errorText(error)}`;
}
