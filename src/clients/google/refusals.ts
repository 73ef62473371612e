import { type Refusal, type RefusalRow, rowFor } from '../../lib/refusal.ts';

/** Where a call of the Container API went. */
export interface GooglePlace {
  project: string;
  location: string;
  cluster: string;
}

/** google.rpc.Code, as the library maps it from HTTP where an answer does not name it. */
const RPC = {
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Which wait for the change of somebody else; GKE words them by the kind of the operation. */
const BUSY = [
  /running incompatible operation/,
  /currently being created, deleted, updated or repaired/,
  /\boperation \S+ is (?:currently |already )?(?:\w+ing|ACTIONING)\b/,
  /hits? the concurrent operations quota|too many (?:concurrent )?operations/,
  /Please wait and try again once it is done/,
];

const words = (patterns: readonly RegExp[]) => new RegExp(patterns.map(({ source }) => source).join('|'), 'i');

const iam = ({ facts }: Refusal) => facts?.permission ?? 'the permission that the message names';

const bind = ({ project }: GooglePlace, role: string) =>
  `gcloud projects add-iam-policy-binding ${project} --member MEMBER --role ${role}`;

/** In the quotes of a sentence such as `resource "TPUS_PER_PROJECT"`. */
const quotaName = ({ text, facts }: Refusal) =>
  facts?.quota_metric ?? /(?:resource|quota) ["']([^"']+)["']/i.exec(text)?.[1] ?? 'the quota that the message names';

/**
 * What GKE's operations and its calls say about nodes that cannot be had. The texts are those of Compute Engine, which the
 * operation quotes: its `[REASON]` in brackets, then its sentence. Events of the autoscaler have short words for the same,
 * such as "GCE out of resources" (pkg/events of GKE's cluster autoscaler).
 */
export const NODE_REFUSALS: readonly RefusalRow<GooglePlace>[] = [
  {
    code: 'gke-reservation',
    next: 'final',
    words:
      /reservation[^.]* (?:does not exist|(?:was|is|could) not (?:be )?found|is not (?:shared|compatible|ready))|no (?:matching )?reservation|incompatible[^.]* reservation|reservation (?:not (?:ready|found)|incompatible)|invalid reservation/i,
    remedy: (_, { project }) =>
      `Look at the reservation that the pool names: gcloud compute reservations list --project ${project}`,
  },
  {
    code: 'gke-reservation-full',
    next: 'final',
    words:
      /reservation[^.]*(?:does not have|is insufficient|no (?:available|free)|exhausted|not enough|insufficient|capacity exceeded)|insufficient reserved capacity/i,
    remedy: (_, { project }) =>
      `Wait until others have released the reservation, or make it larger: gcloud compute reservations list --project ${project}`,
  },
  {
    code: 'gke-ip-space',
    next: 'final',
    words:
      /IP_SPACE_EXHAUSTED|IP space of [^.]* is exhausted|insufficient free IP addresses|(?:no|not enough) (?:free|available) (?:pod )?IP|IP space exhausted/i,
    remedy: (_, { project }) =>
      `Make the range larger, or add a secondary one to the node pool: gcloud compute networks subnets list --project ${project}`,
  },
  {
    code: 'gke-gang-size',
    next: 'final',
    words: /gang (?:mode|size)/i,
    remedy: () =>
      'The pool is one slice of several hosts, which comes as a whole or not at all. Name a pool of single-host machines in "node-pool".',
  },
  {
    code: 'gke-org-policy',
    next: 'final',
    words: /constraints?\/[\w./]+|organi[sz]ation(?:'s|al)? polic(?:y|ies)\b(?!.*vpcServiceControls)/i,
    remedy: ({ text }, { project }) =>
      `Ask the owner of the organisation policy for an exception: gcloud org-policies describe ${/constraints\/([\w.]+)/.exec(text)?.[1] ?? 'CONSTRAINT'} --project ${project} --effective`,
  },
  {
    code: 'gke-stockout',
    next: 'final',
    words: /stockout|resource[_ ]pool[_ ]exhausted|does not have enough resources|GCE out of resources/i,
    remedy: () => 'Run again later, or use a reservation or another zone. The change under review is not at fault.',
  },
  {
    code: 'gke-quota',
    next: 'final',
    reasons: ['RESOURCE_QUOTA_EXCEEDED'],
    words:
      /quota[_ ]exceeded|insufficient (?:regional |project |zonal |global )?quota|(?:quota ["'][^"']+["'] exceeded)|exceeds? (?:the |its )?quota/i,
    remedy: (refusal, { project }) =>
      `Ask for more of ${quotaName(refusal)} (a quota of compute.googleapis.com), or lease fewer nodes: https://console.cloud.google.com/iam-admin/quotas?project=${project}`,
  },
];

/**
 * What a refusal of the Container API means. Reasons are those of google.api.ErrorReason; sentences are those of public
 * reports, whose numbers and names differ.
 */
export const GOOGLE_REFUSALS: readonly RefusalRow<GooglePlace>[] = [
  {
    code: 'gke-busy',
    next: 'wait',
    reasons: ['CLUSTER_ALREADY_HAS_OPERATION'],
    words: words(BUSY),
    remedy: (_, { project, location }) =>
      `Wait for the operation that runs: gcloud container operations list --location ${location} --project ${project}`,
  },
  {
    code: 'gcp-api-disabled',
    next: 'final',
    reasons: ['SERVICE_DISABLED', 'accessNotConfigured'],
    statuses: [RPC.permissionDenied],
    words: /has not been used in project .* before or it is disabled/i,
    remedy: ({ text, facts }, { project }) =>
      `gcloud services enable ${facts?.service ?? /\b([a-z]+\.googleapis\.com)\b(?!\/apis)/.exec(text.replace(/https?:\/\/\S*\/api\//, ''))?.[1] ?? 'container.googleapis.com'} --project ${project}; it acts after some minutes.`,
  },
  {
    code: 'gcp-billing',
    next: 'final',
    reasons: ['BILLING_DISABLED'],
    words: /requires billing to be enabled|billing (?:account )?(?:is|has been) (?:disabled|closed)/i,
    remedy: (_, { project }) => `gcloud billing projects link ${project} --billing-account ACCOUNT`,
  },
  {
    code: 'gcp-project',
    next: 'final',
    reasons: ['CONSUMER_INVALID', 'CONSUMER_SUSPENDED', 'RESOURCE_PROJECT_INVALID', 'PROJECT_INVALID'],
    statuses: [RPC.permissionDenied, RPC.notFound, RPC.invalidArgument],
    words:
      /\bproject ["']?[\w:.-]+["']? (?:was )?not found|project (?:may|does) not exist|project has been (?:suspended|deleted)|permission denied on resource project|unknown project id/i,
    remedy: (_, { project }) => `Correct "project-id": gcloud projects describe ${project}`,
  },
  {
    code: 'gcp-perimeter',
    next: 'final',
    reasons: ['SECURITY_POLICY_VIOLATED', 'VPC_SERVICE_CONTROLS'],
    words: /prohibited by organization's policy|vpcServiceControlsUniqueIdentifier/i,
    remedy: ({ text, facts }, { project }) =>
      `Ask the owner of the perimeter for an ingress rule for this identity: gcloud logging read 'protoPayload.metadata.vpcServiceControlsUniqueId="${facts?.uid ?? /UniqueIdentifier: ([\w-]+)/.exec(text)?.[1] ?? 'IDENTIFIER'}"' --project ${project}`,
  },
  {
    code: 'gke-org-policy',
    next: 'final',
    reasons: [
      'ORG_RESTRICTION_VIOLATION',
      'ORG_RESTRICTION_HEADER_INVALID',
      'LOCATION_ORG_POLICY_VIOLATED',
      'LOCATION_POLICY_VIOLATED',
    ],
    words: /organization restriction/i,
    remedy: (_, { project }) =>
      `Ask the owner of the organisation policy for an exception: gcloud org-policies list --project ${project}`,
  },
  {
    code: 'gcp-scopes',
    next: 'final',
    reasons: ['ACCESS_TOKEN_SCOPE_INSUFFICIENT'],
    words: /insufficient authentication scopes/i,
    remedy: () =>
      'The token may not do what the identity may. Sign in again (gcloud auth application-default login), or give the machine the scope cloud-platform.',
  },
  {
    code: 'gke-permission',
    next: 'final',
    reasons: ['USER_PROJECT_DENIED'],
    words: /required permission to use project/i,
    remedy: (_, place) => bind(place, 'roles/serviceusage.serviceUsageConsumer'),
  },
  {
    code: 'gke-permission',
    next: 'final',
    reasons: ['IAM_PERMISSION_DENIED'],
    statuses: [RPC.permissionDenied],
    words:
      /required ["'][a-z]+\.[\w.]+["']|permission ["'][\w.]+["'] denied|does not have (?:any of )?(?:the )?(?:required )?["']?[\w.]*["']? ?permission|missing (?:the )?(?:required )?permission|the caller does not have permission|lacks? (?:the )?(?:required )?permission/i,
    remedy: (refusal, place) =>
      `Grant ${iam(refusal)} to the identity by a role: ${bind(place, 'ROLE')}. A run needs container.clusters.get, container.clusters.update, container.clusters.connect, container.operations.get and container.operations.list; a new binding takes up to five minutes.`,
  },
  {
    code: 'gcp-token',
    next: 'final',
    reasons: [
      'ACCESS_TOKEN_EXPIRED',
      'CREDENTIALS_MISSING',
      'ACCESS_TOKEN_TYPE_UNSUPPORTED',
      'ACCOUNT_STATE_INVALID',
      'ACCESS_TOKEN_REVOKED',
    ],
    statuses: [RPC.unauthenticated],
    words: /^/,
    remedy: () =>
      'Check that the identity exists and is enabled: gcloud iam service-accounts describe EMAIL. On the command line: gcloud auth application-default login.',
  },
  {
    code: 'gcp-rate-limit',
    next: 'again',
    reasons: ['RATE_LIMIT_EXCEEDED'],
    words:
      /quota metric ['"].*per (?:minute|day|second)|quota exceeded for quota metric|rate limit|\(e\.g\. check quota\)/i,
    remedy: (_, { project }) =>
      `Run again in some minutes, or look who else calls the API: https://console.cloud.google.com/apis/api/container.googleapis.com/quotas?project=${project}`,
  },
  ...NODE_REFUSALS,
  {
    code: 'gke-not-found',
    next: 'final',
    statuses: [RPC.invalidArgument, RPC.notFound],
    words:
      /location ["'][^"']+["'] does not exist|(?:zone|region|location) ["']?[\w-]+["']? (?:does not exist|is (?:not valid|invalid))|invalid (?:zone|location)/i,
    remedy: notFound,
  },
  { code: 'gke-not-found', next: 'final', statuses: [RPC.notFound], remedy: notFound },
  {
    code: 'gke-api',
    next: 'again',
    statuses: [RPC.unknown, RPC.deadlineExceeded, RPC.internal, RPC.unavailable],
    remedy: () => 'Look at https://status.cloud.google.com, then run again.',
  },
];

/** The row that fits a refusal of the Container API; null for a reason of its own. */
export function googleRow(refusal: Refusal): RefusalRow<GooglePlace> | null {
  return rowFor(GOOGLE_REFUSALS, refusal);
}

function notFound({ text }: Refusal, { project, location, cluster }: GooglePlace): string {
  if (/nodePools?\b|node pool/i.test(text)) {
    return `Correct "node-pool": gcloud container node-pools list --cluster ${cluster} --location ${location} --project ${project}`;
  }
  return `Correct "project-id", "location" or "cluster": gcloud container clusters list --project ${project}`;
}
