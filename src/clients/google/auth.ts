import { createSign } from 'node:crypto';
import { type AuthClient, GoogleAuth, IdentityPoolClient, OAuth2Client } from 'google-auth-library';
import type { AuthMethod, ServiceAccountKey } from '../../inputs/parsers/identity.ts';
import { Failure } from '../../lib/failure.ts';
import { type Clock, deadline, orAbort, retry } from '../../lib/poll.ts';
import { authFailure, isQuoting, isTransient } from './auth-failure.ts';
import { type GoogleEndpoints, isSafe } from './endpoints.ts';

const SCOPES = [
  'https://www.googleapis.com/auth/cloud-platform',
  // Without it GKE sees a numeric id where RBAC names an e-mail.
  'https://www.googleapis.com/auth/userinfo.email',
];

/**
 * google-auth-library refreshes within its default threshold of 300 s, and a federated token lives 300 s: every call
 * would exchange twice. 60 s keeps one exchange per token. A 401 forces a refresh.
 */
const REFRESH = { eagerRefreshThresholdMillis: 60_000, forceRefreshOnFailure: true };

export interface GcpAuth {
  /** For one Google client; each gets an instance of its own, because gapic changes the one it is given. */
  googleAuth(): Promise<GoogleAuth>;
  /** A valid access token, refreshed when it has less than a minute left, or when it is the one that was `refused`. */
  accessToken(refused?: string): Promise<string>;
  /** How the run is authenticated, for the log: no secrets. */
  describe(): string;
}

export interface GcpAuthOptions {
  method: AuthMethod;
  projectId: string;
  endpoints: GoogleEndpoints;
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  signal: AbortSignal;
  /** For one request to a token endpoint; one that takes longer is tried again. */
  requestTimeoutMs: number;
  /** Told of every secret before it can be printed: keys and each new token. */
  onSecret: (secret: string) => void;
}

/** Credentials for Google APIs and GKE. Nothing is written to disk; no network call happens before the first token. */
export function createGcpAuth(options: GcpAuthOptions): GcpAuth {
  const { method, projectId, onSecret } = options;
  if (method.kind === 'service-account-key') maskKey(method.key, onSecret);

  const newClient = (): AuthClient | null => {
    if (method.kind === 'workload-identity') return workloadIdentityClient(options, method);
    if (method.kind === 'service-account-key') return keyClient(method.key, options);
    return null;
  };
  const newAuth = (): GoogleAuth => {
    const authClient = newClient();
    if (authClient) {
      authClient.on('tokens', (tokens) => tokens.access_token && onSecret(tokens.access_token));
      return new GoogleAuth({ authClient, projectId });
    }
    return new GoogleAuth({ projectId, scopes: SCOPES, clientOptions: REFRESH });
  };
  /** Application default credentials are found on first use; only then can their requests and tokens be watched. */
  const signIn = async (): Promise<GoogleAuth> => {
    const auth = newAuth();
    if (method.kind !== 'adc') return auth;
    muteLookups();
    const client = (await auth.getClient()) as AuthClient;
    client.on('tokens', (tokens) => tokens.access_token && onSecret(tokens.access_token));
    watchClient(client, options);
    return auth;
  };

  const refused = (error: unknown): never => {
    options.signal.throwIfAborted();
    throw authFailure(error, options);
  };
  let own = method.kind === 'adc' ? null : Promise.resolve(newAuth());
  /** One for all who ask at once; where there are no credentials, the next to ask looks again. */
  const ownAuth = (): Promise<GoogleAuth> => {
    own ??= signIn().catch((error: unknown) => {
      own = null;
      throw error;
    });
    return own;
  };
  let last = '';
  const newToken = async (): Promise<string> => {
    const ask = async () => {
      const token = await (await ownAuth()).getAccessToken();
      if (typeof token === 'string' && token !== '') return token;
      // The library keeps a credential without a token, too.
      own = null;
      throw badAnswer('had no token');
    };
    try {
      // The library's requests end by their own limit; nobody waits for them after an abort.
      const attempt = () => orAbort(ask(), deadline(options.signal, 4 * options.requestTimeoutMs));
      const token = await retry(attempt, {
        tries: 4,
        baseMs: 500,
        clock: options.clock,
        signal: options.signal,
        retryable: isTransient,
      });
      onSecret(token);
      last = token;
      return token;
    } catch (error) {
      options.signal.throwIfAborted();
      throw authFailure(error, options);
    }
  };
  let running: Promise<string> | null = null;
  return {
    googleAuth: () => signIn().catch(refused),
    accessToken(refused) {
      if (refused !== undefined) {
        // What the library keeps would come again until it runs out.
        if (refused === last) own = null;
        return newToken();
      }
      running ??= newToken().finally(() => {
        running = null;
      });
      return running;
    },
    describe() {
      if (method.kind === 'workload-identity') {
        return method.serviceAccount
          ? `workload identity federation as ${method.serviceAccount}`
          : 'direct workload identity federation';
      }
      return method.kind === 'service-account-key'
        ? `service account key of ${method.key.clientEmail}`
        : 'application default credentials';
    },
  };
}

