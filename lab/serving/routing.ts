import type { GatewayRoute, GatewayTable } from '../protocol.ts';

export type Router = (path: string) => { route: GatewayRoute; path: string } | null;

/**
 * Gateway API path matching: the longest prefix wins, on whole path segments; of equal prefixes the first listed.
 * The answer carries the path to send upstream, its prefix replaced where the route says so; the query is kept.
 */
export function createRouter(table: GatewayTable): Router {
  const routes = table.routes
    .map((route) => ({ route, prefix: withoutSlash(route.pathPrefix) }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  return (target) => {
    const query = target.indexOf('?');
    const path = query < 0 ? target : target.slice(0, query);
    const found = routes.find(({ prefix }) => {
      if (!path.startsWith(prefix)) return false;
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
