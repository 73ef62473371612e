import type { Cause } from '../../lib/causes.ts';
import type { Evidence } from '../evidence.ts';
import { named, poolOf, type Rule } from './rule.ts';
import { USUAL_REMEDIES } from './usual-remedies.ts';

const LIST = 'gcloud container operations list';
const inPlace = ({ report }: Evidence) => `--location ${report.plan.location} --project ${report.plan.project}`;

/** How many nodes came; nothing where the call itself was refused. */
const arrived = ({ asked, got }: Record<string, unknown>) =>
  asked === undefined ? '' : `: ${got} of ${asked} arrived`;

/** What Google Cloud and the node pool do. Facts: field reports and Google's pages on stockouts and concurrent operations. */
export const CLOUD_RULES: readonly Rule[] = [
  named('gke-stockout', {
    cause: 'gke.stockout',
    title: 'The zone has no TPU capacity',
    family: 'cloud',
    looksLike:
      'the resize ends with GCE_STOCKOUT or ZONE_RESOURCE_POOL_EXHAUSTED, or FailedScaleUp has "GCE out of resources" until "lease-timeout" is over',
    explanation: (facts) =>
      `Google Compute Engine could not create the nodes${arrived(facts)}. The change under review is not at fault.`,
    remedy: () => 'Run again later, or use a reservation or a pool in another zone.',
  }),
  named('gke-partial', {
    cause: 'gke.partial',
    title: 'Only some of the nodes arrived',
    family: 'cloud',
    looksLike: 'the operation is done without an error, and fewer nodes are there than were asked for',
    explanation: ({ asked, got }) =>
      `${got} of ${asked} nodes arrived, and the operation has no more to say. The change under review is not at fault.`,
    remedy: () => 'Run again later. GKE may repair the pool meanwhile; the release waits for that.',
  }),
  named('gke-quota', {
    cause: 'gke.quota',
    title: 'The TPU quota is too small',
    family: 'cloud',
    looksLike: 'the resize ends with GCE_QUOTA_EXCEEDED or "Insufficient quota"',
    explanation: ({ asked }) => `The project may not have ${asked ?? 'so many'} nodes of this kind.`,
    remedy: (_, { failure, report }) =>
      failure?.hint?.includes('quotas?project=')
        ? failure.hint
        : `Ask for more of the quota that the evidence names (a compute.googleapis.com quota, not tpu.googleapis.com): https://console.cloud.google.com/iam-admin/quotas?project=${report.plan.project}`,
  }),
  named('gke-node-permission', {
    cause: 'gke.node-permission',
    title: 'GKE may not create the nodes',
    family: 'cloud',
    looksLike: 'the resize ends with a condition about the service account of the nodes',
    explanation: ({ asked, got }) =>
      `${got} of ${asked} nodes arrived: GKE itself, and not the gate, lacks a permission to make them.`,
    remedy: () =>
      'Look at the service account that the evidence names: it must exist, be enabled, and the Kubernetes Engine Service Agent must be allowed to use it (roles/iam.serviceAccountUser).',
  }),
  named('gke-resize-failed', {
    cause: 'gke.resize-failed',
    title: 'The resize ended in an error',
    confidence: 'probable',
    family: 'cloud',
    looksLike: 'the operation is done with an error that is not one of the above',
    explanation: ({ asked, got }) =>
      `${got} of ${asked} nodes arrived, and GKE gave the reason that the evidence quotes.`,
    remedy: (_, evidence) =>
      `Look at the operation: ${LIST} ${inPlace(evidence)}. Run again when its reason has passed.`,
  }),
  named('gke-provisioning-failed', {
    cause: 'gke.provisioning-failed',
    title: 'GKE did not meet the request for nodes',
    confidence: 'probable',
    family: 'cloud',
    looksLike: 'the ProvisioningRequest is Failed or CapacityRevoked',
    explanation: ({ asked, got }) =>
      `${got} of ${asked} nodes arrived, and GKE gave the reason that the evidence quotes. The change under review is not at fault.`,
    remedy: () => 'Run again later, or name a pool with other capacity in "node-pool".',
  }),
  {
    cause: 'nodes.no-chips',
    title: 'The nodes advertise no TPU chips',
    family: 'cloud',
    confidence: 'proven',
    looksLike: 'nodes are Ready and have no allocatable google.com/tpu: the device plugin does not run',
    match({ failure, cluster }) {
      const bare = (cluster?.nodes ?? []).filter(({ ready, chips }) => ready && chips === 0);
      if (failure?.code !== 'nodes-timeout' || bare.length === 0) return null;
      return {
        seen: bare.map(({ name }) => `node/${name}: Ready, google.com/tpu 0`),
        explanation: `${bare.length} of ${cluster?.nodes.length} nodes are Ready but have no allocatable google.com/tpu, so no replica can run on them: GKE's TPU device plugin did not start there.`,
      };
    },
    remedy: () =>
      'kubectl -n kube-system get pods -l k8s-app=tpu-device-plugin -o wide; recreate the node pool if its machine type or image was changed.',
  },
  {
    cause: 'nodes.not-ready',
    title: 'The nodes came and did not become Ready',
    family: 'cloud',
    confidence: 'proven',
    looksLike: 'Node objects exist with Ready=False or Unknown',
    match({ failure, cluster }) {
      const unready = (cluster?.nodes ?? []).filter(({ ready }) => !ready);
      if (failure?.code !== 'nodes-timeout' || unready.length === 0) return null;
      return {
        seen: unready.map(({ name, readyMessage }) => `node/${name}: not Ready (${readyMessage})`),
        explanation: `${unready.length} of ${cluster?.nodes.length} nodes registered and did not become Ready in time: their kubelet or network plugin failed.`,
      };
    },
    remedy: (evidence) =>
      `kubectl describe nodes -l cloud.google.com/gke-nodepool=${poolOf(evidence)}; the change under review cannot cause this.`,
  },
  named('nodes-timeout', {
    cause: 'gke.nodes-timeout',
    title: 'The nodes did not become Ready in time',
    family: 'cloud',
    looksLike: 'the resize is still running when "lease-timeout" is over',
    explanation: ({ asked, got }) =>
      `${got} of ${asked} nodes had registered with Kubernetes when the limit came, and the operation had not failed.`,
    remedy: (_, evidence) =>
      `Look at the operation: ${LIST} ${inPlace(evidence)}. Raise "lease-timeout" if nodes were still arriving.`,
  }),
  named('gke-api', {
    cause: 'gke.unavailable',
    title: 'The Container API does not respond',
    family: 'cloud',
    looksLike: 'calls to the Container API end with 5xx or by their time limit, six times in a row',
    explanation: () =>
      'A call to the Container API failed at each of its tries. The change under review is not at fault.',
    remedy: () => 'Look at https://status.cloud.google.com, then run again.',
  }),
  named('gke-answer', {
    cause: 'gke.answer',
    title: 'Another server responds in place of the Container API',
    family: 'cloud',
    looksLike: 'the responses are not clusters, pools or operations, six times in a row: a proxy or a captive portal',
    explanation: () =>
      'A call to the Container API got a response of another shape at each of its tries. The change under review is not at fault.',
    remedy: () => 'Look for a proxy between the runner and container.googleapis.com, then run again.',
  }),
  named('node-preempted', {
    cause: 'gke.preempted',
    title: 'A spot node was taken back',
    family: 'cloud',
    looksLike: 'a leased node of a spot pool is gone before the run has ended',
    explanation: ({ lost }) =>
      `Google Cloud took ${lost === 1 ? 'a node' : `${lost} nodes`} of the spot pool back during the run. What was measured is of another system, so there is no verdict.`,
    remedy: () => 'Run again, or use a pool that is not of spot nodes.',
  }),
  named('node-lost', {
    cause: 'gke.node-lost',
    title: 'A leased node went away',
    family: 'cloud',
    looksLike: 'a leased node of a pool on demand is gone before the run has ended',
    explanation: ({ lost }) =>
      `${lost === 1 ? 'A node' : `${lost} nodes`} of the pool went away during the run, by maintenance, repair, the autoscaler or a fault. What was measured is of another system, so there is no verdict.`,
    remedy: (_, evidence) => `Look at the operations of the cluster (${LIST} ${inPlace(evidence)}), then run again.`,
  }),
  named('pool-leased', {
    cause: 'pool.leased',
    title: 'Another run has the node pool',
    family: 'config',
    looksLike: 'the lease of the pool has another holder, and "on-busy" is stop or "busy-timeout" is over',
    explanation: ({ holder }) =>
      `The lease of the pool is ${holder ?? 'another run'}'s. Nothing was leased, and nothing was asked of the pool.`,
    remedy: () =>
      'Let that run end. A concurrency group in the workflow, one for each pool, makes runs wait their turn instead.',
  }),
  named('pool-kept', {
    cause: 'pool.kept',
    title: 'The node pool serves a stack that was deployed to stay',
    family: 'config',
    looksLike: 'the lease of the pool keeps a stack for longer than the run may wait',
    explanation: ({ holder }) =>
      `${holder ?? 'Another run'} deployed a stack that is to stay. Nothing was leased, and nothing was asked of the pool.`,
    remedy: () =>
      'End that stack first (mode: cleanup), measure on another pool, or raise "busy-timeout" beyond its end.',
  }),
  named('lease-lost', {
    cause: 'lease.lost',
    title: 'The lease of the node pool was lost',
    family: 'config',
    looksLike: 'the Lease object has another holder, or is gone, while the run is under way',
    explanation: () =>
      'Another run took the lease, or somebody deleted it, while this run was under way; the pool may be resized by others.',
    remedy: () => 'Run again, and see that every run on the pool has the same "lease-namespace".',
  }),
  named('pool-busy', {
    cause: 'pool.busy',
    title: 'An operation holds the node pool',
    family: 'cloud',
    looksLike: 'GKE refuses the resize with CLUSTER_ALREADY_HAS_OPERATION until the limit',
    explanation: () => 'GKE changes a node pool by one operation at a time, and another one did not end in time.',
    remedy: (_, evidence) => `Wait for the operation that the evidence names: ${LIST} ${inPlace(evidence)}.`,
  }),
  named('gke-busy', {
    cause: 'pool.busy',
    title: 'An operation holds the node pool',
    family: 'cloud',
    looksLike: 'GKE refuses a change with CLUSTER_ALREADY_HAS_OPERATION, or for the number of operations that run',
    explanation: (_, { failure }) => failure?.message ?? '',
    remedy: (_, evidence) => `Wait for the operation that the evidence names: ${LIST} ${inPlace(evidence)}.`,
  }),
  pool('pool-unusable', 'pool.unusable', 'The node pool is broken', 'the pool is ERROR or STOPPING'),
  pool(
    'pool-multi-zone',
    'pool.multi-zone',
    'The node pool spans several zones',
    'the pool has more than one location',
  ),
  pool(
    'pool-autoscaled',
    'pool.autoscaled',
    'The node pool is autoscaled',
    'autoscaling is on, and "capacity" is resize: the autoscaler owns the size',
  ),
  pool(
    'pool-queued',
    'pool.queued',
    'The node pool takes queued requests only',
    'queuedProvisioning is on, and "capacity" is resize',
  ),
  pool(
    'pool-flex-start',
    'pool.flex-start',
    'The node pool is of flex-start nodes',
    'flexStart is on, and "capacity" is resize',
  ),
  pool(
    'pool-not-autoscaled',
    'pool.not-autoscaled',
    'The node pool has no autoscaler',
    '"capacity" is demand, or the pool is of flex-start or queued nodes, and autoscaling is off',
  ),
  pool(
    'pool-autoscaler-limits',
    'pool.autoscaler-limits',
    'The limits of the autoscaler do not fit the run',
    'the autoscaler keeps more nodes than "resting-nodes", or brings fewer than the run needs',
  ),
  pool('pool-not-tpu', 'pool.not-tpu', 'The node pool has no TPU machines', 'the machine type has no chips'),
  pool(
    'pool-multi-host',
    'pool.multi-host',
    'The node pool is one slice of several hosts',
    'the topology has more chips than a machine',
  ),
  pool('pool-not-found', 'pool.not-found', 'The node pool does not exist', '"node-pool" names none of the pools'),
  pool('pool-ambiguous', 'pool.ambiguous', 'The node pool must be named', 'none or several pools have TPU machines'),
  pool(
    'pool-too-small',
    'pool.too-small',
    'The replicas do not fit on the nodes',
    'chips asked for exceed those of the nodes to lease',
  ),
  pool(
    'too-many-nodes',
    'pool.too-many-nodes',
    'The run asks for more nodes than it may',
    '"nodes", "resting-nodes" or the replicas of the manifests exceed "max-nodes"',
  ),
  pool(
    'pool-mismatch',
    'pool.mismatch',
    'The pods ask for other nodes than the pool has',
    'node selector or chips of the template fit no node of the pool',
  ),
  pool('pool-in-use', 'pool.in-use', 'The node pool serves somebody else', 'TPU pods of others run on the nodes'),
  pool(
    'cluster-not-running',
    'cluster.not-running',
    'The cluster is not running',
    'the cluster is PROVISIONING, STOPPING or ERROR',
  ),
];

/** A shape of the pool that preflight has refused: its sentence and its hint say all. */
function pool(code: string, cause: Cause, title: string, looksLike: string): Rule {
  return named(code, { cause, title, looksLike, family: 'config', usual: USUAL_REMEDIES[cause] });
}
