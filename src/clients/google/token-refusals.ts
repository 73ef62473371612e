import { type Refusal, type RefusalRow, rowFor } from '../../lib/refusal.ts';
import { GOOGLE_REFUSALS } from './refusals.ts';

/** How a token was asked for. */
export interface TokenPlace {
  project: string;
  /** `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`; null without federation. */
  provider: string | null;
  /** E-mail of the service account that the run becomes or whose key it has; null without one. */
  account: string | null;
  /** Whether a workflow runs it, which cannot sign in by hand. */
  workflow: boolean;
}

/** Stands for the reason where GitHub's own endpoint refuses the OIDC token of the job. */
export const NO_ID_TOKEN = 'NO_ID_TOKEN';

const LOGIN = 'gcloud auth application-default login';

const provider = ({ provider: name }: TokenPlace) => {
  const [, number = 'NUMBER', pool = 'POOL', id = 'PROVIDER'] =
    /^projects\/(\d+)\/locations\/global\/workloadIdentityPools\/([^/]+)\/providers\/([^/]+)$/.exec(name ?? '') ?? [];
  return {
    describe: `gcloud iam workload-identity-pools providers describe ${id} --location global --workload-identity-pool ${pool} --project ${number}`,
    principals: `principalSet://iam.googleapis.com/projects/${number}/locations/global/workloadIdentityPools/${pool}/attribute.repository/OWNER/REPOSITORY`,
  };
};

const login = ({ workflow }: TokenPlace) =>
  workflow
    ? 'Give the input "workload-identity-provider" and add "permissions: id-token: write" to the job, or run google-github-actions/auth before.'
    : `Sign in: ${LOGIN}`;

/**
 * What a refusal on the way to a Google access token means. Statuses are those of HTTP. Reasons are those of OAuth
 * (RFC 6749 §5.2) and of google.rpc.ErrorInfo; sentences are those of Google's token services and of its library.
 */
export const TOKEN_REFUSALS: readonly RefusalRow<TokenPlace>[] = [
  {
    code: 'gcp-no-credentials',
    next: 'final',
    words: /could not load the default credentials/i,
    remedy: (_, place) => login(place),
  },
  {
    code: 'gcp-credentials-file',
    next: 'final',
    words:
      /unable to read the credential file|file at .* does not exist, or it is not a file|a file with credentials is not JSON/i,
    remedy: (_, { workflow }) =>
      workflow
        ? 'Run google-github-actions/auth in the same job, before the gate: GOOGLE_APPLICATION_CREDENTIALS names its file.'
        : `Correct or unset GOOGLE_APPLICATION_CREDENTIALS, then sign in: ${LOGIN}`,
  },
  {
    code: 'gcp-id-token',
    next: 'final',
    reasons: [NO_ID_TOKEN],
    remedy: () => 'Add "permissions: id-token: write" to the job. Pull requests from forks never get an OIDC token.',
  },
  {
    code: 'gcp-provider',
    next: 'final',
    reasons: ['invalid_target'],
    words:
      /audience in (?:the )?ID token|issuer in (?:the )?ID token|does not match the expected (?:audience|issuer)|invalid value for "?audience/i,
    remedy: (_, place) => `Correct "workload-identity-provider": ${provider(place).describe}`,
  },
  {
    code: 'gcp-condition',
    next: 'final',
    reasons: ['unauthorized_client'],
    words: /attribute condition/i,
    remedy: (_, place) =>
      `Let the attribute condition of the provider admit this repository and event: ${provider(place).describe}`,
  },
  {
    code: 'gcp-account',
    next: 'final',
    words:
      /gaia id not found|account not found|account has been (?:deleted|disabled)|service account .* does not exist/i,
    remedy: (_, { project }) => `Correct the service account: gcloud iam service-accounts list --project ${project}`,
  },
  {
    code: 'gcp-impersonation',
    next: 'final',
    words: /iam\.serviceAccounts\.getAccessToken/,
    remedy: (_, place) =>
      `Let the job become the service account: gcloud iam service-accounts add-iam-policy-binding ${place.account ?? 'EMAIL'} --role roles/iam.workloadIdentityUser --member "${provider(place).principals}"`,
  },
  {
    code: 'gcp-clock',
    next: 'final',
    words: /token must be a short-lived token|reasonable timeframe|is stale to sign-in|token used too (?:early|late)/i,
    remedy: () => 'Set the clock of the runner: timedatectl set-ntp true',
  },
  {
    code: 'gcp-key',
    next: 'final',
    words: /invalid JWT signature|invalid JWT: failed audience/i,
    remedy: (_, { account }) =>
      `The key may be deleted or disabled. Use workload identity federation, or make a new one: gcloud iam service-accounts keys list --iam-account ${account ?? 'EMAIL'}`,
  },
  {
    code: 'gcp-login-expired',
    next: 'final',
    reasons: ['invalid_rapt', 'rapt_required'],
    words: /expired or revoked|reauth|refresh token/i,
    remedy: () => `Sign in again: ${LOGIN}`,
  },
  ...shared(['gcp-api-disabled', 'gcp-billing', 'gcp-project', 'gcp-perimeter', 'gke-org-policy']),
  {
    code: 'gcp-auth-unavailable',
    next: 'again',
    statuses: [429, 500, 502, 503, 504],
    remedy: () =>
      'Look at https://status.cloud.google.com and for a proxy on the way to the token endpoint, then run again.',
  },
];

/** Refusals that every Google API words alike. */
function shared(codes: readonly string[]): RefusalRow<TokenPlace>[] {
  return GOOGLE_REFUSALS.filter(({ code }) => codes.includes(code)).map(({ statuses: _, remedy, ...row }) => ({
    ...row,
    remedy: (refusal, { project }) => remedy(refusal, { project, location: 'LOCATION', cluster: 'CLUSTER' }),
  }));
}

/** The row that fits; null for a reason of its own. */
export function tokenRow(refusal: Refusal): RefusalRow<TokenPlace> | null {
  return rowFor(TOKEN_REFUSALS, refusal);
}
