import type { GkeClient } from '../clients/google/gke.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { Deployment, Event, Node, Pod } from '../clients/kubernetes/kinds.ts';
import { errorText } from '../lib/failure.ts';
import { ANY_WORKLOAD_SELECTOR, isWorkload, NAME_LABEL, serviceSelector } from '../stack/labels.ts';
import { usesTpu } from '../stack/pods.ts';
import { readService } from '../stack/service.ts';
import { ACCELERATOR_LABEL, TOPOLOGY_LABEL, TPU_RESOURCE } from '../tpu/machines.ts';
import { collectNetwork, type NetworkSubject } from './collect-network.ts';
import type { ClusterEvidence, EventEvidence, NodeEvidence, PodEvidence, PodRole } from './evidence.ts';
import { lastWords } from './last-words.ts';
import { bounded, conditionsOf, podEvidence } from './read-pod.ts';

export interface CollectOptions {
  kube: KubeClient;
  gke: GkeClient | null;
  /** Null before preflight has found it. */
  service: {
    apiVersion: string;
    name: string;
    namespace: string;
    routes?: readonly string[];
    beside?: string;
  } | null;
  namespace: string;
  nodePool: string | null;
  gateway: { namespace: string; name: string } | null;
  /** Reads the counters of the gateway's proxies as lines; null where no route is known. */
  gatewayCounters: (() => Promise<string[]>) | null;
  limitMs: number;
}

/** Of the end of each run's log: an engine's error stands up to hundreds of lines above the API server's last one. */
const LOG_BYTES = 256 * 1024;
/** What one request may bring. Four times as many lines as fit need no more than one further request. */
const REPLY_BYTES = 4 * LOG_BYTES;
/** The kubelet splits lines at 16 KiB and counts the parts, so the last of these always fits into a reply. */
const TAILS = [3_000, 750, 180, 45] as const;
const MOST_PODS = 20;
const MOST_EVENTS = 80;
const MOST_NODES = 64;
const MOST_OPERATIONS = 10;
/** Deployments of the controllers that a reader would ask about, by the words in their names. */
const CONTROLLER_NAMESPACES = ['opendatahub', 'kserve', 'istio-system'] as const;

/**
 * What the cluster and the cloud say now of a run that did not pass: conditions, pods with the last lines of each
 * container, events, nodes, pool, routes, gateway, filters, policies. Best effort and bounded in size and time: a problem
 * here must not hide the one that is being explained, and is reported as a gap.
 */
export async function collectEvidence(options: CollectOptions): Promise<ClusterEvidence> {
  const found = emptyEvidence();
  const limit = new Promise<'late'>((resolve) => {
    setTimeout(() => resolve('late'), options.limitMs).unref();
  });
  // What is there when the time is over is what there is.
  if ((await Promise.race([collect(options, found), limit])) === 'late') {
    found.gaps.push(`not everything was read within ${Math.round(options.limitMs / 1_000)} s`);
  }
  return structuredClone(found);
}

/** Evidence of nothing: what nobody was asked for. */
export function emptyEvidence(): ClusterEvidence {
  return {
    collectedAt: new Date().toISOString(),
    gaps: [],
    service: null,
    pods: [],
    deployments: [],
    events: [],
    nodes: [],
    pool: null,
    strangers: [],
    routes: [],
    inferencePools: [],
    gateway: null,
    istiodImage: null,
    controllerImages: [],
    filters: [],
    destinationRules: [],
    blocked: [],
    policies: [],
    gatewayCounters: [],
  };
}

