/**
 * The part of Google's client of the Container API that the gate uses. The client links all methods and types of the API at each
 * start, and decodes every field of a cluster. That is a seventh of the CPU time of `post`.
 */

/** Methods of the service that `src/clients/google/gke.ts` calls. */
const METHODS: ReadonlySet<string> = new Set([
  'GetCluster',
  'GetNodePool',
  'SetNodePoolSize',
  'GetOperation',
  'ListOperations',
  'CancelOperation',
]);

/** The fields that `src/clients/google/` reads of large messages. Messages that are not here stay whole. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Cluster: [
    ...['name', 'status', 'currentMasterVersion', 'endpoint', 'controlPlaneEndpointsConfig', 'masterAuth', 'nodePools'],
    ...['networkConfig', 'networkPolicy'],
  ],
  MasterAuth: ['clusterCaCertificate'],
  NetworkConfig: ['datapathProvider'],
  NodePool: [
    ...['name', 'status', 'config', 'initialNodeCount', 'locations', 'autoscaling', 'placementPolicy', 'conditions'],
    ...['queuedProvisioning', 'instanceGroupUrls'],
  ],
  NodeConfig: ['machineType', 'labels', 'taints', 'reservationAffinity', 'spot', 'flexStart', 'maxRunDuration'],
  Operation: ['name', 'status', 'operationType', 'statusMessage', 'targetLink', 'startTime', 'error'],
};

/** A namespace, message, enum or service, as protobufjs writes them as JSON. */
interface Part {
  nested?: Record<string, Part>;
  fields?: Record<string, { type: string }>;
  oneofs?: Record<string, { oneof: string[] }>;
  methods?: Record<string, { requestType: string; responseType: string }>;
}

/** The description of the API with what the methods reach. */
export function leanProtos(text: string): string {
  const root = JSON.parse(text) as Part;
  const scope = [root, ...below([root], ['google', 'container', 'v1', 'ClusterManager'])];
  const service = scope.at(-1);
  if (!service?.methods)
    throw new Error('the Container API has no service ClusterManager; see scripts/build/container.ts.');
  service.methods = picked(service.methods, METHODS);
  const reached = new Set<Part>([service]);
  for (const { requestType, responseType } of Object.values(service.methods)) {
    for (const type of [requestType, responseType]) reach(type, scope, reached);
  }
  return JSON.stringify(kept(root, reached));
}

/** Adds a type to those that are reached, and all that its fields name. `scope` leads from the root to where it is named. */
function reach(type: string, scope: readonly Part[], reached: Set<Part>): void {
  const names = type.split('.').filter((name) => name !== '');
  const parts = scope
    .map((_, index) => scope.slice(0, scope.length - index))
    .map((from) => [...from, ...below(from, names)]);
  const found = parts.find((each, index) => each.length === scope.length - index + names.length);
  const part = found?.at(-1);
  // A number or a text has no description.
  if (!found || !part || reached.has(part)) return;
  reached.add(part);
  const wanted = FIELDS[names.at(-1) ?? ''];
  if (part.fields && wanted) {
    part.fields = picked(part.fields, new Set(wanted));
    part.oneofs = Object.fromEntries(
      Object.entries(part.oneofs ?? {}).filter(([, { oneof }]) => oneof.every((name) => part.fields?.[name])),
    );
  }
  for (const field of Object.values(part.fields ?? {})) reach(field.type, found, reached);
}

/** The parts that names lead to from the last of a scope, as far as there are any. */
function below(from: readonly Part[], names: readonly string[]): Part[] {
  const found: Part[] = [];
  for (const name of names) {
    const next: Part | undefined = (found.at(-1) ?? from.at(-1))?.nested?.[name];
    if (!next) break;
    found.push(next);
  }
  return found;
}

/** The same tree without parts that are not reached and hold nothing that is. */
function kept({ nested = {}, ...own }: Part, reached: ReadonlySet<Part>): Part {
  const parts = Object.entries(nested).flatMap(([name, part]) => {
    const inner = kept(part, reached);
    if (reached.has(part)) return [[name, inner] as const];
    return inner.nested ? [[name, { nested: inner.nested }] as const] : [];
  });
  return parts.length > 0 ? { ...own, nested: Object.fromEntries(parts) } : own;
}

/** Settings of the service's calls, for these methods. */
export function leanConfig(text: string): string {
  const config = JSON.parse(text) as { interfaces: Record<string, { methods: Record<string, unknown> }> };
  for (const service of Object.values(config.interfaces)) service.methods = picked(service.methods, METHODS);
  return JSON.stringify(config);
}

/** The client with these methods alone: it makes a call of each name in a list. */
export function leanClient(text: string): string {
  const list = /(?<=const clusterManagerStubMethods = )\[[^\]]+\]/;
  if (!list.test(text))
    throw new Error('the client of the Container API has no list of methods; see scripts/build/container.ts.');
  const names = Array.from(METHODS, (name) => `${name[0]?.toLowerCase()}${name.slice(1)}`);
  return text.replace(list, JSON.stringify(names));
}

/** Entries of these names, each of which must be there. */
function picked<T>(entries: Readonly<Record<string, T>>, names: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries(
    Array.from(names, (name) => {
      const entry = entries[name];
      if (entry === undefined) throw new Error(`the Container API has no ${name}; see scripts/build/container.ts.`);
      return [name, entry];
    }),
  );
}
