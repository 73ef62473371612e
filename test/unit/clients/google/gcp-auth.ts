import type { GcpLab } from '../../../../lab/test/google/gcp-lab.ts';
import { createGcpAuth, type GcpAuth, type GcpAuthOptions } from '../../../../src/clients/google/auth.ts';
import { googleEndpoints } from '../../../../src/clients/google/endpoints.ts';
import type { GkeClientOptions } from '../../../../src/clients/google/gke.ts';
import type { AuthMethod } from '../../../../src/inputs/parsers/identity.ts';
import { fakeClock } from '../../lib/fake-clock.ts';

export const PROVIDER_NAME = 'projects/123456789012/locations/global/workloadIdentityPools/ci/providers/github';

/** The environment that sends the clients to the lab. */
export function labEnv(lab: GcpLab): Record<string, string> {
  return {
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${lab.url}/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STS: `${lab.url}/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: `${lab.url}/`,
    ACTIONS_ID_TOKEN_REQUEST_URL: lab.oidcRequestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: lab.oidcRequestToken,
  };
}

export function direct(): AuthMethod {
  return { kind: 'workload-identity', provider: PROVIDER_NAME, serviceAccount: null };
}

export function impersonating(lab: GcpLab, serviceAccount = lab.config.serviceAccount.email): AuthMethod {
  return { kind: 'workload-identity', provider: PROVIDER_NAME, serviceAccount };
}

export function byKey(lab: GcpLab, change: Record<string, string> = {}): AuthMethod {
  return {
    kind: 'service-account-key',
    key: {
      clientEmail: lab.config.serviceAccount.email,
      privateKey: lab.privateKeyPem,
      privateKeyId: '0123456789abcdef',
      tokenUri: `${lab.url}/token`,
      ...change,
    },
  };
}

/** Credentials against the lab; `secrets` is what the runner would have been told to mask. */
export function authAgainst(
  lab: GcpLab,
  method: AuthMethod,
  change: Partial<GcpAuthOptions> = {},
): { auth: GcpAuth; secrets: Set<string> } {
  const secrets = new Set<string>();
  const env = { ...labEnv(lab), ...change.env };
  const auth = createGcpAuth({
    method,
    projectId: 'demo',
    endpoints: googleEndpoints(env),
    clock: fakeClock(),
    signal: new AbortController().signal,
    requestTimeoutMs: 5_000,
    onSecret: (secret) => secrets.add(secret),
    ...change,
    env,
  });
  return { auth, secrets };
}

/** What a client of the lab's Container API is made with. */
export function gkeOptions(lab: GcpLab): GkeClientOptions {
  return {
    projectId: 'demo',
    location: 'us-east5-b',
    cluster: 'serving',
    auth: authAgainst(lab, byKey(lab)).auth,
    endpoint: new URL(lab.url),
    clock: fakeClock(),
    signal: new AbortController().signal,
    requestTimeoutMs: 5_000,
    stage: 'lease',
  };
}
