import { oauthError } from './errors.ts';
import { type ApiRequest, jsonObject, type Reply } from './http.ts';
import { ISSUER, type OidcProvider } from './oidc.ts';
import type { IssueToken } from './service-account.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
const SUBJECT_TYPES = ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token'];
const PROVIDER =
  /^\/\/iam\.googleapis\.com\/projects\/(\d+)\/locations\/global\/workloadIdentityPools\/([^/]+)\/providers\/[^/]+$/;

/**
 * Security Token Service `POST /v1/token`: a GitHub OIDC token against a federated access token that lives no longer
 * than it. Takes the form body of RFC 8693 and Google's JSON body. Error texts as in public reports.
 */
export function exchangeToken(
  request: ApiRequest,
  options: { oidc: OidcProvider; issue: IssueToken; projectNumber: string },
): Reply {
  const field = fields(request);
  if (!field) return oauthError('invalid_request', 'Invalid JSON payload received.');
  if (field('grant_type') !== GRANT) return oauthError('unsupported_grant_type', 'Invalid grant type.');
  const audience = field('audience');
  const provider = PROVIDER.exec(audience);
  if (!provider) {
    return oauthError(
      'invalid_request',
      'Invalid value for "audience". This value should be the full resource name of the Identity Provider. ' +
        'See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.',
    );
  }
  if (provider[1] !== options.projectNumber) {
    return oauthError(
      'invalid_target',
      'The target service indicated by the "audience" parameters is invalid. This might either be because the pool ' +
        "or provider is disabled or deleted or because it doesn't exist.",
    );
  }
  if (field('requested_token_type') !== ACCESS_TOKEN_TYPE) {
    return oauthError('invalid_request', 'Invalid value for "requested_token_type".');
  }
  if (!SUBJECT_TYPES.includes(field('subject_token_type'))) {
    return oauthError('invalid_request', 'Invalid value for "subject_token_type".');
  }
  if (!field('scope')) return oauthError('invalid_scope', 'The scope is missing.');
  const claims = options.oidc.verify(field('subject_token'));
  if (!claims || claims.iss !== ISSUER) return oauthError('invalid_grant', 'Invalid JWT Signature.');
  const now = Date.now();
  const expiresAt = Number(claims.exp) * 1_000;
  if (expiresAt <= now) {
    return oauthError('invalid_grant', `ID Token issued at ${Number(claims.iat)} is stale to sign-in.`);
  }
  // Without a list of its own a provider accepts its resource name, with or without `https:`.
  if (claims.aud !== audience && claims.aud !== `https:${audience}`) {
    return oauthError(
      'invalid_grant',
      `The audience in ID Token [${String(claims.aud)}] does not match the expected audience.`,
    );
  }
  const pool = `projects/${provider[1]}/locations/global/workloadIdentityPools/${provider[2]}`;
  const subject = `principal://iam.googleapis.com/${pool}/subject/${String(claims.sub)}`;
  return {
    status: 200,
    body: {
      access_token: options.issue({ subject, expiresAt }),
      issued_token_type: ACCESS_TOKEN_TYPE,
      token_type: 'Bearer',
      expires_in: Math.ceil((expiresAt - now) / 1_000),
    },
  };
}

/** A reader of snake_case field names over a form or a JSON body (which has them in camelCase). */
function fields(request: ApiRequest): ((name: string) => string) | null {
  if (!request.headers['content-type']?.includes('json')) {
    const form = new URLSearchParams(request.body);
    return (name) => form.get(name) ?? '';
  }
  const json = jsonObject(request.body);
  if (!json) return null;
  return (name) => {
    const value = json[name] ?? json[name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())];
    return typeof value === 'string' ? value : '';
  };
}
