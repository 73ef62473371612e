import { createHash } from 'node:crypto';
import type { Manifest } from '../clients/files/manifests.ts';
import type { LLMInferenceService } from '../clients/kubernetes/kinds.ts';
import { describe, type KubeObject, refOf } from '../clients/kubernetes/objects.ts';
import { canonicalJson } from '../lib/canonical.ts';
import { childName, servingNames, shadowService } from './kserve-names.ts';
import { isService } from './service.ts';

/** A stack under names of its own, so that it can be deployed beside another that has the same names. */
export interface BesideStack {
  /** Of its LLMInferenceService. */
  name: string;
  /** Its objects, without those that the other stack has too. */
  manifests: Manifest[];
}

const SUFFIX = '-base';
const LONGEST = 63;

/** What KServe appends to the name of a service for the objects that it makes of it (v0.15 to v0.20). */
const CHILDREN = [
  '-inference-pool',
  '-inference-pool-route',
  '-epp-service',
  '-epp-sa',
  '-kserve',
  '-kserve-mn',
  '-kserve-route',
  '-kserve-router-scheduler',
  '-kserve-workload-svc',
  '-kserve-self-signed-certs',
] as const;

/** Fields whose `name` is that of another object, and fields that are such a name. */
const REFERRING = new Set([
  ...['configMap', 'configMapKeyRef', 'configMapRef', 'secretKeyRef', 'secretRef', 'secret', 'persistentVolumeClaim'],
  ...['baseRefs', 'refs', 'ref', 'backendRefs', 'backendRef', 'imagePullSecrets', 'endpointPickerRef', 'extensionRef'],
]);
const NAMING = new Set(['name', 'secretName', 'claimName']);
/** Fields that select pods by the name of their service. */
const SELECTING = new Set(['labels', 'matchLabels', 'selector', 'matchExpressions']);

/**
 * The stack of `manifests` as it can be deployed beside `others`: each object has a name of its own, and what hangs on the
 * names follows (selectors, hosts, paths, references). An object that both stacks have alike, and that does not name the
 * service, is shared. `replicas` replaces the number of replicas; null leaves it. Pure.
 */
export function besideStack(
  manifests: readonly Manifest[],
  { others, namespace, replicas }: { others: readonly Manifest[]; namespace: string; replicas: number | null },
): BesideStack {
  const service = manifests.find(({ object }) => isService(object))?.object as LLMInferenceService | undefined;
  if (!service) throw new TypeError('the manifests hold no LLMInferenceService');
  const old = service.metadata.name;
  const taken = new Set(others.map(({ object }) => object.metadata.name));
  const name = freeName(old, taken);
  const where = service.metadata.namespace ?? namespace;
  const known = new Map(others.map(({ object }) => [describe(refOf(object)), canonicalJson(object)]));
  const isShared = ({ object }: Manifest) =>
    !isService(object) &&
    known.get(describe(refOf(object))) === canonicalJson(object) &&
    !canonicalJson(object).includes(JSON.stringify(old).slice(1, -1));
  const own = manifests.filter((manifest) => !isShared(manifest));
  const objects = new Map(
    own
      .filter(({ object }) => !isService(object))
      .map(({ object }) => object.metadata.name)
      .map((each) => [each, freeName(each, taken)] as const),
  );
  const renaming = {
    old,
    name,
    path: `/${where}/${old}`,
    newPath: `/${where}/${name}`,
    objects,
    children: childrenOf(service, name),
  };
  return {
    name,
    manifests: own.map((manifest) => {
      const { object } = manifest;
      const renamed = rewritten(object, [], renaming) as KubeObject;
      const metadata = {
        ...renamed.metadata,
        name: isService(object) ? name : (objects.get(object.metadata.name) as string),
      };
      const spec = isService(object) && replicas !== null ? { spec: { ...(renamed.spec as object), replicas } } : {};
      return { ...manifest, object: { ...renamed, ...spec, metadata } };
    }),
  };
}

/** The same for equal objects, whatever the order of objects and fields: SHA-256 of all of them, hexadecimal. */
export function contentHash(manifests: readonly Manifest[]): string {
  const texts = manifests.map(({ object }) => `${describe(refOf(object))} ${canonicalJson(object)}`).sort();
  return createHash('sha256').update(texts.join('\n')).digest('hex');
}

/** Paths that routes of both stacks match: the gateway could not tell their requests apart. Empty when there are none. */
export function sharedPaths(one: readonly Manifest[], other: readonly Manifest[]): string[] {
  const first = new Set(one.flatMap(({ object }) => pathsIn(object)));
  return [...new Set(other.flatMap(({ object }) => pathsIn(object)))].filter((path) => first.has(path));
}

interface Renaming {
  old: string;
  name: string;
  path: string;
  newPath: string;
  /** New names of the other objects, by their old ones. */
  objects: ReadonlyMap<string, string>;
  /** The same of what KServe makes of the service. */
  children: ReadonlyMap<string, string>;
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? SUFFIX : `${SUFFIX}-${count}`;
    const room = LONGEST - suffix.length;
    const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
    const head = name.length <= room ? name : `${name.slice(0, room - 9).replace(/[^a-z0-9]+$/, '')}-${hash}`;
    if (!taken.has(head + suffix)) return head + suffix;
  }
}

function childrenOf(service: LLMInferenceService, name: string): Map<string, string> {
  const old = service.metadata.name;
  const children = new Map(CHILDREN.map((suffix) => [childName(old, suffix), childName(name, suffix)]));
  const { picker } = servingNames(service);
  if (picker && !children.has(picker)) children.set(picker, childName(name, '-epp-service'));
  for (const suffix of ['-inference-pool']) {
    children.set(shadowService(childName(old, suffix)), shadowService(childName(name, suffix)));
  }
  return children;
}

function rewritten(value: unknown, path: readonly string[], renaming: Renaming): unknown {
  if (typeof value === 'string') return rewrittenText(value, path, renaming);
  if (Array.isArray(value)) return value.map((each) => rewritten(each, path, renaming));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, rewritten(each, [...path, key], renaming)]),
  );
}

function rewrittenText(text: string, path: readonly string[], renaming: Renaming): string {
  const { old, name, objects, children } = renaming;
  const [parent = '', key = ''] = path.slice(-2);
  if (text === old && path.some((each) => SELECTING.has(each))) return name;
  const referred = NAMING.has(key) && REFERRING.has(parent) ? objects.get(text) : undefined;
  if (referred !== undefined) return referred;
  return pathRenamed(
    text.replace(/[A-Za-z0-9-]+/g, (token) => children.get(token) ?? token),
    renaming,
  );
}

/** KServe's routes begin with the namespace and the name of the service. */
function pathRenamed(text: string, { path, newPath }: Renaming): string {
  const parts = text.split(path);
  return parts.reduce((done, part) =>
    /^[A-Za-z0-9_.-]/.test(part) ? `${done}${path}${part}` : `${done}${newPath}${part}`,
  );
}

function pathsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(pathsIn);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, each]) => (key === 'matches' ? pathValues(each) : pathsIn(each)));
}

function pathValues(matches: unknown): string[] {
  if (!Array.isArray(matches)) return [];
  return matches.flatMap((match: { path?: { value?: unknown } } | null) =>
    typeof match?.path?.value === 'string' ? [match.path.value] : [],
  );
}