async function collect(options: CollectOptions, found: ClusterEvidence): Promise<'done'> {
  const { kube, gke, service, namespace, nodePool } = options;
  const gather = async (what: string, read: () => Promise<void>) => {
    try {
      await read();
    } catch (error) {
      found.gaps.push(`${what}: ${bounded(errorText(error), 300)}`);
    }
  };
  const list = async <Kind extends string>(apiVersion: string, kind: Kind, where: string, labelSelector?: string) =>
    (await kube.list(apiVersion, kind, { namespace: where, ...(labelSelector ? { labelSelector } : {}) })) ?? [];

  const pods = gather('pods', async () => {
    const selector = service ? serviceSelector(service.name) : ANY_WORKLOAD_SELECTOR;
    for (const pod of (await list('v1', 'Pod', namespace, selector)).slice(0, MOST_PODS)) {
      found.pods.push(podEvidence(pod, roleOf(pod)));
    }
    await Promise.all(found.pods.map((pod) => readLogs(kube, pod, gather)));
  });
  const events = gather('events', async () => {
    const events = await list('v1', 'Event', namespace);
    found.events.push(...eventsOf(events.filter((event) => !isBeside(event, service?.beside))));
  });
  await Promise.all([
    pods,
    events,
    gather('the LLMInferenceService', async () => {
      if (service) found.service = await serviceEvidence(kube, service);
    }),
    gather('deployments', async () => {
      for (const { metadata, spec, status } of await list('apps/v1', 'Deployment', namespace)) {
        if (service && metadata.labels?.[NAME_LABEL] !== service.name) continue;
        found.deployments.push({
          name: metadata.name,
          wanted: Number(spec?.replicas ?? 1),
          ready: Number(status?.readyReplicas ?? 0),
          conditions: conditionsOf(status?.conditions),
        });
      }
    }),
    gather('nodes', async () => {
      if (nodePool === null) return;
      const nodes =
        (await kube.list('v1', 'Node', { labelSelector: `cloud.google.com/gke-nodepool=${nodePool}` })) ?? [];
      found.nodes = nodes.slice(0, MOST_NODES).map(nodeEvidence);
      // Who may not list the pods of every namespace need no line for it each time.
      if (found.nodes.length > 0 && (await kube.canI({ verb: 'list', group: '', resource: 'pods' }))) {
        found.strangers = await strangersOn(kube, found.nodes, service?.name);
      }
    }),
    gather('counters of the gateway', async () => {
      const lines = (await options.gatewayCounters?.()) ?? [];
      found.gatewayCounters = lines.slice(0, MOST_EVENTS).map((line) => bounded(line, 300));
    }),
    gather('the node pool', async () => {
      if (gke && nodePool !== null) found.pool = await poolEvidence(gke, nodePool);
    }),
    ...CONTROLLER_NAMESPACES.map((where) =>
      gather(`controllers in ${where}`, async () => {
        for (const deployment of await list('apps/v1', 'Deployment', where)) {
          for (const image of imagesOf(deployment)) {
            if (/(?:^|\/)(?:pilot|istiod)[^/]*$/.test(image) || deployment.metadata.name.startsWith('istiod')) {
              found.istiodImage = image;
            } else if (/kserve|llmisvc/.test(`${deployment.metadata.name} ${image}`)) {
              found.controllerImages.push(image);
            }
          }
        }
      }),
    ),
  ]);
  const subject: NetworkSubject = {
    namespace,
    service,
    gateway: options.gateway,
    sidecar: found.pods.some(({ containers }) => containers.some(({ name }) => name === 'istio-proxy')),
    replica: found.pods.find(({ role }) => role === 'replica')?.labels,
    picker: found.pods.find(({ role }) => role === 'endpoint-picker')?.labels,
  };
  await collectNetwork(kube, subject, found, gather);
  await Promise.all(found.pods.filter(({ role }) => role === 'gateway').map((pod) => readLogs(kube, pod, gather)));
  return 'done';
}

function roleOf(pod: Pod): PodRole {
  return isWorkload(pod) ? 'replica' : 'endpoint-picker';
}

