import { GOOGLE_REFUSALS } from '../../clients/google/refusals.ts';
import { TOKEN_REFUSALS } from '../../clients/google/token-refusals.ts';
import { KUBE_REFUSALS } from '../../clients/kubernetes/refusals.ts';
import { usualRemedy } from '../../lib/refusal.ts';
import { named, type Rule } from './rule.ts';

type Told = Pick<Rule, 'cause' | 'title' | 'looksLike'>;

/** A cause whose remedy stands in the table of the client that met the refusal. */
function refused(code: string, cause: Told, family: Rule['family'] = 'config'): Rule {
  return named(code, {
    ...cause,
    family,
    remedy: (_, { failure, report: { plan } }) => {
      if (failure?.code === code && failure.hint) return failure.hint;
      const { project, location, cluster, namespace } = plan;
      const token = { project, provider: null, account: null, workflow: false };
      return (
        usualRemedy(GOOGLE_REFUSALS, code, { project, location, cluster }) ||
        usualRemedy(TOKEN_REFUSALS, code, token) ||
        usualRemedy(KUBE_REFUSALS, code, { namespace, kind: null, name: null })
      );
    },
  });
}

/** An API refused and gave a reason that no table knows: its own sentence is all there is. */
function ownReason(code: string, cause: Told): Rule {
  return named(code, {
    ...cause,
    family: 'config',
    confidence: 'probable',
    remedy: () =>
      'No known cause fits. The sentence in the evidence is the API’s own; look it up in its documentation.',
  });
}

