import type { GatewayRoute, GatewayTable } from '../protocol.ts';

type Headers = Record<string, string | string[] | undefined>;

/** `headers` by their names in lower case. */
export type Router = (path: string, headers?: Headers) => { route: GatewayRoute; path: string } | null;

/**
 * Gateway API matching: an exact path wins, then the longest prefix, on whole path segments, then the most headers; of
 * equal matches the first listed. The answer carries the path to send upstream, its prefix replaced where the route says so; the query is kept.
 */
export function createRouter(table: GatewayTable): Router {
  const routes = table.routes
    .map((route) => ({ route, prefix: route.exact ? route.pathPrefix : withoutSlash(route.pathPrefix) }))
    .sort((a, b) => {
      const exact = Number(b.route.exact ?? false) - Number(a.route.exact ?? false);
      const headers = (b.route.headers?.length ?? 0) - (a.route.headers?.length ?? 0);
      return exact || b.prefix.length - a.prefix.length || headers;
    });
  return (target, headers = {}) => {
    const query = target.indexOf('?');
    const path = query < 0 ? target : target.slice(0, query);
    const found = routes.find(({ route, prefix }) => {
      const hasHeaders = (route.headers ?? []).every(({ name, value }) => headers[name.toLowerCase()] === value);
      if (!hasHeaders || !path.startsWith(prefix)) return false;
      if (route.exact) return path === prefix;
      return path.length === prefix.length || path.charCodeAt(prefix.length) === 47;
    });
    if (!found) return null;
    const { route, prefix } = found;
    if (route.replacePrefix === null) return { route, path: target };
    const rewritten = withoutSlash(route.replacePrefix) + path.slice(prefix.length);
    return { route, path: (rewritten || '/') + (query < 0 ? '' : target.slice(query)) };
  };
}

function withoutSlash(prefix: string): string {
  return prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
}
