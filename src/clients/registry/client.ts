import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { fromJson, list, some, text } from '../../lib/decode.ts';
import { errorText } from '../../lib/failure.ts';
import { deadline, orAbort } from '../../lib/poll.ts';
import { redactSecrets } from '../../lib/redact.ts';
import type { Refusal } from '../../lib/refusal.ts';
import { bodyText } from '../body.ts';
import { bearerChallenge, type Challenge } from './challenge.ts';
import { mayBeAsked, publicLookup } from './public-hosts.ts';
import { type ImageReference, isDigestText, registryOrigin } from './reference.ts';

/** What a registry says of an image. */
export type ImageAnswer =
  /** `digest` of what the reference means now; null where the registry did not name it. */
  | { is: 'there'; digest: string | null }
  /** The registry refused an anonymous reader; a table says what that means. */
  | { is: 'refused'; refusal: Refusal }
  /** Nobody was asked, or nobody replied. */
  | { is: 'unseen'; why: string };

/** Whether images exist, by what an anonymous reader is shown. */
export interface RegistryClient {
  lookUp(image: ImageReference): Promise<ImageAnswer>;
  close(): Promise<void>;
}

export interface RegistryClientOptions {
  signal: AbortSignal;
  userAgent: string;
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY are taken from here. */
  env: Readonly<Record<string, string | undefined>>;
  /** A pull-through mirror to ask in place of every registry, as containerd does, with the registry in `?ns=`. */
  mirror: URL | null;
  /** For all requests about one image, milliseconds. */
  limitMs?: number;
}

interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** What a registry may send as a manifest: of images for one and for several platforms. */
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const MOST_BYTES = 64 * 1024;
const LIMIT_MS = 4_000;
const MOST_REDIRECTS = 2;

/**
 * Asks registries for manifests as an anonymous reader does (OCI distribution 1.1: HEAD of the manifest, a token from the
 * realm of the 401). It has no credentials and sends none. References come from manifests, and realms and redirects from
 * registries: only https names of the internet are asked, at public addresses, unless `mirror` itself is meant. Where a
 * proxy is set, the proxy resolves the names, and its own rules hold.
 */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { env, mirror } = options;
  const outside = outsideDispatcher(env);
  const inside = mirror ? new Agent() : null;
  const isMirror = (url: URL) => mirror !== null && url.origin === mirror.origin;

  const send = async (method: 'GET' | 'HEAD', first: URL, signal: AbortSignal, token?: string): Promise<Reply> => {
    let url = first;
    for (let redirects = 0; ; redirects += 1) {
      if (!isMirror(url) && !mayBeAsked(url)) throw new Error(`${hostOf(url)} is not an https name of the internet`);
      const dispatcher = isMirror(url) ? (inside as Dispatcher) : outside;
      const given = await orAbort(
        request(url, {
          method,
          dispatcher,
          signal,
          headers: {
            accept: method === 'HEAD' || token !== undefined ? MANIFESTS : '*/*',
            'user-agent': options.userAgent,
            // A token is for the registry that sent for it, and for nobody that it redirects to.
            ...(token !== undefined && url.origin === first.origin ? { authorization: `Bearer ${token}` } : {}),
          },
        }),
        signal,
      );
      const body = await orAbort(bodyText(given.body, MOST_BYTES), signal);
      const { location } = given.headers;
      const isRedirect = [301, 302, 303, 307, 308].includes(given.statusCode) && typeof location === 'string';
      if (!isRedirect || redirects >= MOST_REDIRECTS || !URL.canParse(location, url.href)) {
        return { status: given.statusCode, headers: given.headers, body };
      }
      url = new URL(location, url.href);
    }
  };

  const anonymousToken = async (challenge: Challenge, signal: AbortSignal): Promise<string | Reply> => {
    const url = new URL(challenge.realm);
    if (challenge.service !== null) url.searchParams.set('service', challenge.service);
    if (challenge.scope !== null) url.searchParams.set('scope', challenge.scope);
    const reply = await send('GET', url, signal);
    return (reply.status === 200 ? tokenIn(reply.body) : null) ?? reply;
  };

  const ask = async (image: ImageReference, signal: AbortSignal): Promise<ImageAnswer> => {
    const url = manifestUrl(image, mirror);
    let token: string | undefined;
    let reply = await send('HEAD', url, signal);
    const challenge = reply.status === 401 ? bearerChallenge(reply.headers['www-authenticate']) : null;
    if (challenge) {
      const given = await anonymousToken(challenge, signal);
      if (typeof given !== 'string') return refused(given.status === 200 ? { ...given, status: 401 } : given);
      token = given;
      reply = await send('HEAD', url, signal, token);
    }
    if (reply.status === 200) return there(reply, image);
    // The reply to a HEAD has no body, and only the body has the reason. Some registries have no HEAD.
    if (reply.status === 404 || reply.status === 405) reply = await send('GET', url, signal, token);
    return reply.status === 200 ? there(reply, image) : refused(reply);
  };

  return {
    async lookUp(image) {
      const signal = deadline(options.signal, options.limitMs ?? LIMIT_MS);
      try {
        return await ask(image, signal);
      } catch (error) {
        options.signal.throwIfAborted();
        if (error instanceof Error && error.name === 'TimeoutError') {
          return { is: 'unseen', why: `it did not reply within ${(options.limitMs ?? LIMIT_MS) / 1_000} s` };
        }
        return { is: 'unseen', why: errorText(error) };
      }
    },
    async close() {
      await Promise.all([outside.destroy(), inside?.destroy()]);
    },
  };
}