/** What Google Cloud and the Kubernetes API refuse, by the codes that their tables give. */
export const REFUSAL_RULES: readonly Rule[] = [
  refused('gcp-no-credentials', {
    cause: 'auth.none',
    title: 'There are no Google credentials',
    looksLike: 'no input names an identity, and nobody has signed in on the machine',
  }),
  refused('gcp-credentials-file', {
    cause: 'auth.file',
    title: 'The file with Google credentials cannot be read',
    looksLike: 'GOOGLE_APPLICATION_CREDENTIALS names a file that is missing or is not JSON',
  }),
  refused('gcp-id-token', {
    cause: 'auth.id-token',
    title: 'GitHub gives the job no OIDC token',
    looksLike: 'the endpoint of the runner refuses the request for an OIDC token',
  }),
  refused('gcp-provider', {
    cause: 'auth.provider',
    title: 'The workload identity provider does not take the token',
    looksLike:
      'the token exchange ends with invalid_target: the provider is missing, disabled, or for another audience',
  }),
  refused('gcp-condition', {
    cause: 'auth.condition',
    title: 'The provider’s attribute condition refuses the job',
    looksLike: 'the token exchange ends with unauthorized_client',
  }),
  refused('gcp-account', {
    cause: 'auth.account',
    title: 'The service account does not exist',
    looksLike: 'Google knows no account of that e-mail, or it was deleted or disabled',
  }),
  refused('gcp-impersonation', {
    cause: 'auth.impersonation',
    title: 'The job may not become the service account',
    looksLike: 'generateAccessToken is refused for want of iam.serviceAccounts.getAccessToken',
  }),
  refused('gcp-clock', {
    cause: 'auth.clock',
    title: 'The clock of the runner is wrong',
    looksLike: 'Google calls the times in a token unreasonable or stale',
  }),
  refused('gcp-key', {
    cause: 'auth.key',
    title: 'The service account key is not valid any more',
    looksLike: 'Google calls the signature of the JWT invalid',
  }),
  refused('gcp-login-expired', {
    cause: 'auth.expired',
    title: 'The sign-in on this machine has expired',
    looksLike: 'a refresh of the user’s token ends with invalid_grant or invalid_rapt',
  }),
  refused('gcp-auth-unavailable', {
    cause: 'auth.unavailable',
    title: 'A token endpoint does not respond',
    looksLike: 'requests for a token end with 5xx, 429 or without a response, four times in a row',
  }),
  refused('gcp-token', {
    cause: 'auth.token',
    title: 'Google Cloud does not accept the access token',
    looksLike: 'a call to the Container API returns 401 UNAUTHENTICATED',
  }),
  refused('gcp-scopes', {
    cause: 'auth.scopes',
    title: 'The access token lacks the scope',
    looksLike: '403 with ACCESS_TOKEN_SCOPE_INSUFFICIENT',
  }),
  ownReason('gcp-auth', {
    cause: 'auth.refused',
    title: 'Google Cloud does not accept the identity',
    looksLike: 'the token exchange or the key is refused for a reason that no row knows',
  }),
  refused('gke-permission', {
    cause: 'gke.permission',
    title: 'The identity lacks a permission in Google Cloud',
    looksLike: '403 with IAM_PERMISSION_DENIED, or a sentence that names the permission',
  }),
  refused('gke-not-found', {
    cause: 'gke.not-found',
    title: 'The cluster or the node pool does not exist',
    looksLike: 'the Container API returns 404, or does not know the location',
  }),
  refused('gcp-api-disabled', {
    cause: 'gcp.api-disabled',
    title: 'An API is not enabled in the project',
    looksLike: '403 with SERVICE_DISABLED',
  }),
  refused('gcp-billing', {
    cause: 'gcp.billing',
    title: 'The project has no billing account',
    looksLike: '403 with BILLING_DISABLED',
  }),
  refused('gcp-project', {
    cause: 'gcp.project',
    title: 'The project does not exist or cannot be used',
    looksLike: '403 with CONSUMER_INVALID or CONSUMER_SUSPENDED, or 404 for the project',
  }),
  refused('gcp-perimeter', {
    cause: 'gcp.perimeter',
    title: 'A service perimeter keeps the identity out',
    looksLike: '403 with SECURITY_POLICY_VIOLATED or a vpcServiceControlsUniqueIdentifier',
  }),
  refused('gcp-rate-limit', {
    cause: 'gcp.rate-limit',
    title: 'The project calls the Container API too often',
    looksLike: '429 with RATE_LIMIT_EXCEEDED, six times in a row',
  }),
  refused('gke-org-policy', {
    cause: 'gke.org-policy',
    title: 'A policy of the organisation forbids it',
    looksLike: 'a refusal or a resize names a constraint, or ORG_RESTRICTION_VIOLATION',
  }),
  refused(
    'gke-reservation',
    {
      cause: 'gke.reservation',
      title: 'The reservation of the node pool cannot be used',
      looksLike: 'the reservation does not exist, is not shared, or does not fit the machines',
    },
    'cloud',
  ),
  refused(
    'gke-reservation-full',
    {
      cause: 'gke.reservation-full',
      title: 'The reservation has no room left',
      looksLike: 'the reservation is insufficient for the node pool: others use it',
    },
    'cloud',
  ),
  refused(
    'gke-ip-space',
    {
      cause: 'gke.ip-space',
      title: 'The subnet has no IP addresses left',
      looksLike: 'the resize ends with IP_SPACE_EXHAUSTED',
    },
    'cloud',
  ),
  refused(
    'gke-gang-size',
    {
      cause: 'gke.gang-size',
      title: 'The node pool comes as a whole slice only',
      looksLike: 'the target size is not that of the gang',
    },
    'cloud',
  ),
  ownReason('gke-refused', {
    cause: 'gke.refused',
    title: 'The Container API refuses the call for a reason of its own',
    looksLike: 'a status below 500 whose reason and words no row knows',
  }),
  refused('kube-token', {
    cause: 'kube.token',
    title: 'The cluster does not accept the access token',
    looksLike: 'the API server returns 401',
  }),
  refused('namespace-missing', {
    cause: 'namespace.missing',
    title: 'The namespace does not exist',
    looksLike: 'the API server returns 404 for the namespace',
  }),
  refused('namespace-terminating', {
    cause: 'namespace.terminating',
    title: 'The namespace is being deleted',
    looksLike: '403 with the cause NamespaceTerminating',
  }),
  refused('namespace-quota', {
    cause: 'namespace.quota',
    title: 'A ResourceQuota of the namespace is used up',
    looksLike: '403 "exceeded quota" with the quota, what was asked, used and allowed',
  }),
  refused('webhook-down', {
    cause: 'kube.webhook',
    title: 'A webhook of the cluster does not respond',
    looksLike: '500 "failed calling webhook": no endpoints, no connection, no trusted certificate',
  }),
  refused('conversion-webhook', {
    cause: 'kube.conversion-webhook',
    title: 'The conversion webhook of a kind does not respond',
    looksLike: '500 "conversion webhook for … failed"',
  }),
  refused('manifest-exported', {
    cause: 'manifest.exported',
    title: 'A manifest was exported from a cluster',
    looksLike: 'it carries uid, resourceVersion or managedFields, and the API server returns 400, 409 or 422',
  }),
  refused('manifest-immutable', {
    cause: 'manifest.immutable',
    title: 'A manifest changes a field that cannot be changed',
    looksLike: '422 "field is immutable"',
  }),
  ownReason('kube-refused', {
    cause: 'kube.refused',
    title: 'The Kubernetes API refuses it for a reason of its own',
    looksLike: 'a status below 500 whose reason and words no row knows',
  }),
];
