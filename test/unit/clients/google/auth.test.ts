import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApiRequest, Inject } from '../../../../lab/google/http.ts';
import { type GcpLab, startGcpLab } from '../../../../lab/test/google/gcp-lab.ts';
import { verifyToken } from '../../../../lab/tokens.ts';
import { googleEndpoints } from '../../../../src/clients/google/endpoints.ts';
import type { AuthMethod } from '../../../../src/inputs/parsers/identity.ts';
import { errorText, Failure } from '../../../../src/lib/failure.ts';
import { authAgainst, byKey, direct, impersonating, PROVIDER_NAME } from './gcp-auth.ts';

let lab: GcpLab;
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await lab?.close();
});

async function start(inject?: Inject): Promise<GcpLab> {
  lab = await startGcpLab(inject ? { inject } : {});
  return lab;
}

/** Answers `status` to requests for the path, as often as told. */
function fault(path: RegExp, status: number, times = 99): { inject: Inject; asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    inject: (request: ApiRequest) => {
      if (!path.test(request.path)) return undefined;
      asked += 1;
      return asked <= times ? { status, body: { error: 'unavailable', error_description: 'try later' } } : undefined;
    },
  };
}

const METHODS: [name: string, method: (lab: GcpLab) => AuthMethod, path: RegExp, subject: RegExp, minutes: number][] = [
  ['direct workload identity federation', direct, /^\/v1\/token$/, /^principal:\/\//, 5],
  ['workload identity federation as gate@demo.iam.gserviceaccount.com', impersonating, /^\/v1\/token$/, /^gate@/, 60],
  ['service account key of gate@demo.iam.gserviceaccount.com', byKey, /^\/token$/, /^gate@/, 60],
];

describe.each(METHODS)('%s', (name, method, path, subject, minutes) => {
  it('gets a token, masked before anybody else has it', async () => {
    await start();
    const { auth, secrets } = authAgainst(lab, method(lab));
    const token = await auth.accessToken();
    const claims = verifyToken('secret', token, Date.now());
    expect(claims?.subject).toMatch(subject);
    expect(Math.round(((claims?.expiresAt ?? 0) - Date.now()) / 60_000)).toBe(minutes);
    expect(secrets).toContain(token);
    expect(auth.describe()).toBe(name);
    for (const secret of secrets) expect(auth.describe()).not.toContain(secret);
  });

  it('exchanges once for many', async () => {
    await start();
    const { auth } = authAgainst(lab, method(lab));
    const tokens = await Promise.all(Array.from({ length: 20 }, () => auth.accessToken()));
    tokens.push(await auth.accessToken());
    expect(new Set(tokens).size).toBe(1);
    const { requests } = await lab.record();
    expect(requests.filter((request) => path.test(request.path))).toHaveLength(1);
  });

  it('makes no call before the first token is asked for', async () => {
    await start();
    authAgainst(lab, method(lab));
    expect((await lab.record()).requests).toEqual([]);
  });

  it('renews a token that has less than a minute left, and masks the new one', async () => {
    await start();
    vi.useFakeTimers({ toFake: ['Date'] });
    const { auth, secrets } = authAgainst(lab, method(lab));
    const first = await auth.accessToken();
    vi.setSystemTime(Date.now() + (minutes - 2) * 60_000);
    expect(await auth.accessToken()).toBe(first);
    vi.setSystemTime(Date.now() + 90_000);
    const second = await auth.accessToken();
    expect(second).not.toBe(first);
    expect(verifyToken('secret', second, Date.now())).not.toBeNull();
    expect(secrets).toContain(second);
  });

  it.each([500, 503])('asks again after a %d, four times in all', async (status) => {
    const faults = fault(path, status);
    await start(faults.inject);
    const { auth } = authAgainst(lab, method(lab));
    await expect(auth.accessToken()).rejects.toMatchObject({
      ...{ code: 'gcp-auth-unavailable', stage: 'preflight', blame: 'cloud' },
      hint: expect.stringContaining('status.cloud.google.com'),
    });
    expect(faults.asked()).toBe(4);
  });

  it('gets through after a fault', async () => {
    const faults = fault(path, 503, 1);
    await start(faults.inject);
    expect(await authAgainst(lab, method(lab)).auth.accessToken()).toMatch(/^ya29\./);
  });

  it.each([400, 403])('does not ask again after a %d', async (status) => {
    const faults = fault(path, status);
    await start(faults.inject);
    const failure: unknown = await authAgainst(lab, method(lab))
      .auth.accessToken()
      .catch((error: unknown) => error);
    expect(faults.asked()).toBe(1);
    expect(failure).toBeInstanceOf(Failure);
    expect((failure as Failure).message).toMatch(/^Could not get a Google access token: .*(try later|unavailable)/);
    // No known reason: no remedy of another cause.
    expect(failure).toMatchObject({ code: 'gcp-auth', blame: 'config', hint: undefined });
  });

  const BROKEN = 'ya29.a-working-token-that-nobody-may-see-0123456789';
  const damaged = (fields: Record<string, unknown>) => JSON.stringify(fields).slice(0, -2);
  it.each([
    ['{}', '{}'],
    ['[]', '[]'],
    ['null', 'null'],
    ['nothing', ''],
    ['a token that is a number', '{"access_token":42,"accessToken":42,"expires_in":3600}'],
    ['an answer cut by two bytes', damaged({ expires_in: 3600, access_token: BROKEN, accessToken: BROKEN })],
    ['an answer with a comma too many', `{"access_token":"${BROKEN}",,}`],
    ['a bare token', `"${BROKEN}`],
  ])('asks again after %s, and never shows it', async (_, raw) => {
    const answer = (times: number): { inject: Inject; asked: () => number } => {
      let asked = 0;
      const inject: Inject = (request) => {
        if (!path.test(request.path)) return undefined;
        asked += 1;
        return asked <= times ? { status: 200, raw } : undefined;
      };
      return { inject, asked: () => asked };
    };
    const once = answer(1);
    await start(once.inject);
    const { auth } = authAgainst(lab, method(lab));
    expect(await auth.accessToken()).toMatch(/^ya29\./);
    expect(once.asked()).toBe(2);
    await lab.close();

    const ever = answer(99);
    await start(ever.inject);
    const failure: unknown = await authAgainst(lab, method(lab))
      .auth.accessToken()
      .catch((error: unknown) => error);
    expect(ever.asked()).toBe(4);
    expect(failure).toBeInstanceOf(Failure);
    expect(`${errorText(failure)} ${inspect(failure, { depth: 9 })}`).not.toContain(BROKEN.slice(0, 20));
    expect((failure as Failure).message).toMatch(/not JSON|no token/);
  });

  it('ends with the run', async () => {
    await start();
    const signal = AbortSignal.abort(new Error('cancelled'));
    await expect(authAgainst(lab, method(lab), { signal }).auth.accessToken()).rejects.toThrow('cancelled');
  });
});

describe('workload identity federation', () => {
  it('masks the bearer of the OIDC request', async () => {
    await start();
    expect(authAgainst(lab, direct()).secrets).toContain(lab.oidcRequestToken);
  });

  it('masks GitHub’s own token', async () => {
    const exchanged: string[] = [];
    await start((request) => {
      if (request.path === '/v1/token') exchanged.push(new URLSearchParams(request.body).get('subject_token') ?? '');
      return undefined;
    });
    const { auth, secrets } = authAgainst(lab, direct());
    await auth.accessToken();
    expect(secrets).toContain(exchanged[0]);
  });

  it('masks the federated token that the service account’s is made from', async () => {
    const federated: string[] = [];
    await start((request) => {
      if (/generateAccessToken$/.test(request.path)) {
        federated.push(String(request.headers.authorization).replace('Bearer ', ''));
      }
      return undefined;
    });
    const { auth, secrets } = authAgainst(lab, impersonating(lab));
    await auth.accessToken();
    expect(federated).toHaveLength(1);
    expect(secrets).toContain(federated[0]);
  });

  it('tells of a service account that may not be impersonated', async () => {
    await start();
    const { auth } = authAgainst(lab, impersonating(lab, 'other@demo.iam.gserviceaccount.com'));
    await expect(auth.accessToken()).rejects.toMatchObject({
      code: 'gcp-impersonation',
      message: expect.stringContaining('iam.serviceAccounts.getAccessToken'),
      hint: expect.stringMatching(
        /gcloud iam service-accounts add-iam-policy-binding other@\S+ --role roles\/iam\.workloadIdentityUser .*workloadIdentityPools\/ci\//,
      ),
    });
  });

  it('tells of a refused OIDC request', async () => {
    await start();
    const { auth } = authAgainst(lab, direct(), { env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'stale' } });
    await expect(auth.accessToken()).rejects.toMatchObject({
      code: 'gcp-id-token',
      hint: expect.stringContaining('id-token: write'),
    });
  });
});

