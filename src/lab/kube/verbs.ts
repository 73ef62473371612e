import type { KubeObject } from '../protocol.ts';
import { review } from './access.ts';
import type { Api, Call } from './api.ts';
import { mediaType, objectBody, parseBody, writeOptions } from './body.ts';
import { deleteObject, deleteOptions } from './delete.ts';
import { jsonPatch, mergePatch } from './patch.ts';
import { versioned } from './present.ts';
import type { ResourceRoute } from './routes.ts';
import type { Matcher } from './selectors.ts';
import { fieldMatcher, labelMatcher } from './selectors.ts';
import type { Status } from './status.ts';
import { badRequest, deleted, failure, gone, invalid, methodNotAllowed, notFound, unsupportedMedia } from './status.ts';
import { strategicMerge } from './strategic.ts';
import type { JsonObject } from './types.ts';
import { isObject } from './types.ts';
import { applyObject, createObject, replaceObject } from './write.ts';

/** What a verb answers: one object, a list of them, or a document as it is. */
export type Answer =
  | { code: number; object: KubeObject }
  | { code: number; objects: KubeObject[]; metadata: JsonObject }
  | { code: number; document: Status | JsonObject };

/** The object of the route at the route's version; throws 404. */
export function liveObject(api: Api, { resource, namespace, name }: ResourceRoute): KubeObject {
  const found = api.store.get(resource.key, resource.namespaced ? namespace : undefined, name);
  if (!found) throw notFound(resource, name);
  return versioned(found, resource);
}

/** Label and field selector of the request as one test. */
export function selection(call: Call, route: ResourceRoute): Matcher {
  const labels = labelMatcher(call.query.get('labelSelector'));
  const fields = fieldMatcher(call.query.get('fieldSelector'), route.resource.plural);
  const byName = route.name;
  return (object) => labels(object) && fields(object) && (!byName || object.metadata.name === byName);
}

