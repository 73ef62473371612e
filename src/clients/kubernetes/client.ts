import { HttpMethod } from '@kubernetes/client-node';
import type { Wanted } from '../../lib/decode.ts';
import { deadline } from '../../lib/poll.ts';
import {
  ACCESS_REVIEW,
  type Page,
  RULES_REVIEW,
  SERVER_VERSION,
  theDeletion,
  theObject,
  thePage,
  theSecret,
  USER_REVIEW,
} from './answers.ts';
import { type Absence, createKubeDiscovery } from './discovery.ts';
import { badAnswer, exportedFailure, kubeFailure } from './failures.ts';
import type { ObjectOf } from './kinds.ts';
import { describe, type KubeObject, type ObjectRef, refOf } from './objects.ts';
import { createPodHttp, type PodTarget } from './pod-http.ts';
import { openForward, type PodPort } from './port-forward.ts';
import { type Asked, createKubeTransport, type KubeClientOptions } from './transport.ts';
import { openTunnel, type Tunnel } from './tunnel.ts';

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ApplyOptions {
  dryRun?: boolean;
  /** Take over fields that another manager owns, instead of reporting the conflict. */
  force?: boolean;
  /** Called with whether the object was there before. */
  onExistence?: (existed: boolean) => void;
}

export interface RemoveOptions {
  /** Only the object that was read, not a namesake that has been made since. */
  uid?: string | undefined;
  /** Only in the version that was read. */
  resourceVersion?: string | undefined;
  /** `Foreground`: it stays until its dependants have gone. */
  propagation?: 'Background' | 'Foreground' | 'Orphan';
}

export interface LogBounds {
  tailLines: number;
  limitBytes: number;
  /** Of the container that ended before the one that is there now. */
  previous?: boolean;
}

export interface AccessAttributes {
  verb: string;
  group: string;
  /** Plural. */
  resource: string;
  subresource?: string;
  namespace?: string;
  name?: string;
}

export interface AccessRule {
  verbs: string[];
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
}

export interface KubeClient {
  /**
   * Proves that the API server responds and takes the identity. The answer is kept: it has the kinds of the cluster, which
   * every run needs.
   */
  reach(): Promise<void>;
  /** `v1.33.4-gke.100`. */
  version(): Promise<string>;
  /** Null when it does not exist, or when its kind is not known to the cluster. */
  get<Kind extends string>(ref: ObjectRef<Kind>): Promise<ObjectOf<Kind> | null>;
  /** All of them, page by page. Null when the kind is not known to the cluster. */
  list<Kind extends string>(apiVersion: string, kind: Kind, options?: ListOptions): Promise<ObjectOf<Kind>[] | null>;
  /** Server-side apply with strict field validation. A conflict is a Failure that names field and manager. */
  apply(object: KubeObject, options?: ApplyOptions): Promise<KubeObject>;
  /** Null when an object of that name exists already. */
  create(object: KubeObject): Promise<KubeObject | null>;
  /** Replaces the version that `metadata.resourceVersion` names. Null when that is not the newest any more. */
  replace(object: KubeObject): Promise<KubeObject | null>;
  /** JSON merge patch of metadata or spec; null values remove. */
  mergePatch(ref: ObjectRef, patch: unknown): Promise<KubeObject>;
  /** Deletes an object, its dependants in the background unless told otherwise. False when it was not there. */
  remove(ref: ObjectRef, options?: RemoveOptions): Promise<boolean>;
  /** Whether the cluster has a kind in this version of its group. */
  serves(apiVersion: string, kind: string): Promise<boolean>;
  /** Served versions of an API group, preferred first; empty when the group is absent. */
  versionsOf(group: string, absence?: Absence): Promise<string[]>;
  /** The last lines of a container's log; empty before its first line. */
  logs(namespace: string, pod: string, container: string, bounds: LogBounds): Promise<string>;
  /**
   * What this identity may do in a namespace. An authoriser may allow more than it lists, as GKE's IAM does; what is listed
   * is allowed, as Kubernetes documents of SubjectRulesReviewStatus.
   */
  rulesIn(namespace: string): Promise<AccessRule[]>;
  /** Type and keys of a Secret, never its values; null when it does not exist. */
  secretKeys(namespace: string, name: string): Promise<{ type: string; keys: string[] } | null>;
  /** Whether the API server would let this identity do it. */
  canI(attributes: AccessAttributes): Promise<boolean>;
  /** Whether the API server would let another user do it; to ask needs a right of its own. */
  canUser(user: string, attributes: AccessAttributes): Promise<boolean>;
  /** GET through the API server's pod proxy. */
  podProxy(
    namespace: string,
    pod: string,
    port: string,
    path: string,
    limit?: ReadLimit,
  ): Promise<{ status: number; body: string }>;
  /** GET from a port of a pod by way of its kubelet. */
  portForward(target: PodTarget, limit?: ReadLimit): Promise<{ status: number; body: string }>;
  /**
   * A port of loopback of which each connection leads to the pod that `target` returns at that time, by way of its kubelet.
   * For checks; the caller closes it.
   */
  tunnel(target: () => Promise<PodPort>): Promise<Tunnel>;
  /**
   * The API server's time, milliseconds since the epoch, by its newest answer. Times that several machines compare are
   * taken from here: their own clocks may differ by minutes.
   */
  serverTime(): number;
  close(): Promise<void>;
}