/** `docker-content-digest` (OCI distribution 1.1) names the manifest that a tag means. */
function there({ headers }: Reply, { isDigest, version }: ImageReference): ImageAnswer {
  const named = headers['docker-content-digest'];
  const digest = typeof named === 'string' && isDigestText(named) ? named : null;
  return { is: 'there', digest: isDigest ? version : digest };
}

/** Straight to public addresses, or by the proxy of the environment, as Google's clients go. */
function outsideDispatcher(env: RegistryClientOptions['env']): Dispatcher {
  return new EnvHttpProxyAgent({
    connect: { lookup: publicLookup },
    httpsProxy: env.https_proxy ?? env.HTTPS_PROXY ?? env.http_proxy ?? env.HTTP_PROXY ?? '',
    httpProxy: '',
    noProxy: env.no_proxy ?? env.NO_PROXY ?? '',
  });
}

function manifestUrl(image: ImageReference, mirror: URL | null): URL {
  const path = `v2/${image.repository}/manifests/${image.version}`;
  if (!mirror) return new URL(path, registryOrigin(image));
  const url = new URL(path, mirror.href.replace(/\/?$/, '/'));
  url.searchParams.set('ns', image.registry);
  return url;
}

const TOKEN = some({ token: text, access_token: text });

function tokenIn(body: string): string | null {
  try {
    const { token, access_token } = TOKEN(fromJson(body), '');
    const given = token || access_token || '';
    return /^[\w.~+/=:-]+$/.test(given) ? given : null;
  } catch {
    return null;
  }
}

const ERRORS = some({ errors: list(some({ code: text, message: text })) });

/** The errors of a reply, as distribution writes them. A body of anybody else has no reasons. */
function refused({ status, body }: Reply): ImageAnswer {
  let errors: { code?: string; message?: string }[] = [];
  try {
    errors = ERRORS(fromJson(body), '').errors ?? [];
  } catch {
    // A page of a proxy, or nothing.
  }
  const reasons = errors.flatMap(({ code }) => (code ? [code.toUpperCase().slice(0, 60)] : []));
  const words = errors.flatMap(({ message }) => message || []).join('; ');
  return { is: 'refused', refusal: { status, reasons, text: redactSecrets(words.slice(0, 300)) } };
}

const hostOf = (url: URL) => `${url.protocol}//${url.host}`.slice(0, 120);
