import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Reply } from '../../../../lab/google/http.ts';
import { type GcpLab, startGcpLab } from '../../../../lab/test/google/gcp-lab.ts';
import { createGkeClient, type GkeClient } from '../../../../src/clients/google/gke.ts';
import { isOperationConflict } from '../../../../src/clients/google/operation-conflict.ts';
import type { Failure } from '../../../../src/lib/failure.ts';
import { gkeOptions } from './gcp-auth.ts';

/** A refusal as the Container API sends it: HTTP status, canonical status, ErrorInfo's reason and metadata, words. */
interface Given {
  http: number;
  status: string | null;
  reason?: string;
  metadata?: Record<string, string>;
  words: string;
}

const given = (
  http: number,
  status: string | null,
  words: string,
  reason?: string,
  metadata?: Record<string, string>,
): Given => ({ http, status, words, ...(reason ? { reason } : {}), ...(metadata ? { metadata } : {}) });

type Wanted = [code: string, blame: string, calls: number, hint: RegExp | null];

const denied = (words: string, reason?: string, metadata?: Record<string, string>) =>
  given(403, 'PERMISSION_DENIED', words, reason, metadata);
const precondition = (words: string, reason?: string) => given(400, 'FAILED_PRECONDITION', words, reason);
const exhausted = (words: string, reason?: string) => given(429, 'RESOURCE_EXHAUSTED', words, reason);

const QUOTA = /iam-admin\/quotas\?project=demo/;
const OPERATIONS = /gcloud container operations list --location us-east5-b --project demo/;