/** The last lines of every container; of one that crashed, those before its last end as well. */
async function readLogs(
  kube: KubeClient,
  pod: PodEvidence,
  gather: (what: string, read: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await Promise.all(
    pod.containers.map((container) =>
      gather(`log of ${pod.name}/${container.name}`, async () => {
        const read = (previous: boolean) => tailOf(kube, pod, container.name, previous);
        const before = container.restarts > 0 ? await read(true) : '';
        const now = await read(false);
        // Between two starts both are the log of the run that ended.
        container.log = [...(before === now ? [] : lastWords(before)), ...lastWords(now)];
      }),
    ),
  );
}

/**
 * The last 256 KiB of a log. The API server counts `limitBytes` from the first line of the tail, so a reply of that length
 * lacks the end: then a shorter tail is asked for.
 */
async function tailOf(
  kube: KubeClient,
  { namespace, name }: PodEvidence,
  container: string,
  previous: boolean,
): Promise<string> {
  let text = '';
  for (const tailLines of TAILS) {
    text = await kube.logs(namespace, name, container, { tailLines, limitBytes: REPLY_BYTES, previous });
    if (Buffer.byteLength(text) < REPLY_BYTES) break;
  }
  const bytes = Buffer.from(text);
  if (bytes.length <= LOG_BYTES) return text;
  const end = bytes.subarray(-LOG_BYTES).toString();
  // The cut goes through a line.
  return end.slice(end.indexOf('\n') + 1);
}

/** Whether an event is of another stack of the run: of its service, or of what KServe makes of that. */
function isBeside({ involvedObject }: Event, beside: string | undefined): boolean {
  const name = String(involvedObject?.name ?? '');
  return beside !== undefined && (name === beside || name.startsWith(`${beside}-`));
}

/** Warnings, newest last, and what is Normal only where it tells of a pod's life. */
function eventsOf(events: readonly Event[]): EventEvidence[] {
  const at = (event: Event) =>
    Date.parse(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '') || 0;
  // A namespace may have a hundred thousand: each time is read once.
  const warnings = events.filter(({ type }) => type === 'Warning').map((event) => ({ event, ms: at(event) }));
  return warnings
    .sort((a, b) => a.ms - b.ms)
    .slice(-MOST_EVENTS)
    .map(({ event }) => event)
    .map(({ type, reason, message, count, involvedObject }) => ({
      type: bounded(type, 20),
      reason: bounded(reason, 60),
      kind: bounded(involvedObject?.kind, 60),
      name: bounded(involvedObject?.name, 253),
      message: bounded(message),
      count: Number(count) || 1,
    }));
}

async function serviceEvidence(
  kube: KubeClient,
  service: NonNullable<CollectOptions['service']>,
): Promise<ClusterEvidence['service']> {
  const object = await readService(kube, service);
  if (!object) return null;
  return {
    name: service.name,
    namespace: service.namespace,
    generation: object.metadata.generation ?? 0,
    observedGeneration: object.status?.observedGeneration ?? null,
    conditions: conditionsOf(object.status?.conditions),
  };
}

function nodeEvidence({ metadata, spec, status }: Node): NodeEvidence {
  const ready = conditionsOf(status?.conditions).find(({ type }) => type === 'Ready');
  return {
    name: metadata.name,
    ready: ready?.status === 'True',
    readyMessage: ready ? `${ready.reason}: ${ready.message}` : '',
    chips: Number(status?.allocatable?.[TPU_RESOURCE] ?? 0) || 0,
    unschedulable: spec?.unschedulable === true,
    taints: (spec?.taints ?? []).map(
      ({ key = '', value = '', effect = '' }) => `${key}${value ? `=${value}` : ''}:${effect}`,
    ),
    accelerator: metadata.labels?.[ACCELERATOR_LABEL] ?? null,
    topology: metadata.labels?.[TOPOLOGY_LABEL] ?? null,
  };
}

/** Whose pods hold chips of these nodes; it takes the right to list the pods of every namespace. */
async function strangersOn(
  kube: KubeClient,
  nodes: readonly NodeEvidence[],
  service: string | undefined,
): Promise<string[]> {
  const held = await Promise.all(
    nodes.slice(0, MOST_PODS).map(async ({ name }) => {
      const pods = (await kube.list('v1', 'Pod', { fieldSelector: `spec.nodeName=${name}` })) ?? [];
      return pods
        .filter(usesTpu)
        .filter(({ metadata }) => metadata.labels?.[NAME_LABEL] !== service)
        .map(({ metadata }) => `${metadata.namespace}/${metadata.name} on ${name}`);
    }),
  );
  return held.flat().slice(0, MOST_PODS);
}

async function poolEvidence(gke: GkeClient, name: string): Promise<ClusterEvidence['pool']> {
  const [pool, operations] = await Promise.all([gke.getNodePool(name), gke.listOperations()]);
  return {
    status: pool.status,
    conditions: pool.conditions.map((text) => bounded(text)),
    operations: operations
      .filter(({ targetLink }) => targetLink.includes(`/nodePools/${name}`) || !targetLink.includes('/nodePools/'))
      .sort((a, b) => (a.startTime ?? '').localeCompare(b.startTime ?? ''))
      .slice(-MOST_OPERATIONS)
      .map(({ name: id, type, status, error }) => bounded(`${type} ${id} ${status}${error ? `: ${error}` : ''}`)),
  };
}

function imagesOf({ spec }: Deployment): string[] {
  return (spec?.template?.spec?.containers ?? []).flatMap(({ image }) => (image ? [bounded(image, 300)] : []));
}
