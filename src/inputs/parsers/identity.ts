import type { Parser } from '../row.ts';
import { shorten } from '../shorten.ts';

/** How the gate authenticates to Google Cloud. `adc`: Application Default Credentials. */
export type AuthMethod =
  | { kind: 'workload-identity'; provider: string; serviceAccount: string | null }
  | { kind: 'service-account-key'; key: ServiceAccountKey }
  | { kind: 'adc' };

/** The fields of a key file that an exchange for a token needs. */
export interface ServiceAccountKey {
  clientEmail: string;
  privateKey: string;
  privateKeyId: string | null;
  tokenUri: string;
}

/** The method that the three inputs of identity choose together. */
export const identity: Parser<AuthMethod> = ({ text, env, problem }) => {
  const provider = text('workload-identity-provider');
  const credentials = text('credentials-json');
  const serviceAccount = text('service-account');
  if (provider && credentials) {
    problem('Inputs "workload-identity-provider" and "credentials-json" exclude each other; give one of them.');
  }
  if (provider) {
    if (!/^projects\/\d+\/locations\/global\/workloadIdentityPools\/[^/]+\/providers\/[^/]+$/.test(provider)) {
      problem(
        `Input "workload-identity-provider" is "${shorten(provider)}"; allowed: projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER (the project's number, not its ID).`,
      );
    }
    if (!env.ACTIONS_ID_TOKEN_REQUEST_URL || !env.ACTIONS_ID_TOKEN_REQUEST_TOKEN) {
      problem(
        'Input "workload-identity-provider" needs the runner\'s OIDC token, which is not offered here; add "permissions: id-token: write" to the job. Pull requests from forks never get it.',
      );
    }
    return { kind: 'workload-identity', provider, serviceAccount: serviceAccount || null };
  }
  if (serviceAccount) {
    problem('Input "service-account" is given without "workload-identity-provider"; give both or neither.');
  }
  if (!credentials) return { kind: 'adc' };
  try {
    return { kind: 'service-account-key', key: serviceAccountKey(credentials) };
  } catch {
    // The value itself is never repeated: it is a secret.
    problem(
      'Input "credentials-json" is not a service account key; allowed: the JSON (or its base64) of a key with type "service_account", client_email and private_key.',
    );
    return { kind: 'adc' };
  }
};

function serviceAccountKey(text: string): ServiceAccountKey {
  const json = text.trimStart().startsWith('{') ? text : Buffer.from(text, 'base64').toString();
  const key: Record<string, unknown> = JSON.parse(json);
  const { type, client_email: clientEmail, private_key: privateKey, private_key_id: id, token_uri: uri } = key;
  if (type !== 'service_account' || typeof clientEmail !== 'string' || typeof privateKey !== 'string') {
    throw new TypeError('not a service account key');
  }
  return {
    clientEmail,
    privateKey,
    privateKeyId: typeof id === 'string' ? id : null,
    tokenUri: typeof uri === 'string' ? uri : 'https://oauth2.googleapis.com/token',
  };
}

/** `auto`, or whether the control plane is reached by its DNS name. */
export const dnsEndpoint: Parser<boolean | 'auto'> = ({ text, bad }, name) => {
  const value = text(name);
  if (value !== 'auto' && value !== 'true' && value !== 'false') bad(name, value, 'auto, true, false');
  return value === 'true' || value === 'false' ? value === 'true' : 'auto';
};
