import type { KubeObject } from '../protocol.ts';
import type { Api, Call } from './api.ts';
import { timestamp } from './api.ts';
import { mediaType, objectBody, patchBody, writeOptions, yamlBody } from './body.ts';
import { deleteObject, deleteOptions } from './delete.ts';
import { checkListOptions } from './list-options.ts';
import { jsonPatch, mergePatch } from './patch.ts';
import { versioned } from './present.ts';
import { review } from './reviews.ts';
import type { ResourceRoute } from './routes.ts';
import type { Matcher } from './selectors.ts';
import { fieldMatcher, labelMatcher } from './selectors.ts';
import { objectsAt } from './snapshot.ts';
import type { Status } from './status.ts';
import { badRequest, deleted, failure, gone, invalid, notFound, unsupportedMedia } from './status.ts';
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
  const fields = fieldMatcher(call.query.get('fieldSelector'), route.resource);
  const byName = route.name;
  return (object) => labels(object) && fields(object) && (!byName || object.metadata.name === byName);
}

/** LIST with `limit` and `continue`: later pages show the collection as it was for the first one. */
export function list(api: Api, call: Call, route: ResourceRoute): Answer {
  const { resource, namespace } = route;
  const { resourceVersion, match, limit } = checkListOptions(call.query, false);
  checkFuture(api, resourceVersion);
  const matches = selection(call, route);
  const token = call.query.get('continue');
  const page = token ? readToken(token) : { rv: match === 'Exact' ? Number(resourceVersion) : NOW, start: '' };
  const revision = page.rv === NOW ? api.store.revision() : page.rv;
  const objects = objectsAt(api, resource.key, namespace, revision);
  if (!objects) throw token ? expired(page.start) : gone(`The resourceVersion for the provided list is too old.`);
  const rest = objects.filter((object) => matches(object) && keyOf(object) > page.start);
  const chosen = limit > 0 ? rest.slice(0, limit) : rest;
  const last = chosen.at(-1);
  const metadata: JsonObject = { resourceVersion: String(revision) };
  if (last && chosen.length < rest.length) {
    metadata.continue = writeToken({ rv: revision, start: keyOf(last) });
    // How many of the rest a selector would take is not known upstream.
    const isSelection = call.query.get('labelSelector') || call.query.get('fieldSelector');
    if (!isSelection) metadata.remainingItemCount = rest.length - chosen.length;
  }
  return { code: 200, objects: chosen, metadata };
}

const keyOf = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name}`;

/** The future is not waited for. */
function checkFuture(api: Api, resourceVersion: string): void {
  const current = api.store.revision();
  if (Number(resourceVersion) <= current) return;
  throw failure(504, 'Timeout', `Timeout: Too large resource version: ${resourceVersion}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** Where a page begins: behind a key, in the collection of a revision or in that of now. */
interface PageToken {
  rv: number;
  start: string;
}

const NOW = -1;

const writeToken = (token: PageToken): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', ...token })).toString('base64url');

function readToken(token: string): PageToken {
  try {
    const { rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString()) as JsonObject;
    if (typeof start === 'string' && typeof rv === 'number') return { rv, start };
  } catch {
    // Answered below like a token of another server.
  }
  throw badRequest('invalid continue token: continue key is not valid');
}

/** 410 with a token that goes on from the same place, without the promise of one state. */
function expired(start: string) {
  const error = gone('The provided continue parameter is too old to display a consistent list result.');
  return Object.assign(error, { status: { ...error.status, metadata: { continue: writeToken({ rv: NOW, start }) } } });
}

export function create(api: Api, call: Call, route: ResourceRoute): Answer {
  const { resource, namespace } = route;
  const body = objectBody(call, resource);
  if (!resource.verbs.includes('get')) return { code: 201, document: review(api, call, resource, body) };
  const options = writeOptions(call, '', 'CreateOptions');
  return { code: 201, object: createObject(api, resource, namespace, body, options) };
}

/** Kinds that a PUT creates where there is none. */
const CREATED_BY_UPDATE = [
  ...['services', 'endpoints', 'events', 'limitranges', 'leases'],
  ...['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
];

export function update(api: Api, call: Call, route: ResourceRoute): Answer {
  const { resource } = route;
  const body = objectBody(call, resource);
  const name = body.metadata?.name;
  if (!name)
    throw badRequest(`the name of the object (${route.name} based on URL) was undeterminable: name must be provided`);
  if (name !== route.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${route.name})`);
  }
  const options = writeOptions(call, route.subresource, 'UpdateOptions');
  const isThere = api.store.get(resource.key, resource.namespaced ? route.namespace : undefined, route.name);
  if (!isThere && CREATED_BY_UPDATE.includes(resource.plural) && !route.subresource) {
    const { resourceVersion: _unmet, ...metadata } = body.metadata;
    return { code: 201, object: createObject(api, resource, route.namespace, { ...body, metadata }, options) };
  }
  const live = liveObject(api, route);
  // An update without a resourceVersion is unconditional for the built-in kinds, and refused for custom resources.
  if (resource.custom && !body.metadata?.resourceVersion) {
    const message = 'Invalid value: 0: must be specified for an update';
    throw invalid(resource.group, resource.plural, route.name, [
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
    const config = yamlBody(call);
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
    const isPatch = type === 'application/strategic-merge-patch+json';
    if (!isPatch) throw failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
    const list = accepted.join(', ');
    throw unsupportedMedia(`the body of the request was in an unknown format - accepted media types include: ${list}`);
  }
  if (type === 'application/json-patch+json') return jsonPatch(live, patchBody(call, 'error decoding patch: '));
  const isStrategic = type === 'application/strategic-merge-patch+json';
  const body = patchBody(call, isStrategic ? '' : 'error decoding patch: ');
  if (!isObject(body)) {
    const what = Array.isArray(body) ? 'array' : typeof body;
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
    );
  }
  if (type === 'application/merge-patch+json') return mergePatch(live, body);
  return strategicMerge(live, body, resource.type);
}

const DELETE_OPTIONS = { kind: 'DeleteOptions' };

/** Kinds of which a deletion answers with the object even when it is gone at once. */
const ANSWERED_WITH_OBJECT = [
  ...['pods', 'services', 'serviceaccounts'],
  ...['persistentvolumeclaims', 'persistentvolumes', 'resourcequotas'],
];

/** A pod goes through the mark of a deletion in any case. */
function ended(live: KubeObject): KubeObject {
  if (live.kind !== 'Pod') return live;
  const mark = { deletionTimestamp: timestamp(), deletionGracePeriodSeconds: 0 };
  return { ...live, metadata: { ...live.metadata, ...mark } };
}

export function remove(api: Api, call: Call, route: ResourceRoute): Answer {
  const { resource, name } = route;
  const options = deleteOptions(objectBody(call, DELETE_OPTIONS), call.query, resource);
  const live = liveObject(api, route);
  const marked = deleteObject(api, resource, live, options);
  if (marked) return { code: 200, object: marked };
  if (ANSWERED_WITH_OBJECT.includes(resource.plural) && !resource.group) return { code: 200, object: ended(live) };
  return { code: 200, document: deleted(resource, name, live.metadata.uid) };
}

export function removeCollection(api: Api, call: Call, route: ResourceRoute): Answer {
  const { resource, namespace } = route;
  const options = deleteOptions(objectBody(call, DELETE_OPTIONS), call.query, resource);
  const all = api.store.list(resource.key, namespace || undefined).filter(selection(call, route));
  for (const object of all) deleteObject(api, resource, versioned(object, resource), options);
  return { code: 200, objects: all, metadata: { resourceVersion: String(api.store.revision()) } };
}
