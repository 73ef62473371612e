import { refusedByGoogle } from './google-row.ts';

/** A resize that may still become possible is asked for until the lease's limit, and is possible soon after. */
const BRIEFLY = { flags: ['--lease-timeout=4s'], seconds: 8 };

/** What the request for nodes is answered with: sentences of public reports. */
export const GOOGLE_NODE_SCENARIOS = refusedByGoogle([
  {
    name: 'org-policy',
    summary: 'a policy of the organisation forbids the nodes',
    cause: 'gke.org-policy',
    call: 'resize',
    status: 'FAILED_PRECONDITION',
    words: 'Constraint constraints/compute.vmExternalIpAccess violated for project lab-project.',
    remedy: 'gcloud org-policies describe compute.vmExternalIpAccess',
  },
  {
    name: 'quota-in-403',
    summary: 'the quota does not suffice, and the API calls that a missing permission',
    cause: 'gke.quota',
    call: 'resize',
    status: 'PERMISSION_DENIED',
    words:
      "Insufficient regional quota to satisfy request: resource \"TPUS\": request requires '12.0' and is short '4.0'. project has a quota of '8.0' with '8.0' available.",
    shows: "is short '4.0'",
    remedy: 'quotas?project=lab-project',
  },
  {
    name: 'quota-in-429',
    summary: 'the quota of the TPU family does not suffice',
    cause: 'gke.quota',
    call: 'resize',
    status: 'RESOURCE_EXHAUSTED',
    words: "Quota 'TPUS_PER_TPU_FAMILY' exceeded.  Limit: 8.0 in region europe-west4.",
    shows: 'TPUS_PER_TPU_FAMILY',
    remedy: 'TPUS_PER_TPU_FAMILY',
  },
  {
    name: 'operations-quota',
    summary: 'the cluster has as many operations as it may have at a time',
    cause: 'pool.busy',
    call: 'resize',
    status: 'RESOURCE_EXHAUSTED',
    words:
      'Too many operations: cluster "llmd-istio-tpu-pattern1" hits the concurrent operations quota 5, please try again later.',
    shows: 'concurrent operations quota 5',
    remedy: 'gcloud container operations list',
    ...BRIEFLY,
  },
  {
    name: 'pool-being-deleted',
    summary: 'another node pool of the cluster is being deleted, for the whole wait',
    cause: 'pool.busy',
    call: 'resize',
    status: 'FAILED_PRECONDITION',
    words:
      'Operation operation-1700000000000-ab is currently deleting a node pool for cluster llmd-istio-tpu-pattern1. Please wait and try again once it is done.',
    shows: 'is currently deleting a node pool',
    remedy: 'gcloud container operations list',
    ...BRIEFLY,
  },
  {
    name: 'reservation-missing',
    summary: 'the reservation of the node pool does not exist',
    cause: 'gke.reservation',
    call: 'resize',
    status: 'INVALID_ARGUMENT',
    words: 'The specified reservation "tpu-team" does not exist in zone europe-west4-a.',
    remedy: 'gcloud compute reservations list',
  },
  {
    name: 'reservation-full',
    summary: 'others use the reservation of the node pool',
    cause: 'gke.reservation-full',
    call: 'resize',
    status: 'RESOURCE_EXHAUSTED',
    words:
      'Reservation does not have enough resources for the request: specific reservation "tpu-team" is insufficient for node pool "tpu-v6e-pool" at zone "europe-west4-a": required 3 and short of 1 VM count of machine type ct6e-standard-4t.',
    shows: 'is insufficient for node pool',
    remedy: 'gcloud compute reservations list',
  },
  {
    name: 'ip-range-full',
    summary: 'the range of the pods has no free addresses',
    cause: 'gke.ip-space',
    call: 'resize',
    status: 'FAILED_PRECONDITION',
    words: 'IP_SPACE_EXHAUSTED_WITH_DETAILS: Insufficient free IP addresses in the IP range "10.0.1.0/24".',
    shows: '10.0.1.0/24',
    remedy: 'gcloud compute networks subnets list',
  },
  {
    name: 'gang-size',
    summary: 'the node pool is one slice of several hosts, and cannot be set to three',
    cause: 'gke.gang-size',
    call: 'resize',
    status: 'INVALID_ARGUMENT',
    words:
      "Requested invalid target size '3' for a Managed Instance Group in the gang mode of size '4'. Should be equal to the gang size.",
    shows: 'Should be equal to the gang size',
    remedy: '"node-pool"',
  },
  {
    name: 'stockout-at-once',
    summary: 'the zone has no capacity, and the call itself is refused for it',
    cause: 'gke.stockout',
    call: 'resize',
    status: 'RESOURCE_EXHAUSTED',
    words:
      "The zone 'projects/lab-project/zones/europe-west4-a' does not have enough resources available to fulfill the request. Try a different zone, or try again later.",
    shows: 'does not have enough resources available',
  },
  {
    name: 'outside-google-resize',
    summary: 'the resize is refused in words that resemble those of a permission and of a quota',
    cause: 'gke.refused',
    call: 'resize',
    status: 'FAILED_PRECONDITION',
    words: 'The quota page says that lunar permission forms are due on Friday.',
    outside: true,
  },
]);