let muted = false;

/** The library warns through Node when it finds no metadata server, which only a machine of Google's has. */
function muteLookups(): void {
  if (muted) return;
  muted = true;
  const emit = process.emitWarning;
  process.emitWarning = (...args: unknown[]) => {
    if (!args.includes('MetadataLookupWarning')) Reflect.apply(emit, process, args);
  };
}

/** The external_account object that google-github-actions/auth writes to a file, kept in memory. */
function workloadIdentityClient(
  options: GcpAuthOptions,
  method: Extract<AuthMethod, { kind: 'workload-identity' }>,
): AuthClient {
  const { env, endpoints, onSecret } = options;
  const requestUrl = new URL(env.ACTIONS_ID_TOKEN_REQUEST_URL ?? '');
  const audience = `//iam.googleapis.com/${method.provider}`;
  requestUrl.searchParams.set('audience', `https:${audience}`);
  const requestToken = env.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? '';
  onSecret(requestToken);
  const client = new IdentityPoolClient({
    type: 'external_account',
    audience,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: new URL('v1/token', endpoints.sts).href,
    ...(method.serviceAccount
      ? {
          service_account_impersonation_url: new URL(
            `v1/projects/-/serviceAccounts/${encodeURIComponent(method.serviceAccount)}:generateAccessToken`,
            endpoints.iamCredentials,
          ).href,
        }
      : {}),
    credential_source: {
      url: requestUrl.href,
      headers: { Authorization: `Bearer ${requestToken}` },
      format: { type: 'json', subject_token_field_name: 'value' },
    },
    scopes: SCOPES,
    ...REFRESH,
  });
  client.scopes = SCOPES;
  watchClient(client, options);
  return client;
}

type Watch = Pick<GcpAuthOptions, 'onSecret' | 'requestTimeoutMs'>;

function watchClient(client: AuthClient, watch: Watch): void {
  watchRequests(client.transporter, watch);
  // The exchange has a transport of its own, private in the library's types; a test counts its requests.
  const exchange: { transporter: AuthClient['transporter'] } | undefined = Reflect.get(client, 'stsCredential');
  if (exchange) watchRequests(exchange.transporter, watch);
}

/**
 * Tells of the tokens that go out, gives each request a limit, which the library does not, and leaves retries to us:
 * the library's know neither our clock nor our signal.
 */
function watchRequests(transporter: AuthClient['transporter'], { onSecret, requestTimeoutMs }: Watch): void {
  transporter.interceptors.request.add({
    resolved: async (config) => {
      const bearer = /^Bearer (.+)$/.exec(config.headers.get('authorization') ?? '')?.[1];
      const subject = config.data instanceof URLSearchParams ? config.data.get('subject_token') : null;
      for (const secret of [bearer, subject]) if (secret) onSecret(secret);
      const limit = AbortSignal.timeout(requestTimeoutMs);
      const signal = config.signal ? AbortSignal.any([config.signal, limit]) : limit;
      return { ...config, signal, retry: false, retryConfig: { retry: 0, noResponseRetries: 0 } };
    },
  });
  transporter.interceptors.response.add({
    resolved: async (response) => {
      // Google's clients send their calls through the same transport.
      if (!isTokenUrl(response.config.url)) return response;
      // JSON that cannot be read arrives as its text.
      if (typeof response.data === 'string' && response.config.responseType === 'json') throw badAnswer('is not JSON');
      if (!hasToken(response.data)) throw badAnswer('had no token');
      return response;
    },
    rejected: (error) => {
      const url: unknown = (error as { config?: { url?: unknown } } | null)?.config?.url;
      throw isTokenUrl(url) && isQuoting(error) ? badAnswer('is not JSON') : error;
    },
  });
}

