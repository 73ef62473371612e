import type { Api } from './api.ts';
import type { Resource } from './resources.ts';
import type { JsonObject } from './types.ts';

const SUBRESOURCE_VERBS: Record<string, string[]> = {
  status: ['get', 'patch', 'update'],
  scale: ['get', 'patch', 'update'],
  log: ['get'],
  proxy: ['create', 'delete', 'get', 'patch', 'update'],
  ephemeralcontainers: ['get', 'patch', 'update'],
  resize: ['get', 'patch', 'update'],
  finalize: ['update'],
  binding: ['create'],
  eviction: ['create'],
  token: ['create'],
};
const STREAM_VERBS = ['create', 'get'];
const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
/** Subresources that speak another kind than their parent. */
const SUBRESOURCE_KIND: Record<string, { group?: string; version?: string; kind: string }> = {
  scale: SCALE,
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
  binding: { kind: 'Binding' },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  attach: { kind: 'PodAttachOptions' },
  exec: { kind: 'PodExecOptions' },
  portforward: { kind: 'PodPortForwardOptions' },
};

/** Discovery documents, version document and health texts; undefined when the path is none of them. */
export function discover(api: Api, path: string, accept: string): string | JsonObject | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const aggregated = accept.includes('as=APIGroupDiscoveryList');
  if (path === '/version' || path === '/version/') return version(api);
  if (['livez', 'readyz', 'healthz'].includes(parts[0] ?? '')) return 'ok';
  if (path === '/' || path === '') return { paths: rootPaths(api) };
  if (parts[0] === 'api' && parts.length === 1) {
    if (aggregated) return groupList([coreGroup(api)]);
    const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1' }];
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs };
  }
  if (parts[0] === 'api' && parts.length === 2 && parts[1] === 'v1') return resourceList(api, '', 'v1');
  if (parts[0] !== 'apis') return undefined;
  const groups = api.registry.groups();
  if (parts.length === 1) {
    if (aggregated) return groupList(groups.map(({ name, versions }) => group(api, name, versions)));
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupDocument) };
  }
  const found = groups.find(({ name }) => name === parts[1]);
  if (!found) return undefined;
  if (parts.length === 2) return { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(found) };
  const [, , wanted] = parts;
  return parts.length === 3 && wanted && found.versions.includes(wanted)
    ? resourceList(api, found.name, wanted)
    : undefined;
}

/** Media type of an aggregated discovery document. */
export const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

function version({ gitVersion }: Api): JsonObject {
  const [, major = '1', minor = '32'] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return {
    major,
    minor,
    gitVersion,
    gitCommit: 'f53a5da0',
    gitTreeState: 'clean',
    buildDate: '2025-04-22T04:18:07Z',
    goVersion: 'go1.23.6 X:boringcrypto',
    compiler: 'gc',
    platform: 'linux/amd64',
  };
}

function rootPaths(api: Api): string[] {
  const groups = api.registry
    .groups()
    .flatMap(({ name, versions }) => [`/apis/${name}`, ...versions.map((each) => `/apis/${name}/${each}`)]);
  return ['/api', '/api/v1', '/apis', ...groups, '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'];
}

function groupDocument({ name, versions }: { name: string; versions: string[] }): JsonObject {
  const list = versions.map((each) => ({ groupVersion: `${name}/${each}`, version: each }));
  return { name, versions: list, preferredVersion: list[0] };
}

function resourceList(api: Api, group: string, version: string): JsonObject {
  const resources = api.registry
    .list(group, version)
    .flatMap((resource) => [
      resourceDocument(resource),
      ...resource.subresources.map((sub) => subresourceDocument(resource, sub)),
    ]);
  // The core group's document is older than the field.
  if (!group) return { kind: 'APIResourceList', groupVersion: version, resources };
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/${version}`, resources };
}

function resourceDocument(resource: Resource): JsonObject {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories } = resource;
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
  };
}

function subresourceDocument({ plural, namespaced, kind }: Resource, sub: string): JsonObject {
  const other = sub === 'proxy' ? { kind: `${kind}ProxyOptions` } : SUBRESOURCE_KIND[sub];
  return {
    name: `${plural}/${sub}`,
    singularName: '',
    namespaced,
    ...(other ?? { kind }),
    verbs: SUBRESOURCE_VERBS[sub] ?? STREAM_VERBS,
  };
}

// Aggregated discovery (apidiscovery.k8s.io/v2): everything in two requests, which kubectl asks for first.

function groupList(items: JsonObject[]): JsonObject {
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

const coreGroup = (api: Api): JsonObject => group(api, '', ['v1']);

function group(api: Api, name: string, versions: string[]): JsonObject {
  return {
    metadata: name ? { name } : {},
    versions: versions.map((version) => ({
      version,
      freshness: 'Current',
      resources: api.registry.list(name, version).map(aggregatedResource),
    })),
  };
}

function aggregatedResource(resource: Resource): JsonObject {
  const { group, version, kind, plural, singular, namespaced, verbs, shortNames, categories, subresources } = resource;
  const subs = subresources.map((sub) => ({
    subresource: sub,
    responseKind: { group, version, kind, ...SUBRESOURCE_KIND[sub] },
    verbs: SUBRESOURCE_VERBS[sub] ?? STREAM_VERBS,
  }));
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subs.length > 0 ? { subresources: subs } : {}),
  };
}
