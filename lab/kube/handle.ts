import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorize, authorizePath } from './access.ts';
import type { Api, Call } from './api.ts';
import { AGGREGATED, discover } from './discovery.ts';
import { evict } from './eviction.ts';
import { checkListOptions } from './list-options.ts';
import { podLog } from './logs.ts';
import { openapi } from './openapi.ts';
import type { Format } from './present.ts';
import { formatOf, presentOne } from './present.ts';
import { proxy } from './proxy.ts';
import { send, sendAnswer, sendDocument } from './respond.ts';
import type { ResourceRoute } from './routes.ts';
import { addressOf, nothingAt, resourceRoute, verbOf } from './routes.ts';
import { scale } from './scale.ts';
import { badRequest, methodNotAllowed, notImplemented, pageNotFound } from './status.ts';
import type { Answer } from './verbs.ts';
import { create, list, liveObject, patch, remove, removeCollection, selection, update } from './verbs.ts';
import { startWatch } from './watch.ts';

/** Answers one authenticated request; throws a StatusError for everything that is refused. */
export async function handle(api: Api, call: Call, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const address = addressOf(call.path);
  if (!address) {
    authorizePath(api, call);
    return documents(api, call, response);
  }
  const verb = verbOf(call.method, address, call.query);
  // Who may not ask does not learn whether there is such a resource.
  authorize(api, call, verb, address);
  const route = resourceRoute(address, call.path, api.registry);
  if (route.subresource === 'proxy' && route.resource.kind !== 'Node')
    return proxy(api, call, route, request, response);
  if (route.subresource === 'log') return podLog(api, call, route, response);
  const format = formatOf(call.header('accept'));
  if (verb === 'watch') return watch(api, call, route, format, response);
  sendAnswer(response, call, answer(api, call, verb, route), route.resource, format);
}

function answer(api: Api, call: Call, verb: string, route: ResourceRoute): Answer {
  const { resource, subresource } = route;
  if (!resource.verbs.includes(verb)) throw methodNotAllowed();
  if (subresource === 'scale') return { code: 200, document: scale(api, call, route) };
  if (subresource === 'eviction' && verb === 'create') return evict(api, call, route);
  if (subresource !== '' && subresource !== 'status') throw notImplemented(`${verb} ${resource.plural}/${subresource}`);
  const needsName = ['get', 'update', 'patch', 'delete'].includes(verb);
  if (needsName && !route.name && resource.custom) throw badRequest('name must be provided');
  if (needsName !== (route.name !== '')) throw methodNotAllowed();
  if (resource.namespaced && !route.namespace && verb === 'create') {
    throw resource.custom ? pageNotFound() : methodNotAllowed();
  }
  if (verb === 'get') return { code: 200, object: liveObject(api, route) };
  if (verb === 'list') return list(api, call, route);
  if (verb === 'create' && !subresource) return create(api, call, route);
  if (verb === 'update') return update(api, call, route);
  if (verb === 'patch') return patch(api, call, route);
  if (verb === 'delete' && !subresource) return remove(api, call, route);
  if (verb === 'deletecollection') return removeCollection(api, call, route);
  throw methodNotAllowed();
}

function documents(api: Api, call: Call, response: ServerResponse): void {
  const accept = call.header('accept');
  const found = discover(api, call.path, accept) ?? openapi(api, call.path);
  const [root, group = ''] = call.path.split('/').slice(1);
  if (found === undefined) throw root === 'api' ? nothingAt('') : root === 'apis' ? nothingAt(group) : pageNotFound();
  if (call.method !== 'GET' && call.method !== 'HEAD') throw methodNotAllowed();
  if (typeof found === 'string') send(response, call, 200, 'text/plain; charset=utf-8', found);
  else if (found.kind === 'APIGroupDiscoveryList') send(response, call, 200, AGGREGATED, JSON.stringify(found));
  else sendDocument(response, call, 200, found);
}

const HALF_HOUR_SECONDS = 1_800;

function watch(api: Api, call: Call, route: ResourceRoute, format: Format, response: ServerResponse): void {
  const { resource } = route;
  const { query } = call;
  const include = query.get('includeObject') ?? 'Metadata';
  // Checked before the head goes out, so that a bad option is still an answer of its own.
  const options = checkListOptions(query, true);
  const matches = selection(call, route);
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  const stop = startWatch(
    api.store,
    {
      key: resource.key,
      namespace: route.namespace,
      matches,
      resourceVersion: options.resourceVersion,
      sendInitialEvents: query.get('sendInitialEvents') === 'true',
      allowBookmarks: query.get('allowWatchBookmarks') === 'true',
      timeoutSeconds: options.timeoutSeconds || HALF_HOUR_SECONDS,
      present: (object) => presentOne(object, resource, format, include),
      bookmark: (resourceVersion, annotations) => ({
        kind: resource.kind,
        apiVersion: resource.apiVersion,
        metadata: {
          resourceVersion: String(resourceVersion),
          ...(annotations ? { annotations } : {}),
        },
      }),
    },
    (event) => response.write(`${JSON.stringify(event)}\n`),
    () => response.end(),
  );
  const end = () => {
    stop();
    response.end();
  };
  response.on('close', stop);
  api.closing.addEventListener('abort', end, { once: true });
  response.on('close', () => api.closing.removeEventListener('abort', end));
}
