import { createPublicKey } from 'node:crypto';
import type { LabAccount } from '../protocol.ts';
import { type TokenClaims, verifyToken } from '../tokens.ts';
import { googleError, oauthError, unauthenticated } from './errors.ts';
import { type ApiRequest, bearer, jsonObject, type Reply } from './http.ts';
import { readJwt } from './jwt.ts';

/** Makes an access token of these claims. */
export type IssueToken = (claims: TokenClaims) => string;

export interface ServiceAccountOptions {
  issue: IssueToken;
  serviceAccount: { email: string; publicKeyPem: string };
  accounts?: Record<string, LabAccount>;
  tokenSecret: string;
}

const HOUR_SECONDS = 3_600;
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Clients sign for the public endpoint whichever address they were sent to. */
const AUDIENCES = ['https://oauth2.googleapis.com/token', 'https://www.googleapis.com/oauth2/v4/token'];
const CLOCK_SKEW_SECONDS = 300;

/** IAM Credentials `generateAccessToken`: a token of the service account, for a caller with a valid token. */
export function generateAccessToken(request: ApiRequest, email: string, options: ServiceAccountOptions): Reply {
  const token = bearer(request);
  const caller = token === undefined ? null : verifyToken(options.tokenSecret, token, Date.now());
  if (!caller) return unauthenticated(token !== undefined, 'iamcredentials.googleapis.com');
  if (!mayBecome(caller.subject, email, options)) {
    return googleError(
      'PERMISSION_DENIED',
      "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
      {
        reason: 'IAM_PERMISSION_DENIED',
        domain: 'iam.googleapis.com',
        metadata: { permission: 'iam.serviceAccounts.getAccessToken' },
      },
    );
  }
  const body = jsonObject(request.body);
  const scope = body?.scope;
  if (!body || !Array.isArray(scope) || scope.length === 0) {
    return googleError('INVALID_ARGUMENT', 'Scope must be specified.');
  }
  const lifetime = /^(\d+)s$/.exec(String(body.lifetime ?? `${HOUR_SECONDS}s`));
  const seconds = Number(lifetime?.[1]);
  if (!(seconds > 0 && seconds <= HOUR_SECONDS)) {
    return googleError('INVALID_ARGUMENT', 'Request contains an invalid argument: lifetime must be 1s to 3600s.');
  }
  const expiresAt = Math.floor(Date.now() / 1_000 + seconds) * 1_000;
  return {
    status: 200,
    body: {
      accessToken: options.issue({ subject: email, expiresAt }),
      expireTime: new Date(expiresAt).toISOString().replace('.000Z', 'Z'),
    },
  };
}

/** Whether a federated principal, `principal://…/subject/SUBJECT`, may become a service account. */
function mayBecome(principal: string, email: string, { accounts, serviceAccount }: ServiceAccountOptions): boolean {
  if (!accounts) return email === serviceAccount.email;
  return accounts[email]?.subjects.some((subject) => principal.endsWith(`/subject/${subject}`)) ?? false;
}

/** OAuth 2.0 `POST /token` with the JWT bearer grant (RFC 7523): an assertion signed by the account's key, 1 h. */
export function exchangeAssertion(request: ApiRequest, ownUrl: string, options: ServiceAccountOptions): Reply {
  const form = new URLSearchParams(request.body);
  if (form.get('grant_type') !== JWT_BEARER) {
    return oauthError('unsupported_grant_type', `Invalid grant_type: ${form.get('grant_type') ?? ''}`);
  }
  const assertion = form.get('assertion') ?? '';
  const jwt = readJwt(assertion, createPublicKey(options.serviceAccount.publicKeyPem));
  if (!jwt) return oauthError('invalid_request', 'Bad Request');
  const { iss, aud, iat, exp, scope } = jwt.claims;
  if (iss !== options.serviceAccount.email) return oauthError('invalid_grant', 'Invalid grant: account not found');
  if (!jwt.signed) return oauthError('invalid_grant', 'Invalid JWT Signature.');
  if (![...AUDIENCES, `${ownUrl}/token`].includes(String(aud))) {
    return oauthError('invalid_grant', 'Invalid JWT: Failed audience check.');
  }
  const now = Date.now() / 1_000;
  const [issued, expires] = [Number(iat), Number(exp)];
  if (!(issued <= now + CLOCK_SKEW_SECONDS && expires > now && expires - issued <= HOUR_SECONDS)) {
    return oauthError(
      'invalid_grant',
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. ' +
        'Check your iat and exp values in the JWT claim.',
    );
  }
  if (!scope) return oauthError('invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
  const expiresAt = Date.now() + HOUR_SECONDS * 1_000;
  return {
    status: 200,
    body: {
      access_token: options.issue({ subject: options.serviceAccount.email, expiresAt }),
      expires_in: HOUR_SECONDS - 1,
      token_type: 'Bearer',
    },
  };
}
