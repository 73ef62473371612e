import { createPrivateKey } from 'node:crypto';
import { IdentityPoolClient, JWT } from 'google-auth-library';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signJwt } from '../../google/jwt.ts';
import { verifyToken } from '../../tokens.ts';
import { type GcpLab, POOL, PROVIDER, startGcpLab } from './gcp-lab.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
let lab: GcpLab;
beforeEach(async () => {
  lab = await startGcpLab();
});
afterEach(() => lab.close());

/** The credential file's content that google-github-actions/auth writes, with the lab's addresses. */
function external(impersonate: boolean, audience = PROVIDER, requested = `https:${audience}`) {
  const client = new IdentityPoolClient({
    type: 'external_account',
    audience,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${lab.url}/v1/token`,
    ...(impersonate && {
      service_account_impersonation_url: `${lab.url}/v1/projects/-/serviceAccounts/${lab.config.serviceAccount.email}:generateAccessToken`,
    }),
    credential_source: {
      url: `${lab.oidcRequestUrl}&audience=${encodeURIComponent(requested)}`,
      headers: { Authorization: `Bearer ${lab.oidcRequestToken}` },
      format: { type: 'json', subject_token_field_name: 'value' },
    },
  });
  client.scopes = [SCOPE];
  return client;
}

async function claimsOf(token: string | null | undefined) {
  const claims = verifyToken('secret', token ?? '', Date.now());
  return { subject: claims?.subject, minutes: Math.round(((claims?.expiresAt ?? 0) - Date.now()) / 60_000) };
}

function postForm(path: string, form: Record<string, string>) {
  return fetch(`${lab.url}${path}`, { method: 'POST', body: new URLSearchParams(form) });
}

async function idToken(audience: string): Promise<string> {
  const response = await fetch(`${lab.oidcRequestUrl}&audience=${encodeURIComponent(audience)}`, {
    headers: { authorization: `Bearer ${lab.oidcRequestToken}` },
  });
  return ((await response.json()) as { value: string }).value;
}

const exchange = (subjectToken: string, audience = PROVIDER) =>
  postForm('/v1/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience,
    scope: SCOPE,
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: subjectToken,
  });

describe('workload identity federation, through google-auth-library', () => {
  it('gives the job itself a token of 5 minutes', async () => {
    const { token } = await external(false).getAccessToken();
    expect(await claimsOf(token)).toEqual({
      subject:
        'principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci/subject/' +
        'repo:example-org/llm-serving:pull_request',
      minutes: 5,
    });
  });

  it('impersonates the service account for an hour', async () => {
    const { token } = await external(true).getAccessToken();
    expect(await claimsOf(token)).toEqual({ subject: 'gate@demo.iam.gserviceaccount.com', minutes: 60 });
    const { requests } = await lab.record();
    expect(requests.map((request) => `${request.method} ${request.path}`)).toEqual([
      'GET /oidc/idtoken',
      'POST /v1/token',
      'POST /v1/projects/-/serviceAccounts/gate@demo.iam.gserviceaccount.com:generateAccessToken',
    ]);
    expect(JSON.stringify(requests)).not.toContain('subject_token');
  });

  it('refuses a provider of another project and an audience that does not match', async () => {
    await expect(external(false, PROVIDER.replace('123456789012', '9')).getAccessToken()).rejects.toThrow(
      'invalid_target',
    );
    await expect(external(false, PROVIDER, 'https://github.com/example-org').getAccessToken()).rejects.toThrow(
      'The audience in ID Token [https://github.com/example-org] does not match',
    );
  });
});

describe('GitHub OIDC and STS, as HTTP', () => {
  it('gives no ID token without the job’s bearer', async () => {
    expect((await fetch(`${lab.oidcRequestUrl}&audience=x`)).status).toBe(401);
  });

  it('carries the claims of a job and lives 5 minutes', async () => {
    const token = await idToken(`https:${PROVIDER}`);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ iss: 'https://token.actions.githubusercontent.com', event_name: 'pull_request' });
    expect(claims.exp - claims.iat).toBe(300);
  });

  it('refuses a token that somebody else signed', async () => {
    const forged = signJwt(
      { iss: 'https://token.actions.githubusercontent.com' },
      createPrivateKey(lab.privateKeyPem),
      'k',
    );
    const response = await exchange(forged);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_grant' });
  });

  it('lets a federated token call the Container API', async () => {
    const response = await exchange(await idToken(PROVIDER));
    const { access_token: token, expires_in: seconds } = (await response.json()) as Record<string, string | number>;
    expect(seconds).toBe(300);
    const clusters = await fetch(`${lab.url}/v1/projects/demo/locations/-/clusters`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(clusters.status).toBe(200);
  });
});

describe('a service account key', () => {
  const assertion = (claims: Record<string, unknown>) =>
    postForm('/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: signJwt(
        {
          iss: lab.config.serviceAccount.email,
          aud: 'https://oauth2.googleapis.com/token',
          scope: SCOPE,
          iat: Math.floor(Date.now() / 1_000),
          exp: Math.floor(Date.now() / 1_000) + 3_600,
          ...claims,
        },
        createPrivateKey(lab.privateKeyPem),
        'k',
      ),
    });

  it('is exchanged for a token of an hour by google-auth-library', async () => {
    const client = new JWT({ email: lab.config.serviceAccount.email, key: lab.privateKeyPem, scopes: [SCOPE] });
    // The library knows one token endpoint, whatever the key file says: send that call to the lab.
    client.transporter.interceptors.request.add({
      resolved: async (config) => ({ ...config, url: new URL(`${lab.url}/token`) }),
    });
    const { token } = await client.getAccessToken();
    expect(await claimsOf(token)).toEqual({ subject: 'gate@demo.iam.gserviceaccount.com', minutes: 60 });
  });

  it.each([
    ['another account', { iss: 'x@demo.iam.gserviceaccount.com' }, 'Invalid grant: account not found'],
    ['another audience', { aud: 'https://example.com' }, 'Invalid JWT: Failed audience check.'],
    ['a lifetime over an hour', { exp: Math.floor(Date.now() / 1_000) + 9_000 }, 'Token must be a short-lived token'],
  ])('is refused for %s', async (_name, claims, text) => {
    const response = await assertion(claims);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error_description: string }).error_description).toContain(text);
  });
});

describe('a service account that some jobs may become', () => {
  const GATE = 'gate@demo.iam.gserviceaccount.com';
  const LOOK = 'look@demo.iam.gserviceaccount.com';
  const accounts = {
    [GATE]: { subjects: ['repo:o/r:environment:tpu'], readOnly: false },
    [LOOK]: { subjects: ['repo:o/r:pull_request'], readOnly: true },
  };

  /** Becomes an account as the job with a subject. Returns the status and the access token. */
  async function become(email: string, subject: string) {
    const url = `${lab.oidcRequestUrl}&subject=${subject}&audience=${encodeURIComponent(`https:${PROVIDER}`)}`;
    const job = await fetch(url, { headers: { authorization: `Bearer ${lab.oidcRequestToken}` } });
    const { value } = (await job.json()) as { value: string };
    const { access_token: federated } = (await (await exchange(value)).json()) as { access_token: string };
    const response = await fetch(`${lab.url}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`, {
      method: 'POST',
      headers: { authorization: `Bearer ${federated}`, 'content-type': 'application/json' },
      body: JSON.stringify({ scope: [SCOPE] }),
    });
    const { accessToken } = (await response.json()) as { accessToken?: string };
    return { status: response.status, accessToken };
  }

  it('is refused to every other job', async () => {
    await lab.close();
    lab = await startGcpLab({ accounts });
    const statuses = async (email: string) =>
      Promise.all(
        ['environment:tpu', 'pull_request', 'ref:refs/heads/try'].map(
          async (end) => (await become(email, `repo:o/r:${end}`)).status,
        ),
      );
    expect(await statuses(GATE)).toEqual([200, 403, 403]);
    expect(await statuses(LOOK)).toEqual([403, 200, 403]);
  });

  it('may resize nothing where it only reads', async () => {
    await lab.close();
    lab = await startGcpLab({ accounts });
    const { accessToken } = await become(LOOK, 'repo:o/r:pull_request');
    const headers = { authorization: `Bearer ${accessToken}` };
    const body = JSON.stringify({ nodeCount: 3 });
    const resize = await fetch(`${lab.url}/v1/${POOL}:setSize`, { method: 'POST', headers, body });
    expect([(await fetch(`${lab.url}/v1/${POOL}`, { headers })).status, resize.status]).toEqual([200, 403]);
  });
});
