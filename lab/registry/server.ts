import { randomBytes } from 'node:crypto';
import { type ApiRequest, bearer, listen, type Reply } from '../google/http.ts';
import type { RegistryRecord } from '../protocol.ts';
import type { ClusterFaults } from '../scenarios/types.ts';

/** Codes of the OCI distribution specification 1.1, in the words of distribution, Docker Hub, GHCR and Quay. */
const WORDS = {
  MANIFEST_UNKNOWN: [404, 'manifest unknown'],
  NAME_UNKNOWN: [404, 'repository name not known to registry'],
  UNAUTHORIZED: [401, 'authentication required'],
  DENIED: [403, 'denied'],
  TOOMANYREQUESTS: [
    429,
    'You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
  ],
  UNAVAILABLE: [503, 'service unavailable'],
} as const;

export type RegistryError = keyof typeof WORDS;

/** How a registry treats a reader without credentials, and what it calls what it does not show. */
interface Registry {
  service: string;
  /** Without credentials: a token for anything, a token for what is public alone, or none at all. */
  tokens: 'any' | 'public' | 'none';
  /** Of a repository that is private or absent, once a token was given. */
  hides: RegistryError;
}

const REGISTRIES: Readonly<Record<string, Registry>> = {
  'docker.io': { service: 'registry.docker.io', tokens: 'any', hides: 'UNAUTHORIZED' },
  'ghcr.io': { service: 'ghcr.io', tokens: 'public', hides: 'DENIED' },
  'quay.io': { service: 'quay.io', tokens: 'any', hides: 'UNAUTHORIZED' },
  'us-docker.pkg.dev': { service: 'us-docker.pkg.dev', tokens: 'any', hides: 'DENIED' },
  'registry.redhat.io': { service: 'docker-registry', tokens: 'none', hides: 'UNAUTHORIZED' },
};
const PLAIN: Registry = { service: 'registry', tokens: 'any', hides: 'NAME_UNKNOWN' };

const MANIFEST = /^\/v2\/(.+)\/manifests\/([^/]+)$/;
/** Repositories that nobody sees without credentials. */
const PRIVATE = /(?:^|\/)private(?:\/|$)/;
/** The repositories of model servers, whose tag is missing where the scenario has it so. */
const MODEL_SERVERS = /vllm/;

/**
 * A pull-through mirror of every registry, asked as containerd asks one: `?ns=` has the registry. Each has the manners of the
 * real one towards a reader without credentials. All repositories but private ones have every tag, but for the scenario's.
 */
export async function startRegistry(
  faults: Pick<ClusterFaults, 'image' | 'registry'>,
): Promise<{ url: string; record: () => RegistryRecord; close(): Promise<void> }> {
  const requests: RegistryRecord['requests'] = [];
  const tokens = new Map<string, string>();
  const listener = await listen((request) => {
    const reply = answer(request);
    requests.push({
      ...{ at: Date.now(), method: request.method, path: request.path, registry: request.query.get('ns') ?? '' },
      ...{ status: reply.status, credentials: !isAnonymous(request, tokens) },
    });
    return reply;
  });

  const answer = (request: ApiRequest): Reply => {
    if (faults.registry === 'silent') return { status: 0, instead: 'hang' };
    if (faults.registry === 'limited') return refusal('TOOMANYREQUESTS');
    if (faults.registry === 'down') return refusal('UNAVAILABLE');
    const name = request.query.get('ns') ?? '';
    const registry = REGISTRIES[name] ?? PLAIN;
    if (request.path === '/token') return grant(request, registry, tokens);
    const [, repository = '', version = ''] = MANIFEST.exec(request.path) ?? [];
    if (repository === '' || !['GET', 'HEAD'].includes(request.method)) return { status: 404 };
    const token = bearer(request);
    if (token === undefined || tokens.get(token) !== repository) {
      const realm = `${listener.url}/token?ns=${name}`;
      const challenge = `Bearer realm="${realm}",service="${registry.service}",scope="repository:${repository}:pull"`;
      return { ...refusal('UNAUTHORIZED'), headers: { 'www-authenticate': challenge } };
    }
    if (PRIVATE.test(repository)) return refusal(registry.hides);
    if (faults.image === 'not-found' && MODEL_SERVERS.test(repository)) return refusal('MANIFEST_UNKNOWN');
    const digest = version.startsWith('sha256:') ? version : `sha256:${'0'.repeat(64)}`;
    const type = 'application/vnd.oci.image.index.v1+json';
    return {
      status: 200,
      headers: { 'content-type': type, 'docker-content-digest': digest },
      body: { schemaVersion: 2, mediaType: type, manifests: [] },
    };
  };
  return { url: listener.url, record: () => ({ requests }), close: listener.close };
}

/** The body of a refusal, as the specification has it. */
export function refusal(code: RegistryError, message: string = WORDS[code][1]): Reply {
  return { status: WORDS[code][0], body: { errors: [{ code, message, detail: null }] } };
}

/** A token for one repository; it is given to readers without credentials alone, since the gate has none to send. */
function grant(request: ApiRequest, { tokens: given }: Registry, known: Map<string, string>): Reply {
  const [, repository = ''] = /^repository:(.+):pull$/.exec(request.query.get('scope') ?? '') ?? [];
  if (given === 'none') return refusal('UNAUTHORIZED');
  if (given === 'public' && PRIVATE.test(repository)) return refusal('DENIED');
  const token = randomBytes(12).toString('hex');
  known.set(token, repository);
  return { status: 200, body: { token, expires_in: 300 } };
}

/** Whether a request has no credentials but a token of this registry. */
function isAnonymous(request: ApiRequest, known: ReadonlyMap<string, string>): boolean {
  const { authorization, cookie } = request.headers;
  const token = bearer(request);
  return cookie === undefined && (authorization === undefined || (token !== undefined && known.has(token)));
}
