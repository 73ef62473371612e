import type { DiagnosisScenario } from '../types.ts';
import { error } from './shared.ts';

const CALLS = {
  idToken: 'GET /oidc/',
  exchange: 'POST /v1/token$',
  impersonation: 'POST /v1/projects/-/serviceAccounts/[^/]+:generateAccessToken$',
} as const;
const EMAIL = 'gate@lab-project.iam.gserviceaccount.com';

interface Row {
  name: string;
  summary: string;
  cause: string;
  call: keyof typeof CALLS;
  status: number;
  body: unknown;
  shows: string;
  remedy?: string;
  outside?: true;
}

const oauth = (name: string, description: string) => ({ error: name, error_description: description });
const api = (code: number, status: string, message: string) => ({ error: { code, message, status } });

/** Answers on the way to an access token, as public reports quote them. */
const ROWS: readonly Row[] = [
  {
    name: 'no-id-token',
    summary: 'GitHub gives the job no OIDC token',
    cause: 'auth.id-token',
    call: 'idToken',
    status: 403,
    body: { message: 'Resource not accessible by integration' },
    shows: '403',
    remedy: 'id-token: write',
  },
  {
    name: 'provider-gone',
    summary: 'the workload identity provider is disabled or deleted',
    cause: 'auth.provider',
    call: 'exchange',
    status: 400,
    body: oauth(
      'invalid_target',
      'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
    ),
    shows: 'the pool or provider is disabled or deleted',
    remedy: 'workload-identity-provider',
  },
  {
    name: 'attribute-condition',
    summary: 'the attribute condition of the provider refuses the repository',
    cause: 'auth.condition',
    call: 'exchange',
    status: 401,
    body: oauth('unauthorized_client', 'The given credential is rejected by the attribute condition.'),
    shows: 'rejected by the attribute condition',
    remedy: 'attribute condition',
  },
  {
    name: 'impersonation',
    summary: 'the job may not become the service account',
    cause: 'auth.impersonation',
    call: 'impersonation',
    status: 403,
    body: api(
      403,
      'PERMISSION_DENIED',
      "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    ),
    shows: 'iam.serviceAccounts.getAccessToken',
    remedy: 'roles/iam.workloadIdentityUser',
  },
  {
    name: 'account-gone',
    summary: 'the service account does not exist',
    cause: 'auth.account',
    call: 'impersonation',
    status: 404,
    body: api(404, 'NOT_FOUND', 'Not found; Gaia id not found for email gate@lab-project.iam.gserviceaccount.com'),
    shows: 'Gaia id not found for email',
    remedy: 'gcloud iam service-accounts list',
  },
  {
    name: 'token-outage',
    summary: 'the token service is down for longer than the gate asks again',
    cause: 'auth.unavailable',
    call: 'exchange',
    status: 503,
    body: oauth('backend_error', 'The service is currently unavailable.'),
    shows: 'backend_error',
    remedy: 'status.cloud.google.com',
  },
  {
    name: 'outside-token',
    summary: 'the token exchange is refused for a reason that nobody has seen',
    cause: 'auth.refused',
    call: 'exchange',
    status: 400,
    body: oauth('lunar_grant', 'Tokens of this tide are not exchanged.'),
    shows: 'Tokens of this tide are not exchanged',
    outside: true,
  },
];

/** What stands between the job and its access token. */
export const GOOGLE_TOKEN_SCENARIOS: readonly DiagnosisScenario[] = ROWS.map(
  ({ name, summary, cause, call, status, body, shows, remedy, outside }) => ({
    name,
    summary,
    expect: error(cause),
    gcp: { refused: [{ call: CALLS[call], status, body }] },
    shows: [shows],
    ...(call === 'impersonation' && { flags: [`--service-account=${EMAIL}`] }),
    ...(remedy && { remedy }),
    ...(outside && { outside }),
  }),
);