/** How long a read from a pod may take, milliseconds; without it the client's own limit holds. */
export interface ReadLimit {
  limitMs: number;
}

/** Pages of one list at most: GKE has up to 200,000 pods in a cluster. A list without an end is not the API server's. */
const PAGES = 400;

/** Of an apply that made the object, without effect or with one. */
const CREATED = 201;

/** Objects that a list brings at a time: more would keep the API server busy, fewer the connection. */
const PAGE = 500;

/** A Kubernetes client of one cluster: fresh token and deadline on every request, one connection pool, cached discovery. */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  const transport = createKubeTransport(options);
  const { send, call, ask, config } = transport;
  const paths = createKubeDiscovery(transport, options);
  const pods = createPodHttp(config, options.signal);
  const { fieldManager } = options;
  const read = <T>(what: string, path: string, wanted: Wanted<T>, accepted?: number[]) =>
    ask(what, () => send(HttpMethod.GET, path), wanted, accepted);
  /** A review of rights: it is created, and comes with its status. */
  const review = async <T>(what: string, kind: string, spec: unknown, wanted: Wanted<T>): Promise<T> => {
    const body = JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind, spec });
    const path = `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`;
    const extra = { body, contentType: 'application/json' };
    return must(await ask(what, () => send(HttpMethod.POST, path, extra), wanted));
  };
  const write = async (
    ref: ObjectRef,
    query: Record<string, string>,
    body: unknown,
    contentType: string,
    onExistence: ApplyOptions['onExistence'] = () => {},
  ): Promise<KubeObject> => {
    const path = `${await paths.require(ref)}?${new URLSearchParams({ fieldManager, ...query })}`;
    const text = JSON.stringify(body);
    let status = 0;
    const attempt = async () => {
      const given = await send(HttpMethod.PATCH, path, { body: text, contentType });
      status = given.status;
      return given;
    };
    const object = must(await ask(describe(ref), attempt, theObject(ref, { stored: query.dryRun === undefined })));
    onExistence(status !== CREATED);
    return object;
  };

  /** A write that somebody else's may beat. After a lost answer a second try meets the first: read, and see whose it is. */
  const unlessConflict = async (
    ref: ObjectRef,
    method: HttpMethod,
    path: string,
    object: KubeObject,
  ): Promise<KubeObject | null> => {
    const query = new URLSearchParams({ fieldManager, fieldValidation: 'Strict' });
    const extra = { body: JSON.stringify(object), contentType: 'application/json' };
    const attempt = () => send(method, `${path}?${query}`, extra);
    const asked = await ask(describe(ref), attempt, theObject(ref), [404, 409]);
    if (!('refusal' in asked)) return asked.value;
    const refused = kubeFailure(describe(ref), asked.refusal, options.stage);
    if (refused.code === 'kube-answer') throw refused;
    if (refused.code === 'namespace-missing') throw refused;
    return null;
  };

  /** The list as a whole: its pages end with 410 when the first of them is too old to be continued. */
  const pages = async <T>(
    what: string,
    path: string,
    query: URLSearchParams,
    wanted: Wanted<Page<T>>,
  ): Promise<T[]> => {
    const items: T[] = [];
    const asked = new Set<string>();
    query.set('limit', String(PAGE));
    while (asked.size < PAGES) {
      const { value } = await read(what, `${path}?${query}`, wanted, query.has('continue') ? [410] : []);
      if (!value) {
        items.length = 0;
        query.delete('continue');
        query.delete('limit');
        asked.add('');
        continue;
      }
      // One by one: a page without a limit may have more items than a call may have arguments.
      for (const item of value.items) items.push(item);
      if (value.next === null) return items;
      if (asked.has(value.next)) throw badAnswer(what, wanted.noun, 'it continues where it has been', options.stage);
      asked.add(value.next);
      query.set('continue', value.next);
    }
    throw badAnswer(what, wanted.noun, `it has more than ${PAGES} pages`, options.stage);
  };

  /** As it was when somebody first asked. */
  let version: string | null = null;
  return {
    reach: () => paths.reach(),
    async version() {
      version ??= must(await read('Kubernetes version', '/version', SERVER_VERSION)).gitVersion;
      return version;
    },
    async get<Kind extends string>(ref: ObjectRef<Kind>) {
      const path = await paths.object(ref);
      if (!path) return null;
      return (await read(describe(ref), path, theObject(ref), [404])).value;
    },
    async list<Kind extends string>(
      apiVersion: string,
      kind: Kind,
      { namespace, labelSelector, fieldSelector }: ListOptions = {},
    ) {
      const path = await paths.collection(apiVersion, kind, namespace);
      if (!path) return null;
      const query = new URLSearchParams({
        ...(labelSelector ? { labelSelector } : {}),
        ...(fieldSelector ? { fieldSelector } : {}),
      });
      return pages(`List of ${path.split('/').at(-1)}`, path, query, thePage(apiVersion, kind, namespace));
    },
    apply: (object, { dryRun, force, onExistence } = {}) =>
      write(
        refOf(object),
        { fieldValidation: 'Strict', ...(force ? { force: 'true' } : {}), ...(dryRun ? { dryRun: 'All' } : {}) },
        object,
        'application/apply-patch+yaml',
        onExistence,
      ).catch((error: unknown) => {
        throw exportedFailure(error, object);
      }),
    async create(object) {
      const ref = refOf(object);
      const path = (await paths.require(ref)).replace(/\/[^/]+$/, '');
      return unlessConflict(ref, HttpMethod.POST, path, object);
    },
    async replace(object) {
      const ref = refOf(object);
      return unlessConflict(ref, HttpMethod.PUT, await paths.require(ref), object);
    },
    mergePatch: (ref, patch) => write(ref, {}, patch, 'application/merge-patch+json'),
    async remove(ref, { uid, resourceVersion, propagation = 'Background' } = {}) {
      const path = await paths.object(ref);
      if (!path) return false;
      const body = JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: propagation,
        ...(uid === undefined && resourceVersion === undefined ? {} : { preconditions: { uid, resourceVersion } }),
      });
      const contentType = 'application/json';
      const attempt = async () => {
        const given = await send(HttpMethod.DELETE, path, { body, contentType });
        // Another object bears the name now: the one that was meant has gone.
        const isOther = given.status === 409 && /\b(?:uid|ResourceVersion)\b/i.test(given.body);
        return isOther ? { ...given, status: 404 } : given;
      };
      const asked = await ask(describe(ref), attempt, theDeletion(ref), [404]);
      return !('refusal' in asked);
    },
    serves: async (apiVersion, kind) => (await paths.collection(apiVersion, kind)) !== null,
    versionsOf: (group, absence) => paths.versionsOf(group, absence),
    async rulesIn(namespace) {
      const { status } = await review('Access rules', 'SelfSubjectRulesReview', { namespace }, RULES_REVIEW);
      return status.resourceRules.map(({ resourceNames, ...rule }) => ({
        ...rule,
        ...(resourceNames ? { resourceNames } : {}),
      }));
    },
    async secretKeys(namespace, name) {
      const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
      const { value } = await read(`Secret ${name} in ${namespace}`, path, theSecret(namespace, name), [404]);
      return value && { type: value.type ?? 'Opaque', keys: value.keys };
    },
    async canI(attributes) {
      const spec = { resourceAttributes: attributes };
      return (await review('Access review', 'SelfSubjectAccessReview', spec, ACCESS_REVIEW)).status.allowed;
    },
    async canUser(user, attributes) {
      const spec = { user, groups: ['system:authenticated'], resourceAttributes: attributes };
      return (await review('Access review', 'SubjectAccessReview', spec, USER_REVIEW)).status.allowed;
    },
    async logs(namespace, pod, container, { tailLines, limitBytes, previous }) {
      const query = new URLSearchParams({
        container,
        tailLines: String(tailLines),
        limitBytes: String(limitBytes),
        ...(previous ? { previous: 'true' } : {}),
      });
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?${query}`;
      // A container that has not started answers 400; that is not a reason to fail a diagnosis.
      const answer = await call(
        `Log of ${pod}/${container}`,
        () => send(HttpMethod.GET, path, { accept: '*/*' }),
        [400, 404],
      );
      return answer.status === 200 ? answer.body : '';
    },
    async podProxy(namespace, pod, port, path, limit) {
      const scheme = port.includes(':') ? port : `:${port}`;
      const [protocol, number] = scheme.split(':');
      const target = protocol ? `${protocol}:${pod}:${number}` : `${pod}:${number}`;
      const url = `/api/v1/namespaces/${namespace}/pods/${target}/proxy/${path.replace(/^\//, '')}`;
      const { status, body } = await send(HttpMethod.GET, url, { accept: '*/*', ...limit });
      return { status, body };
    },
    portForward: (target, limit) =>
      pods.get(target, deadline(options.signal, limit?.limitMs ?? options.requestTimeoutMs ?? 30_000)),
    tunnel: (target) =>
      openTunnel(async (gone) => openForward(config, await target(), AbortSignal.any([options.signal, gone]))),
    serverTime: transport.serverTime,
    async close() {
      await Promise.all([pods.close(), transport.close()]);
    },
  };
}

/** What was asked for where no status is accepted in its place. */
function must<T>({ value }: Asked<T>): T {
  return value as T;
}