/** LIST with `limit` and `continue`. Later pages show the collection as it is then, not a snapshot of the first page. */
export function list(api: Api, call: Call, route: ResourceRoute): Answer {
  checkRevision(api, call);
  const matches = selection(call, route);
  const all = api.store.list(route.resource.key, route.namespace || undefined).filter(matches);
  const limit = Number(call.query.get('limit') ?? 0);
  const token = call.query.get('continue');
  const from = token ? continueFrom(token) : '';
  const keyOf = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name}`;
  const rest = all.filter((object) => keyOf(object) > from);
  const page = limit > 0 ? rest.slice(0, limit) : rest;
  const last = page.at(-1);
  const metadata: JsonObject = { resourceVersion: String(api.store.revision()) };
  if (last && page.length < rest.length) {
    const next = { v: 'meta.k8s.io/v1', rv: api.store.revision(), start: keyOf(last) };
    metadata.continue = Buffer.from(JSON.stringify(next)).toString('base64url');
    metadata.remainingItemCount = rest.length - page.length;
  }
  return { code: 200, objects: page, metadata };
}

/** Only the present can be listed: the exact past has expired, the future times out, as upstream. */
function checkRevision(api: Api, { query }: Call): void {
  const wanted = Number(query.get('resourceVersion') ?? 0);
  const current = api.store.revision();
  if (wanted > current) {
    throw failure(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    });
  }
  if (query.get('resourceVersionMatch') === 'Exact' && wanted < current) {
    throw gone(`The resourceVersion for the provided list is too old: ${wanted} (${current})`);
  }
}

function continueFrom(token: string): string {
  try {
    const { start } = JSON.parse(Buffer.from(token, 'base64url').toString()) as JsonObject;
    if (typeof start === 'string') return start;
  } catch {
    // Answered below like a token of another server.
  }
  throw gone('The provided continue parameter is too old to display a consistent list result.');
}

export function create(api: Api, call: Call, route: ResourceRoute): Answer {
  const { resource, namespace } = route;
  const body = objectBody(call);
  if (!resource.verbs.includes('get')) {
    return { code: 201, document: review(api, call, resource.kind, body) };
  }
  if (route.name) throw methodNotAllowed(resource, 'create');
  const options = writeOptions(call, '', 'CreateOptions');
  return { code: 201, object: createObject(api, resource, namespace, body, options) };
}

export function update(api: Api, call: Call, route: ResourceRoute): Answer {
  const { resource } = route;
  const body = objectBody(call);
  const name = body.metadata?.name;
  if (name !== route.name) {
    throw badRequest(`the name of the object (${name ?? ''}) does not match the name on the URL (${route.name})`);
  }
  const options = writeOptions(call, route.subresource, 'UpdateOptions');
  const live = liveObject(api, route);
  // An update without a resourceVersion is unconditional for the built-in kinds, and refused for custom resources.
  if (resource.custom && !body.metadata?.resourceVersion) {
    const message = 'Invalid value: 0: must be specified for an update';
    throw invalid(resource.group, resource.kind, route.name, [
      { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' },
    ]);
  }
  return { code: 200, object: replaceObject(api, resource, live, body, options, 'body') };
}

export function patch(api: Api, call: Call, route: ResourceRoute): Answer {
  const { resource } = route;
  const type = mediaType(call);
  const options = writeOptions(call, route.subresource, 'PatchOptions');
  const isForced = call.query.get('force') === 'true';
  if (type === 'application/apply-patch+yaml') {
    if (!call.query.get('fieldManager'))
      throw badOption('FieldValueRequired', 'fieldManager', 'Required value: is required for apply patch');
    const config = parseBody(call, true);
    if (!isObject(config)) throw badRequest('error decoding YAML: the patch is not an object');
    const { namespace, name } = route;
    const live = api.store.get(resource.key, resource.namespaced ? namespace : undefined, name);
    if (!live && route.subresource) throw notFound(resource, name);
    const current = live ? versioned(live, resource) : null;
    const object = applyObject(api, resource, current, { namespace, name }, config, { ...options, force: isForced });
    return { code: live ? 200 : 201, object };
  }
  if (call.query.has('force'))
    throw badOption('FieldValueForbidden', 'force', 'Forbidden: may not be specified for non-apply patch');
  const live = liveObject(api, route);
  const next = patched(live, type, call, route);
  return { code: 200, object: replaceObject(api, resource, live, next, options, 'patch') };
}

function badOption(reason: string, field: string, message: string) {
  return invalid('meta.k8s.io', 'PatchOptions', '', [{ reason, message, field }]);
}

/** `live` with the request's JSON, merge or strategic merge patch applied. */
export function patched(live: JsonObject, type: string, call: Call, { resource }: ResourceRoute): JsonObject {
  const accepted = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'];
  if (!resource.custom) accepted.push('application/strategic-merge-patch+json');
  if (!accepted.includes(type)) {
    const list = accepted.join(', ');
    throw unsupportedMedia(`the body of the request was in an unknown format - accepted media types include: ${list}`);
  }
  const body = parseBody(call, false);
  if (type === 'application/json-patch+json') return jsonPatch(live, body);
  if (!isObject(body)) throw badRequest('invalid patch: it is not an object');
  if (type === 'application/merge-patch+json') return mergePatch(live, body);
  return strategicMerge(live, body, resource.type);
}

export function remove(api: Api, call: Call, route: ResourceRoute): Answer {
  const options = deleteOptions(objectBody(call), call.query);
  const { resource, name } = route;
  const live = liveObject(api, route);
  const marked = deleteObject(api, resource, live, options);
  if (marked) return { code: 200, object: marked };
  return { code: 200, document: deleted(resource, name, live.metadata.uid) };
}

export function removeCollection(api: Api, call: Call, route: ResourceRoute): Answer {
  const options = deleteOptions(objectBody(call), call.query);
  const { resource, namespace } = route;
  const all = api.store.list(resource.key, namespace || undefined).filter(selection(call, route));
  for (const object of all) deleteObject(api, resource, versioned(object, resource), options);
  return { code: 200, objects: all, metadata: { resourceVersion: String(api.store.revision()) } };
}
