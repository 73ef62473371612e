import type { Registry, Resource } from './resources.ts';
import { pathNotFound } from './status.ts';

/** A request to a resource: `/api/v1/namespaces/NS/pods/NAME/log`. */
export interface ResourceRoute {
  resource: Resource;
  /** '' for a cluster-scoped resource and for a list over all namespaces. */
  namespace: string;
  /** '' for the collection. */
  name: string;
  subresource: string;
  /** What follows the subresource, with its leading slash; only `proxy` has it. */
  rest: string;
  /** The removed `/watch/` prefix, which still works. */
  isWatchPath: boolean;
}

/** What a path addresses; null for a path that is not below a resource. Throws 404 for an unknown resource. */
export function resourceRoute(path: string, registry: Registry): ResourceRoute | null {
  const parts = path.split('/').slice(1);
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return null;
  const head = isCore ? 2 : 3;
  const tail = parts.slice(head).map(decodeURIComponent);
  if (tail.length === 0 || tail[0] === '') return null;
  const [group, version] = isCore ? ['', parts[1] as string] : [parts[1] as string, parts[2] as string];
  const isWatchPath = tail[0] === 'watch';
  if (isWatchPath) tail.shift();

  let namespace = '';
  if (tail[0] === 'namespaces' && tail.length > 2 && !['status', 'finalize'].includes(tail[2] as string)) {
    namespace = tail[1] as string;
    tail.splice(0, 2);
  }
  const [plural = '', name = '', subresource = ''] = tail;
  const resource = registry.find(group, version, plural);
  if (!resource) throw pathNotFound();
  if (namespace && !resource.namespaced) throw pathNotFound();
  if (subresource && !resource.subresources.includes(subresource)) throw pathNotFound();
  if (tail.length > 3 && subresource !== 'proxy') throw pathNotFound();
  // The proxied path is passed on as it came: decoding it would change what it asks for.
  const rest = subresource === 'proxy' ? proxiedPath(path) : '';
  return { resource, namespace, name, subresource, rest, isWatchPath };
}

function proxiedPath(path: string): string {
  return /^(?:\/[^/]+)*?\/(?:pods|services|nodes)\/[^/]+\/proxy(\/.*)?$/.exec(path)?.[1] ?? '';
}

/** The verb that authorization sees. */
export function verbOf(method: string, route: ResourceRoute, query: URLSearchParams): string {
  if (method === 'GET' || method === 'HEAD') {
    if (route.name) return 'get';
    const watch = query.get('watch');
    return route.isWatchPath || (watch !== null && watch !== 'false' && watch !== '0') ? 'watch' : 'list';
  }
  if (method === 'DELETE') return route.name ? 'delete' : 'deletecollection';
  return { POST: 'create', PUT: 'update', PATCH: 'patch' }[method] ?? method.toLowerCase();
}
