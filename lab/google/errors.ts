import type { ApiRequest, Reply } from './http.ts';

/** HTTP status of each canonical code of google.rpc. */
export const HTTP_STATUS = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
} as const;

export interface ErrorInfo {
  reason: string;
  domain: string;
  metadata?: Record<string, string>;
}

/** The error body of Google's REST APIs: AIP-193, `google.rpc.Status` with an optional `ErrorInfo`. */
export function googleError(status: keyof typeof HTTP_STATUS, message: string, info?: ErrorInfo): Reply {
  const code = HTTP_STATUS[status];
  const details = info ? [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', ...info }] : undefined;
  return { status: code, body: { error: { code, message, status, ...(details && { details }) } } };
}

/**
 * What the lab does not imitate: an error that names the lab, so that nobody takes it for Google's. A 404, since gcloud
 * repeats a call for half a minute when the status is 500 or more.
 */
export function notPlayed({ method, path }: ApiRequest): Reply {
  return googleError('NOT_FOUND', `The lab does not play ${method} ${path}.`, {
    reason: 'NOT_PLAYED',
    domain: 'tpu-serving-gate-lab',
  });
}

const CREDENTIAL_HINT =
  'Expected OAuth 2 access token, login cookie or other valid authentication credential. ' +
  'See https://developers.google.com/identity/sign-in/web/devconsole-project.';

/** 401 as Google's front end words it, for no token at all and for one that is wrong or expired. */
export function unauthenticated(tokenGiven: boolean, service: string): Reply {
  return tokenGiven
    ? googleError('UNAUTHENTICATED', `Request had invalid authentication credentials. ${CREDENTIAL_HINT}`, {
        reason: 'ACCESS_TOKEN_EXPIRED',
        domain: 'googleapis.com',
        metadata: { service },
      })
    : googleError('UNAUTHENTICATED', `Request is missing required authentication credential. ${CREDENTIAL_HINT}`, {
        reason: 'CREDENTIALS_MISSING',
        domain: 'googleapis.com',
        metadata: { service },
      });
}

/** 403 of a missing IAM permission; `resource` without a leading slash. */
export function permissionDenied(permission: string, resource: string): Reply {
  return googleError('PERMISSION_DENIED', `Required "${permission}" permission(s) for "${resource}".`, {
    reason: 'IAM_PERMISSION_DENIED',
    domain: 'iam.googleapis.com',
    metadata: { permission, resource },
  });
}

/** The error body of the OAuth endpoints (RFC 6749 §5.2). */
export function oauthError(error: string, description: string, status = 400): Reply {
  return { status, body: { error, error_description: description } };
}
