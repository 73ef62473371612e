import type { KubeObject } from '../protocol.ts';
import type { Api } from './api.ts';
import type { Resource } from './resources.ts';
import type { JsonObject } from './types.ts';

/** What storage and admission add to a new or changed object, in place; nobody owns these fields. */
export function allocate(api: Api, object: KubeObject, live: KubeObject | null, resource: Resource): void {
  ALLOCATORS[`${resource.group}/${resource.kind}`]?.(object, live, api);
}

const ALLOCATORS: Record<string, (object: KubeObject, live: KubeObject | null, api: Api) => void> = {
  '/Namespace': (object, live) => {
    object.spec ??= {};
    if (!live) object.spec.finalizers = ['kubernetes'];
    object.status ??= { phase: 'Active' };
  },
  '/Pod': (object, live) => {
    if (live) return;
    const spec = object.spec;
    spec.serviceAccountName ??= 'default';
    spec.serviceAccount ??= spec.serviceAccountName;
    spec.preemptionPolicy ??= 'PreemptLowerPriority';
    spec.priority ??= 0;
    spec.tolerations ??= [];
    for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
      if (spec.tolerations.some((each: JsonObject) => each.key === key || (!each.key && each.operator === 'Exists')))
        continue;
      spec.tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
    }
    object.status = { phase: 'Pending', qosClass: qosClass(spec) };
  },
  '/Service': (object, live, api) => {
    const spec = object.spec;
    if (spec.type === 'ExternalName') return;
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
      if (spec[field] === undefined && live?.spec?.[field] !== undefined) spec[field] = live.spec[field];
    }
    spec.clusterIP ||= freeAddress(api);
    spec.clusterIPs ??= [spec.clusterIP];
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') nodePorts(spec, live, api);
    object.status ??= { loadBalancer: {} };
  },
  'apps/Deployment': emptyStatus,
  'batch/Job': emptyStatus,
  '/ResourceQuota': emptyStatus,
  'apiextensions.k8s.io/CustomResourceDefinition': (object, live) => {
    if (live) return;
    const stored = object.spec.versions.find((version: JsonObject) => version.storage)?.name;
    // Somebody else looks at the names later.
    object.status = { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: [stored] };
  },
};

/** Go writes the struct although nothing is in it. */
function emptyStatus(object: KubeObject): void {
  object.status ??= {};
}

function freeAddress(api: Api): string {
  const used = new Set(api.store.list({ group: '', plural: 'services' }).map((service) => service.spec?.clusterIP));
  for (let host = 10; ; host += 1) {
    const address = `34.118.${224 + Math.floor(host / 250)}.${(host % 250) + 1}`;
    if (!used.has(address)) return address;
  }
}

function nodePorts(spec: JsonObject, live: KubeObject | null, api: Api): void {
  const ports = (service: KubeObject | null): JsonObject[] => service?.spec?.ports ?? [];
  const services = api.store.list({ group: '', plural: 'services' });
  const used = new Set(services.flatMap((service) => ports(service).map((port) => port.nodePort)));
  let next = 30_000;
  for (const port of spec.ports ?? []) {
    port.nodePort ??= ports(live).find((each) => each.port === port.port)?.nodePort;
    while (port.nodePort === undefined) {
      if (!used.has(next)) port.nodePort = next;
      next += 1;
    }
    used.add(port.nodePort);
  }
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
function qosClass(spec: JsonObject): string {
  const containers: JsonObject[] = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const amounts = (kind: string, container: JsonObject) => container.resources?.[kind] ?? {};
  const asksNothing = (container: JsonObject) =>
    ['requests', 'limits'].every((kind) => !amounts(kind, container).cpu && !amounts(kind, container).memory);
  if (containers.every(asksNothing)) return 'BestEffort';
  const isFixed = (container: JsonObject) =>
    ['cpu', 'memory'].every((name) => {
      const limit = amounts('limits', container)[name];
      return limit !== undefined && limit === amounts('requests', container)[name];
    });
  return containers.every(isFixed) ? 'Guaranteed' : 'Burstable';
}