const CASES: [Given, Wanted][] = [
  // Quota, which comes as a missing permission.
  [
    denied(
      "Insufficient regional quota to satisfy request: resource \"TPUS\": request requires '12.0' and is short '4.0'. project has a quota of '8.0' with '8.0' available.",
    ),
    ['gke-quota', 'config', 1, /more of TPUS .*quotas\?project=demo/],
  ],
  [
    denied(
      '\n\t(1) insufficient regional quota to satisfy request: resource "CPUS": request requires \'72.0\'\n\t(2) insufficient regional quota to satisfy request: resource "IN_USE_ADDRESSES"',
    ),
    ['gke-quota', 'config', 1, QUOTA],
  ],
  [
    denied('Insufficient project quota to satisfy request: resource "CPUS_ALL_REGIONS"'),
    ['gke-quota', 'config', 1, QUOTA],
  ],
  [
    exhausted("Quota 'TPUS_PER_TPU_FAMILY' exceeded.  Limit: 0.0 in region us-east5."),
    ['gke-quota', 'config', 1, QUOTA],
  ],
  // An API, a project, a bill.
  [
    denied(
      'Kubernetes Engine API has not been used in project 4711 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/container.googleapis.com/overview?project=4711 then retry.',
      'SERVICE_DISABLED',
      { service: 'container.googleapis.com', consumer: 'projects/4711' },
    ),
    ['gcp-api-disabled', 'config', 1, /^gcloud services enable container\.googleapis\.com --project demo/],
  ],
  [
    denied(
      'Kubernetes Engine API has not been used in project 4711 before or it is disabled. Enable it by visiting the console.',
    ),
    ['gcp-api-disabled', 'config', 1, /^gcloud services enable container\.googleapis\.com/],
  ],
  [
    denied('This API method requires billing to be enabled.', 'BILLING_DISABLED'),
    ['gcp-billing', 'config', 1, /gcloud billing projects link demo/],
  ],
  [
    denied('Permission denied on resource project demoo.', 'CONSUMER_INVALID'),
    ['gcp-project', 'config', 1, /gcloud projects describe demo/],
  ],
  [
    denied('Consumer projects/4711 has been suspended.', 'CONSUMER_SUSPENDED'),
    ['gcp-project', 'config', 1, /gcloud projects describe/],
  ],
  [given(404, 'NOT_FOUND', 'Project "demoo" was not found.'), ['gcp-project', 'config', 1, /gcloud projects describe/]],
  // Perimeter and organisation.
  [
    denied(
      "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: XyZ_1-a",
      'SECURITY_POLICY_VIOLATED',
      { uid: 'XyZ_1-a' },
    ),
    ['gcp-perimeter', 'cluster', 1, /vpcServiceControlsUniqueId="XyZ_1-a"/],
  ],
  [
    denied("Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: XyZ_1-a"),
    ['gcp-perimeter', 'cluster', 1, /vpcServiceControlsUniqueId="XyZ_1-a"/],
  ],
  [
    denied('Access denied by organization restriction.', 'ORG_RESTRICTION_VIOLATION'),
    ['gke-org-policy', 'cluster', 1, /gcloud org-policies/],
  ],
  [
    given(412, 'FAILED_PRECONDITION', 'Constraint constraints/compute.vmExternalIpAccess violated for project demo.'),
    ['gke-org-policy', 'cluster', 1, /describe compute\.vmExternalIpAccess --project demo --effective/],
  ],
  // Permissions.
  [
    denied('Required "container.clusters.update" permission(s) for "projects/demo".', 'IAM_PERMISSION_DENIED', {
      permission: 'container.clusters.update',
    }),
    ['gke-permission', 'config', 1, /^Grant container\.clusters\.update .*gcloud projects add-iam-policy-binding demo/],
  ],
  [
    denied('Required "container.clusters.update" permission(s) for "projects/demo".'),
    ['gke-permission', 'config', 1, /add-iam-policy-binding/],
  ],
  [denied('The caller does not have permission'), ['gke-permission', 'config', 1, /add-iam-policy-binding/]],
  [
    denied('Caller does not have required permission to use project demo.', 'USER_PROJECT_DENIED'),
    ['gke-permission', 'config', 1, /roles\/serviceusage\.serviceUsageConsumer/],
  ],
  [
    denied('Request had insufficient authentication scopes.', 'ACCESS_TOKEN_SCOPE_INSUFFICIENT'),
    ['gcp-scopes', 'config', 1, /application-default login/],
  ],
  [
    given(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.', 'ACCESS_TOKEN_EXPIRED'),
    ['gcp-token', 'config', 1, /application-default login/],
  ],
  [
    given(401, 'UNAUTHENTICATED', 'Account is not active.', 'ACCOUNT_STATE_INVALID'),
    ['gcp-token', 'config', 1, /service-accounts describe/],
  ],
  // What passes by itself.
  [
    exhausted('Too many operations: cluster "serving" hits the concurrent operations quota 5, please try again later.'),
    ['gke-busy', 'cluster', 1, OPERATIONS],
  ],
  [
    precondition(
      'Operation operation-17-ab is currently deleting a node pool for cluster serving. Please wait and try again once it is done.',
    ),
    ['gke-busy', 'cluster', 1, OPERATIONS],
  ],
  [
    precondition(
      'Operation operation-17-ab is currently upgrading cluster serving. Please wait and try again once it is done.',
    ),
    ['gke-busy', 'cluster', 1, OPERATIONS],
  ],
  [
    precondition('Cluster is running incompatible operation operation-17-ab.', 'CLUSTER_ALREADY_HAS_OPERATION'),
    ['gke-busy', 'cluster', 1, OPERATIONS],
  ],
  [
    given(409, 'ABORTED', 'Cluster is running incompatible operation operation-17-ab.'),
    ['gke-busy', 'cluster', 1, OPERATIONS],
  ],
  [
    exhausted(
      "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute'",
      'RATE_LIMIT_EXCEEDED',
    ),
    ['gcp-rate-limit', 'config', 6, /run again/i],
  ],
  [exhausted('Resource has been exhausted (e.g. check quota).'), ['gcp-rate-limit', 'config', 6, /run again/i]],
  [
    given(503, 'UNAVAILABLE', 'The service is currently unavailable.'),
    ['gke-api', 'cloud', 6, /status\.cloud\.google\.com/],
  ],
  [given(500, 'INTERNAL', 'Internal error encountered.'), ['gke-api', 'cloud', 6, /status\.cloud\.google\.com/]],
  // Nodes that cannot be had.
  [
    exhausted(
      'Reservation does not have enough resources for the request: specific reservation "r1" is insufficient for node pool "v6e" at zone "us-east5-b": required 1 and short of 1 VM count of machine type ct6e-standard-4t.',
    ),
    ['gke-reservation-full', 'cluster', 1, /gcloud compute reservations list --project demo/],
  ],
  [
    given(400, 'INVALID_ARGUMENT', 'The specified reservation "r1" does not exist in zone us-east5-b.'),
    ['gke-reservation', 'config', 1, /gcloud compute reservations list/],
  ],
  [
    precondition('IP_SPACE_EXHAUSTED_WITH_DETAILS: Insufficient free IP addresses in the IP range "10.0.1.0/24".'),
    ['gke-ip-space', 'cluster', 1, /subnets list --project demo/],
  ],
  [
    given(
      400,
      'INVALID_ARGUMENT',
      "Requested invalid target size '3' for a Managed Instance Group in the gang mode of size '4'. Should be equal to the gang size.",
    ),
    ['gke-gang-size', 'config', 1, /"node-pool"/],
  ],
  [
    exhausted(
      "The zone 'projects/demo/zones/us-east5-b' does not have enough resources available to fulfill the request. Try a different zone, or use a reservation.",
    ),
    ['gke-stockout', 'cloud', 1, /later/],
  ],
  // Names.
  [
    given(404, 'NOT_FOUND', 'Not found: projects/demo/locations/us-east5-b/clusters/serving.'),
    ['gke-not-found', 'config', 1, /gcloud container clusters list --project demo/],
  ],
  [
    given(404, 'NOT_FOUND', 'Not found: projects/demo/zones/us-east5-b/clusters/serving/nodePools/v7.'),
    ['gke-not-found', 'config', 1, /node-pools list --cluster serving --location us-east5-b --project demo/],
  ],
  [
    given(400, 'INVALID_ARGUMENT', 'Location "us-east5-zz" does not exist.'),
    ['gke-not-found', 'config', 1, /gcloud container clusters list/],
  ],
];

/** Near misses: nothing but the API's own sentence, and no remedy of another cause. */
const OWN: [Given, number][] = [
  [denied('The moon is in the wrong phase for this request.'), 1],
  [denied('The moon is in the wrong phase.', 'MOON_PHASE'), 1],
  [denied('You read the quota page without permission slips.'), 1],
  [precondition('Node pool "v6e" is autoscaled.'), 1],
  [precondition('The cluster is currently unreachable.'), 1],
  [given(400, 'INVALID_ARGUMENT', 'The node count must not be negative.'), 1],
  [given(400, 'INVALID_ARGUMENT', 'The field locations is immutable.'), 1],
  [given(501, 'UNIMPLEMENTED', 'Operation is not implemented.'), 1],
  [given(409, 'ALREADY_EXISTS', 'Already exists: a reservation of that name.'), 1],
  // Tried again, for a rate passes; then its own words.
  [exhausted('No more moons today.'), 6],
];

let lab: GcpLab;
let client: GkeClient;
let reply: Reply | null = null;
let asked = 0;

beforeAll(async () => {
  lab = await startGcpLab({
    inject: ({ path }) => {
      if (!reply || !path.includes(':setSize')) return undefined;
      asked += 1;
      return reply;
    },
  });
  client = await createGkeClient(gkeOptions(lab));
});
beforeEach(() => {
  asked = 0;
});

/** Tries of a call. On a 401 and a 403 the library sends each once more, with a fresh token. */
const tries = (http: number) => asked / (http === 401 || http === 403 ? 2 : 1);
afterAll(async () => {
  await client.close();
  await lab.close();
});

async function refused({ http, status, reason, metadata = {}, words }: Given): Promise<Failure> {
  const domain = 'googleapis.com';
  const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain, metadata };
  const request = { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: '0x1' };
  const details = [request, ...(reason ? [info] : [])];
  reply = { status: http, body: { error: { code: http, message: words, ...(status ? { status } : {}), details } } };
  return client.setNodePoolSize('v6e', 3).then(
    () => {
      throw new Error('it was accepted');
    },
    (error: Failure) => error,
  );
}

describe('a refusal of the Container API', () => {
  it.each(CASES)('%j', async (answer, [code, blame, calls, hint]) => {
    const failure = await refused(answer);
    expect([failure.code, failure.blame, tries(answer.http)]).toEqual([code, blame, calls]);
    expect(failure.message).toContain(answer.words);
    expect(failure.hint).toMatch(hint ?? /./);
    expect(failure.hint).not.toMatch(/undefined|null|docs\/|manifests\//);
    expect(isOperationConflict(failure)).toBe(code === 'gke-busy');
  });

  it.each(OWN)('for a reason of its own: %j', async (answer, calls) => {
    const failure = await refused(answer);
    expect([failure.code, tries(answer.http)]).toEqual(['gke-refused', calls]);
    expect(failure.message).toBe(`Resize of v6e to 3: ${answer.words}`);
    expect(failure.hint).toBeUndefined();
    expect(isOperationConflict(failure)).toBe(false);
  });
});
