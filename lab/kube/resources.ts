import type { KubeObject } from '../protocol.ts';
import { BUILTIN_RESOURCES } from './builtin-resources.ts';
import { customResourceType } from './crd-types.ts';
import type { ResourceKey, Store } from './store.ts';
import type { JsonObject, TypeNode } from './types.ts';
import { ANY, builtinType } from './types.ts';

/** A resource as served at one API version. */
export interface Resource {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  namespaced: boolean;
  shortNames: string[];
  categories: string[];
  verbs: string[];
  subresources: string[];
  /** Where its objects are kept; all versions share one collection. */
  key: ResourceKey;
  /** `group/version` or `v1`. */
  apiVersion: string;
  /** Version that objects are stored at. */
  storageApiVersion: string;
  type: TypeNode;
  /** Present for a custom resource: what its CustomResourceDefinition says of this version. */
  custom?: {
    schema: JsonObject | undefined;
    columns: JsonObject[];
    scale: JsonObject | undefined;
    /** Changes with the definition. */
    revision: string;
  };
}

export interface GroupVersions {
  name: string;
  /** Best first; the first is the preferred one. */
  versions: string[];
}

/** What can be addressed: the built-in table and every established CustomResourceDefinition in the store. */
export interface Registry {
  find(group: string, version: string, plural: string): Resource | undefined;
  /** Resources of one group version in the order of their names. */
  list(group: string, version: string): Resource[];
  /** Every named group; the core group is not among them. */
  groups(): GroupVersions[];
  /** One resource for each collection. */
  collections(): Resource[];
  /** The one of `collections` with that key. */
  collection(key: ResourceKey): Resource | undefined;
  close(): void;
}

export const CRDS: ResourceKey = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' };
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

const builtins: Resource[] = BUILTIN_RESOURCES.map((row) => {
  const apiVersion = row.group ? `${row.group}/${row.version}` : row.version;
  return {
    ...row,
    singular: row.kind.toLowerCase(),
    verbs: row.verbs ?? VERBS,
    key: { group: row.group, plural: row.plural },
    apiVersion,
    storageApiVersion: apiVersion,
    type: builtinType(row.kind) ?? ANY,
  };
});

export function createRegistry(store: Store): Registry {
  const custom = new Map<string, Resource[]>();
  for (const crd of store.list(CRDS)) custom.set(crd.metadata.name, fromDefinition(crd));
  let index = indexed(custom);
  const unsubscribe = store.subscribe(({ type, resource, object }) => {
    if (resource.group !== CRDS.group || resource.plural !== CRDS.plural) return;
    if (type === 'DELETED') custom.delete(object.metadata.name);
    else custom.set(object.metadata.name, fromDefinition(object));
    index = indexed(custom);
  });

  return {
    find: (group, version, plural) => index.byVersion.get(`${group}/${version}/${plural}`),
    list: (group, version) =>
      index.all
        .filter((each) => each.group === group && each.version === version)
        .sort((a, b) => (a.plural < b.plural ? -1 : 1)),
    groups() {
      const versions = new Map<string, Set<string>>();
      for (const { group, version } of index.all) {
        if (group) versions.set(group, (versions.get(group) ?? new Set()).add(version));
      }
      return [...versions].map(([name, set]) => ({ name, versions: [...set].sort(byPriority) }));
    },
    collections: () => [...index.collections.values()],
    collection: ({ group, plural }) => index.collections.get(`${group}/${plural}`),
    close: unsubscribe,
  };
}

/** Built-in resources before custom ones; of resources with the same address the first counts. */
function indexed(custom: ReadonlyMap<string, Resource[]>) {
  const all = [...builtins, ...[...custom.values()].flat()];
  const byVersion = new Map<string, Resource>();
  const collections = new Map<string, Resource>();
  for (const each of all) {
    const { group, version, plural, verbs } = each;
    const address = `${group}/${version}/${plural}`;
    if (!byVersion.has(address)) byVersion.set(address, each);
    if (verbs.includes('list')) collections.set(`${group}/${plural}`, each);
  }
  return { all, byVersion, collections };
}

/** Whether a definition's names were accepted, so that its objects are served. */
export function isEstablished({ status }: KubeObject): boolean {
  const conditions: JsonObject[] = status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === 'Established' && status === 'True');
}

function fromDefinition(crd: KubeObject): Resource[] {
  if (!isEstablished(crd)) return [];
  const { group, names, scope, versions = [] } = crd.spec ?? {};
  if (!group || !names?.plural || !names.kind) return [];
  const stored = versions.find((version: JsonObject) => version.storage)?.name ?? versions[0]?.name;
  return versions
    .filter((version: JsonObject) => version.served)
    .map((version: JsonObject): Resource => {
      const schema = version.schema?.openAPIV3Schema;
      const { status, scale } = version.subresources ?? {};
      return {
        group,
        version: version.name,
        plural: names.plural,
        singular: names.singular ?? names.kind.toLowerCase(),
        kind: names.kind,
        namespaced: scope === 'Namespaced',
        shortNames: names.shortNames ?? [],
        categories: names.categories ?? [],
        verbs: VERBS,
        subresources: [...(status ? ['status'] : []), ...(scale ? ['scale'] : [])],
        key: { group, plural: names.plural },
        apiVersion: `${group}/${version.name}`,
        storageApiVersion: `${group}/${stored}`,
        type: customResourceType(schema),
        custom: {
          schema,
          columns: version.additionalPrinterColumns ?? [],
          scale,
          revision: `${crd.metadata.uid}/${crd.metadata.generation}`,
        },
      };
    });
}

/** Kubernetes' version order: GA, then beta, then alpha, higher numbers first, other names last by spelling. */
export function byPriority(a: string, b: string): number {
  const parse = (version: string) => /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  const [x, y] = [parse(a), parse(b)];
  if (!x || !y) return x ? -1 : y ? 1 : a < b ? -1 : 1;
  const stage = (match: RegExpExecArray) => ({ alpha: 1, beta: 2 })[match[2] ?? ''] ?? 3;
  return stage(y) - stage(x) || Number(y[1]) - Number(x[1]) || Number(y[3] ?? 0) - Number(x[3] ?? 0);
}