/** The endpoints of OAuth and STS, of IAM credentials, and of GitHub's OIDC. */
function isTokenUrl(url: unknown): boolean {
  if (!URL.canParse(String(url))) return false;
  const { pathname, searchParams } = new URL(String(url));
  return /\/token$|:generateAccessToken$/.test(pathname) || searchParams.has('audience');
}

/** Names of the token in the answers of OAuth and STS, of IAM credentials, and of GitHub's OIDC endpoint. */
const TOKEN_FIELDS = ['access_token', 'accessToken', 'value'] as const;

/** Whether an answer has a token. The metadata server also serves other texts, which are no JSON objects. */
function hasToken(data: unknown): boolean {
  if (typeof data === 'string') return data !== '';
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false;
  return TOKEN_FIELDS.some((name) => {
    const value: unknown = Reflect.get(data, name);
    return typeof value === 'string' && value !== '';
  });
}

/** An answer that may be a good one next time. Its text is never shown: it may hold a token. */
function badAnswer(what: string): Error {
  return Object.assign(new Error(`the answer of a token endpoint ${what}`), { code: 'EBADANSWER' });
}

/** Of a token whose answer does not give its life, seconds. */
const SHORT_LIFE_S = 120;

/** A key's JWT grant against its own `token_uri`, which google-auth-library's JWT client ignores. */
function keyClient(key: ServiceAccountKey, watch: Watch): AuthClient {
  const tokenUri = URL.canParse(key.tokenUri) ? new URL(key.tokenUri) : null;
  if (!tokenUri || !isSafe(tokenUri)) {
    throw new Failure({
      stage: 'inputs',
      code: 'bad-endpoint',
      message: 'The service account key has a token_uri that is not an https URL.',
    });
  }
  const client = new OAuth2Client(REFRESH);
  watchClient(client, watch);
  const refresh = async () => {
    const issuedAt = Math.floor(Date.now() / 1_000);
    const assertion = signJwt(key, {
      iss: key.clientEmail,
      scope: SCOPES.join(' '),
      aud: key.tokenUri,
      iat: issuedAt,
      exp: issuedAt + 3_600,
    });
    const response = await client.transporter.request<{ access_token: string; expires_in: number }>({
      url: tokenUri.href,
      method: 'POST',
      data: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }),
      responseType: 'json',
    });
    const { access_token, expires_in } = response.data;
    return { access_token, expiry_date: Date.now() + (expires_in > 0 ? expires_in : SHORT_LIFE_S) * 1_000 };
  };
  let running: ReturnType<typeof refresh> | null = null;
  // The library coalesces its own refreshes, but not those of a handler.
  client.refreshHandler = () => {
    running ??= refresh().finally(() => {
      running = null;
    });
    return running;
  };
  return client;
}

/** RS256 JWT (RFC 7515, RFC 7523). */
function signJwt(key: ServiceAccountKey, claims: Record<string, unknown>): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = { alg: 'RS256', typ: 'JWT', ...(key.privateKeyId ? { kid: key.privateKeyId } : {}) };
  const content = `${encode(header)}.${encode(claims)}`;
  return `${content}.${createSign('RSA-SHA256').update(content).sign(key.privateKey, 'base64url')}`;
}

function maskKey(key: ServiceAccountKey, onSecret: (secret: string) => void): void {
  onSecret(key.privateKey);
  // The runner masks line by line, so a multi-line secret needs each of its lines masked.
  for (const line of key.privateKey.split(/\\n|\n/)) if (line.length > 10 && !line.startsWith('-----')) onSecret(line);
  if (key.privateKeyId) onSecret(key.privateKeyId);
}
