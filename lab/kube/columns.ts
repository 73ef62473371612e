import type { KubeObject } from '../protocol.ts';
import type { JsonObject } from './types.ts';

/** A column of a server-side table: name, cell, 1 when it is for `-o wide` only, and the type unless it is `string`. */
export type Column = [name: string, cell: (object: KubeObject) => unknown, priority?: 0 | 1, type?: string];

const age: Column = ['Age', ({ metadata }) => since(metadata.creationTimestamp)];
export const GENERIC: Column[] = [age];

/** Columns after the name, by `group/Kind`, as kubectl's users know them. */
export const COLUMNS: Record<string, Column[]> = {
  '/Pod': [
    ['Ready', podReady],
    ['Status', podStatus],
    ['Restarts', podRestarts],
    age,
    ['IP', ({ status }) => status?.podIP ?? '<none>', 1],
    ['Node', ({ spec }) => spec?.nodeName ?? '<none>', 1],
    ['Nominated Node', ({ status }) => status?.nominatedNodeName ?? '<none>', 1],
    ['Readiness Gates', () => '<none>', 1],
  ],
  '/Node': [
    ['Status', nodeStatus],
    ['Roles', nodeRoles],
    age,
    ['Version', ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''],
    ['Internal-IP', (node) => nodeAddress(node, 'InternalIP'), 1],
    ['External-IP', (node) => nodeAddress(node, 'ExternalIP'), 1],
    ['OS-Image', ({ status }) => status?.nodeInfo?.osImage ?? '<unknown>', 1],
    ['Kernel-Version', ({ status }) => status?.nodeInfo?.kernelVersion ?? '<unknown>', 1],
    ['Container-Runtime', ({ status }) => status?.nodeInfo?.containerRuntimeVersion ?? '<unknown>', 1],
  ],
  '/Service': [
    ['Type', ({ spec }) => spec?.type],
    ['Cluster-IP', ({ spec }) => spec?.clusterIP ?? '<none>'],
    [
      'External-IP',
      ({ status }) => status?.loadBalancer?.ingress?.map((each: JsonObject) => each.ip).join(',') ?? '<none>',
    ],
    ['Port(s)', ({ spec }) => (spec?.ports ?? []).map(servicePort).join(',') || '<none>'],
    age,
    ['Selector', ({ spec }) => pairs(spec?.selector), 1],
  ],
  '/ConfigMap': [['Data', ({ data, binaryData }) => count(data) + count(binaryData)], age],
  '/Secret': [['Type', ({ type }) => type], ['Data', ({ data }) => count(data)], age],
  '/Namespace': [['Status', ({ status }) => status?.phase], age],
  '/ServiceAccount': [['Secrets', ({ secrets }) => secrets?.length ?? 0], age],
  '/Endpoints': [['Endpoints', endpointList], age],
  'apps/Deployment': [
    ['Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`],
    ['Up-to-date', ({ status }) => status?.updatedReplicas ?? 0],
    ['Available', ({ status }) => status?.availableReplicas ?? 0],
    age,
    ...templateColumns(),
  ],
  'apps/ReplicaSet': [
    ['Desired', ({ spec }) => spec?.replicas ?? 0, 0, 'integer'],
    ['Current', ({ status }) => status?.replicas ?? 0, 0, 'integer'],
    ['Ready', ({ status }) => status?.readyReplicas ?? 0, 0, 'integer'],
    age,
    ...templateColumns(),
  ],
  'apps/StatefulSet': [
    ['Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`],
    age,
    ...templateColumns().slice(0, 2),
  ],
  'discovery.k8s.io/EndpointSlice': [
    ['AddressType', ({ addressType }) => addressType],
    [
      'Ports',
      ({ ports }) =>
        firstThree(
          (ports ?? []).map(({ port }: JsonObject) => port ?? '*'),
          '<unset>',
        ),
    ],
    [
      'Endpoints',
      ({ endpoints }) =>
        firstThree(
          (endpoints ?? []).flatMap(({ addresses }: JsonObject) => addresses),
          '<unset>',
        ),
    ],
    age,
  ],
  'coordination.k8s.io/Lease': [['Holder', ({ spec }) => spec?.holderIdentity ?? ''], age],
  'networking.k8s.io/NetworkPolicy': [['Pod-Selector', ({ spec }) => pairs(spec?.podSelector?.matchLabels)], age],
  'apiextensions.k8s.io/CustomResourceDefinition': [
    ['Created At', ({ metadata }) => metadata.creationTimestamp, 0, 'date'],
  ],
};

/** Events have no name column of their own. */
export const EVENT_COLUMNS: Column[] = [
  ['Last Seen', (event) => since(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp)],
  ['Type', ({ type }) => type],
  ['Reason', ({ reason }) => reason],
  ['Object', ({ involvedObject: of }) => `${String(of?.kind ?? '').toLowerCase()}/${of?.name ?? ''}`],
  ['Subobject', ({ involvedObject }) => involvedObject?.fieldPath ?? '', 1],
  ['Source', ({ source, reportingComponent }) => source?.component || reportingComponent || '', 1],
  ['Message', ({ message }) => String(message ?? '').trim()],
  ['First Seen', (event) => since(event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp), 1],
  ['Count', ({ count }) => String(count || 1), 1],
  ['Name', ({ metadata }) => metadata.name, 1],
];

/** Time passed as kubectl shows it: `45s`, `3m12s`, `5h`, `3d`. */
export function since(time: string | undefined): string {
  if (!time) return '<unknown>';
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time)) / 1_000));
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600), Math.floor(seconds / 86_400)];
  const two = (big: string, small: number, unit: string) => (small > 0 ? `${big}${small}${unit}` : big);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return two(`${minutes}m`, seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return two(`${hours}h`, minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (days < 8) return two(`${days}d`, hours % 24, 'h');
  return `${days}d`;
}

function statuses({ status }: KubeObject): JsonObject[] {
  return status?.containerStatuses ?? [];
}

function podReady(pod: KubeObject): string {
  const total = pod.spec?.containers?.length ?? 0;
  return `${statuses(pod).filter((each) => each.ready).length}/${total}`;
}

function podRestarts(pod: KubeObject): string {
  return String(statuses(pod).reduce((sum, each) => sum + (each.restartCount ?? 0), 0));
}

/** The STATUS column: the first reason on the way to Running, or why it stopped. */
function podStatus(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp) return 'Terminating';
  const inits: JsonObject[] = pod.status?.initContainerStatuses ?? [];
  for (const [index, each] of inits.entries()) {
    const { terminated, waiting } = each.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (terminated) return `Init:${terminated.reason ?? `ExitCode:${terminated.exitCode}`}`;
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
    return `Init:${index}/${inits.length}`;
  }
  for (const each of statuses(pod).toReversed()) {
    const { waiting, terminated } = each.state ?? {};
    if (waiting?.reason) return waiting.reason;
    if (terminated) return terminated.reason ?? `ExitCode:${terminated.exitCode}`;
  }
  return pod.status?.reason ?? pod.status?.phase ?? 'Unknown';
}