describe('a service account key', () => {
  it('is masked whole, line by line, and by its id', async () => {
    await start();
    const { secrets } = authAgainst(lab, byKey(lab));
    expect(secrets).toContain(lab.privateKeyPem);
    const body = lab.privateKeyPem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
    // The last line may be too short to be masked without harm to the rest of the log.
    for (const line of body.slice(0, -1)) expect(secrets).toContain(line);
    expect(secrets).toContain('0123456789abcdef');
    for (const secret of secrets) expect(secret.length).toBeGreaterThan(10);
  });

  it('of another account is refused in Google’s words', async () => {
    await start();
    const { auth } = authAgainst(lab, byKey(lab, { clientEmail: 'other@demo.iam.gserviceaccount.com' }));
    await expect(auth.accessToken()).rejects.toMatchObject({
      message: expect.stringContaining('account not found'),
      code: 'gcp-account',
      hint: expect.stringContaining('gcloud iam service-accounts list --project demo'),
    });
  });

  it('that is damaged is refused without its text', async () => {
    await start();
    const privateKey = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWtleS1ib2R5\n-----END PRIVATE KEY-----\n';
    const failure = await authAgainst(lab, byKey(lab, { privateKey }))
      .auth.accessToken()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'gcp-auth' });
    expect((failure as Failure).message).not.toContain('c2VjcmV0');
  });

  it.each(['http://token.example/', 'file:///etc/passwd', 'token'])('is not sent to %s', async (tokenUri) => {
    await start();
    expect(() => authAgainst(lab, byKey(lab, { tokenUri }))).toThrow('token_uri that is not an https URL');
  });
});

