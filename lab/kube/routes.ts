import { BUILTIN_RESOURCES } from './builtin-resources.ts';
import type { Registry, Resource } from './resources.ts';
import { notFound, notInLab, pageNotFound, pathNotFound, type StatusError } from './status.ts';

/** What a path says, whether or not there is such a resource: `/api/v1/namespaces/NS/pods/NAME/log`. */
export interface Address {
  group: string;
  version: string;
  plural: string;
  /** '' for a cluster-scoped resource and for a list over all namespaces. */
  namespace: string;
  /** '' for the collection. */
  name: string;
  subresource: string;
  /** Parts behind the subresource. */
  more: string[];
  /** The removed `/watch/` prefix, which still works. */
  isWatchPath: boolean;
}

/** A request to a resource that there is. */
export interface ResourceRoute extends Address {
  resource: Resource;
  /** What follows the subresource, with its leading slash; only `proxy` has it. */
  rest: string;
}

/** What a path addresses; null for a path that is not below a group version. */
export function addressOf(path: string): Address | null {
  const parts = path.split('/').slice(1);
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return null;
  const tail = parts.slice(isCore ? 2 : 3).map(decodeURIComponent);
  if (tail.at(-1) === '' && !tail.includes('proxy')) tail.pop();
  if (tail.length === 0 || tail[0] === '') return null;
  const [group, version] = isCore ? ['', parts[1] as string] : [parts[1] as string, parts[2] as string];
  const isWatchPath = tail[0] === 'watch';
  if (isWatchPath) tail.shift();

  let namespace = '';
  if (tail[0] === 'namespaces' && tail.length > 2 && !['status', 'finalize'].includes(tail[2] as string)) {
    namespace = tail[1] as string;
    tail.splice(0, 2);
  }
  const [plural = '', name = '', subresource = '', ...more] = tail;
  return { group, version, plural, namespace, name, subresource, more, isWatchPath };
}

const BUILTIN_GROUPS = new Set(BUILTIN_RESOURCES.map(({ group }) => group));

/** Resources of a real API server, by group, that the lab has not; `*` stands for the whole group. */
const NOT_HERE: Record<string, string> = {
  '': 'bindings componentstatuses podtemplates replicationcontrollers',
  'apiregistration.k8s.io': '*',
  apps: 'controllerrevisions',
  'certificates.k8s.io': '*',
  'events.k8s.io': '*',
  'flowcontrol.apiserver.k8s.io': '*',
  'metrics.k8s.io': '*',
  'networking.k8s.io': 'ipaddresses servicecidrs',
  'node.k8s.io': '*',
  'resource.k8s.io': '*',
  'storage.k8s.io': 'csidrivers csinodes csistoragecapacities volumeattachments',
};

/**
 * 404 as the handler of the group says it: a Status for a built-in group, a page for any other. What only the lab has
 * not is a Status that names the lab.
 */
export function nothingAt(group: string, plural = ''): StatusError {
  const absent = NOT_HERE[group]?.split(' ') ?? [];
  if (absent.includes('*') || absent.includes(plural)) return notInLab([plural, group].filter(Boolean).join('.'));
  return BUILTIN_GROUPS.has(group) ? pathNotFound() : pageNotFound();
}

/** The resource at an address; throws 404 when there is none. */
export function resourceRoute(address: Address, path: string, registry: Registry): ResourceRoute {
  const { group, version, plural, namespace, name, subresource, more } = address;
  const resource = registry.find(group, version, plural);
  if (!resource || (namespace && !resource.namespaced)) throw nothingAt(group, plural);
  const isKnown = !subresource || resource.subresources.includes(subresource);
  if (!isKnown || (more.length > 0 && subresource !== 'proxy')) {
    throw resource.custom ? notFound(resource, name) : pathNotFound();
  }
  // The proxied path is passed on as it came: decoding it would change what it asks for.
  const rest = subresource === 'proxy' ? proxiedPath(path) : '';
  if (resource.namespaced && !namespace && name) throw nothingAt(group);
  return { ...address, resource, rest };
}

function proxiedPath(path: string): string {
  return /^(?:\/[^/]+)*?\/(?:pods|services|nodes)\/[^/]+\/proxy(\/.*)?$/.exec(path)?.[1] ?? '';
}

/** The verb that authorization sees. */
export function verbOf(method: string, address: Address, query: URLSearchParams): string {
  const { name, isWatchPath } = address;
  if (method === 'GET' || method === 'HEAD') {
    if (isWatchPath) return 'watch';
    if (name) return 'get';
    const watch = query.get('watch');
    return watch !== null && watch !== 'false' && watch !== '0' ? 'watch' : 'list';
  }
  if (method === 'DELETE') return name ? 'delete' : 'deletecollection';
  return { POST: 'create', PUT: 'update', PATCH: 'patch' }[method] ?? method.toLowerCase();
}