function nodeStatus({ spec, status }: KubeObject): string {
  const ready = (status?.conditions ?? []).find((each: JsonObject) => each.type === 'Ready');
  const text = ready?.status === 'True' ? 'Ready' : ready ? 'NotReady' : 'Unknown';
  return spec?.unschedulable ? `${text},SchedulingDisabled` : text;
}

function nodeRoles({ metadata }: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(metadata.labels ?? {}).filter((label) => label.startsWith(prefix));
  return roles.map((label) => label.slice(prefix.length)).join(',') || '<none>';
}

function nodeAddress({ status }: KubeObject, type: string): string {
  return (status?.addresses ?? []).find((each: JsonObject) => each.type === type)?.address ?? '<none>';
}

function servicePort({ port, nodePort, protocol = 'TCP' }: JsonObject): string {
  return `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`;
}

function endpointList({ subsets }: KubeObject): string {
  const all = (subsets ?? []).flatMap(({ addresses = [], ports = [] }: JsonObject) =>
    addresses.flatMap(({ ip }: JsonObject) =>
      ports.length ? ports.map(({ port }: JsonObject) => `${ip}:${port}`) : [ip],
    ),
  );
  return firstThree(all, '<none>');
}

function firstThree(all: unknown[], none: string): string {
  const shown = all.slice(0, 3).join(',');
  return all.length > 3 ? `${shown} + ${all.length - 3} more...` : shown || none;
}

function templateColumns(): Column[] {
  const containers = ({ spec }: KubeObject): JsonObject[] => spec?.template?.spec?.containers ?? [];
  return [
    [
      'Containers',
      (object) =>
        containers(object)
          .map((each) => each.name)
          .join(','),
      1,
    ],
    [
      'Images',
      (object) =>
        containers(object)
          .map((each) => each.image)
          .join(','),
      1,
    ],
    ['Selector', ({ spec }) => pairs(spec?.selector?.matchLabels), 1],
  ];
}

const count = (map: JsonObject | undefined): number => Object.keys(map ?? {}).length;

function pairs(map: Record<string, string> | undefined): string {
  const text = Object.entries(map ?? {}).map(([key, value]) => `${key}=${value}`);
  return text.join(',') || '<none>';
}