describe('application default credentials', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'adc-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** As the environment leaves them: a file that says where the subject's token is and who exchanges it. */
  async function leave(): Promise<void> {
    const audience = encodeURIComponent(`https://iam.googleapis.com/${PROVIDER_NAME}`);
    const answer = await fetch(`${lab.oidcRequestUrl}&audience=${audience}`, {
      headers: { authorization: `Bearer ${lab.oidcRequestToken}` },
    });
    await writeFile(join(folder, 'oidc'), ((await answer.json()) as { value: string }).value);
    const credentials = {
      type: 'external_account',
      audience: `//iam.googleapis.com/${PROVIDER_NAME}`,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${lab.url}/v1/token`,
      credential_source: { file: join(folder, 'oidc') },
    };
    await writeFile(join(folder, 'adc.json'), JSON.stringify(credentials));
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', join(folder, 'adc.json'));
  }

  it('are listened to: what they fetch for a Google client is masked too', async () => {
    await start();
    await leave();
    const { auth, secrets } = authAgainst(lab, { kind: 'adc' });
    const google = await auth.googleAuth();
    const token = await google.getAccessToken();
    expect(verifyToken('secret', token ?? '', Date.now())).not.toBeNull();
    expect(secrets).toContain(token);
    const own = await auth.accessToken();
    expect(secrets).toContain(own);
  });

  it('ask again when a token endpoint never answers', async () => {
    let hangs = 1;
    await start((request) => (request.path === '/v1/token' && hangs-- > 0 ? new Promise(() => {}) : undefined));
    await leave();
    const { auth } = authAgainst(lab, { kind: 'adc' }, { requestTimeoutMs: 200 });
    expect(await auth.accessToken()).toMatch(/^ya29/);
    expect(hangs).toBe(-1);
  });
});

describe('a token endpoint that never answers', () => {
  it.each(METHODS)('is asked again: %s', async (_name, method, path) => {
    let hangs = 1;
    await start((request) => (path.test(request.path) && hangs-- > 0 ? new Promise(() => {}) : undefined));
    const { auth } = authAgainst(lab, method(lab), { requestTimeoutMs: 200 });
    expect(await auth.accessToken()).toMatch(/^ya29/);
  });
});

describe('endpoints', () => {
  it('are Google’s when nothing else is set', () => {
    const { container, sts, iamCredentials } = googleEndpoints({ CLOUDSDK_API_ENDPOINT_OVERRIDES_STS: '' });
    expect([container.href, sts.href, iamCredentials.href]).toEqual([
      'https://container.googleapis.com/',
      'https://sts.googleapis.com/',
      'https://iamcredentials.googleapis.com/',
    ]);
  });

  it.each(['https://container.example/', 'http://127.0.0.1:8080/', 'http://localhost:1/', 'http://[::1]:1/'])(
    'may be %s',
    (url) => {
      expect(googleEndpoints({ CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: url }).container.href).toBe(url);
    },
  );

  it.each([
    ['CONTAINER', 'http://container.example/'],
    ['STS', 'http://127.0.0.1.example/'],
    ['IAMCREDENTIALS', 'ftp://127.0.0.1/'],
    ['CONTAINER', 'not a url'],
  ])('may not send tokens to %s=%s', (service, url) => {
    const name = `CLOUDSDK_API_ENDPOINT_OVERRIDES_${service}`;
    expect(() => googleEndpoints({ [name]: url })).toThrow(
      `${name} is "${url}"; allowed: an https URL (http on loopback only), since access tokens are sent to it.`,
    );
  });
});
