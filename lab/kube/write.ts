import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../protocol.ts';
import { allocate } from './allocate.ts';
import type { Api, WriteOptions } from './api.ts';
import { timestamp } from './api.ts';
import { checkObject } from './builtin-check.ts';
import { decode } from './decode.ts';
import { applyDefaults, dropNulls } from './defaults.ts';
import { copyJson } from './frozen.ts';
import { syntaxError } from './list-options.ts';
import { admitPriority } from './priority-admission.ts';
import type { Resource } from './resources.ts';
import { checkScale, checkSchema } from './schema-check.ts';
import type { Writer } from './ssa/apply.ts';
import { applyConfig, trackUpdate } from './ssa/apply.ts';
import { setOf } from './ssa/fieldset.ts';
import { alreadyExists, badRequest, conflict, failure, forbidden, invalid, notFound } from './status.ts';
import type { JsonObject } from './types.ts';
import { equalJson, isObject } from './types.ts';
import { dropEmpty, pruneCustom } from './unknown.ts';

/** Creates an object in a namespace ('' for a cluster-scoped kind); what the API server would store comes back. */
export function createObject(
  api: Api,
  resource: Resource,
  namespace: string,
  given: JsonObject,
  options: WriteOptions,
): KubeObject {
  const object = decode(resource, given, options, 'body');
  if (object.metadata.resourceVersion) {
    throw failure(500, '', 'resourceVersion should not be set on objects to be created');
  }
  settleNamespace(resource, object, namespace);
  object.metadata.name ||= generatedName(object);
  applyDefaults(object, resource);
  trackUpdate(null, object, resource.type, writer(resource, options));
  return insertObject(api, resource, object, options);
}

/** PUT or the outcome of a patch: `given` replaces `live`. A resourceVersion in it must be the live one. */
export function replaceObject(
  api: Api,
  resource: Resource,
  live: KubeObject,
  given: JsonObject,
  options: WriteOptions,
  source: 'body' | 'patch',
): KubeObject {
  const object = decode(resource, given, options, source);
  settleNamespace(resource, object, live.metadata.namespace ?? '');
  checkPreconditions(resource, live, object);
  restoreMetadata(object, live);
  const next = throughDoor(resource, live, object, options.subresource);
  applyDefaults(next, resource);
  trackUpdate(live, next, resource.type, writer(resource, options));
  return updateObject(api, resource, live, next, options);
}

/** Server-side apply; creates the object when `live` is null. */
export function applyObject(
  api: Api,
  resource: Resource,
  live: KubeObject | null,
  address: { namespace: string; name: string },
  config: JsonObject,
  options: WriteOptions & { force: boolean },
): KubeObject {
  const { apiVersion, kind } = config;
  if (apiVersion !== resource.apiVersion || kind !== resource.kind) {
    throw badRequest(`invalid object type: ${groupVersion(apiVersion)}, Kind=${kind ?? ''}`);
  }
  if (!isObject(config.metadata) || config.metadata.name !== address.name) {
    throw badRequest(
      `the name of the object (${config.metadata?.name ?? ''}) does not match the name on the URL (${address.name})`,
    );
  }
  if (live) checkPreconditions(resource, live, config as KubeObject);
  else if (config.metadata.uid) {
    const why = `uid mismatch: the provided object specified uid ${config.metadata.uid}, and no existing object was found`;
    throw conflict(resource, address.name, why);
  }
  const merged = copyJson(applyConfig(live, config, resource.type, writer(resource, options), options.force));
  settleNamespace(resource, merged, address.namespace);
  dropNulls(merged, resource.custom?.schema);
  if (resource.custom) pruneCustom(merged, resource.custom.schema);
  else dropEmpty(merged, resource.type);
  if (live) restoreMetadata(merged, live);
  const next = live ? throughDoor(resource, live, merged, options.subresource) : merged;
  applyDefaults(next, resource);
  return live ? updateObject(api, resource, live, next, options) : insertObject(api, resource, next, options);
}

function insertObject(api: Api, resource: Resource, object: KubeObject, options: WriteOptions): KubeObject {
  const { metadata } = object;
  for (const field of ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink']) {
    delete metadata[field];
  }
  if (resource.subresources.includes('status')) delete object.status;
  if (resource.namespaced) requireNamespace(api, resource, object);
  admitPriority(api, resource, object);
  validate(resource, object, null);
  allocate(api, object, null, resource);
  if (api.store.get(resource.key, metadata.namespace, metadata.name)) throw alreadyExists(resource, metadata.name);
  options.warnings.push(...unevaluated(resource, object));
  if (options.dryRun) {
    const facts = { uid: crypto.randomUUID(), creationTimestamp: timestamp(), generation: 1 };
    return { ...object, metadata: { ...metadata, ...facts } };
  }
  object.apiVersion = resource.storageApiVersion;
  return api.store.create(resource.key, object);
}

function updateObject(
  api: Api,
  resource: Resource,
  live: KubeObject,
  next: KubeObject,
  options: WriteOptions,
): KubeObject {
  allocate(api, next, live, resource);
  validate(resource, next, live);
  if (equalJson(withoutTimes(live), withoutTimes(next))) return live;
  if (options.dryRun) return next;
  next.apiVersion = resource.storageApiVersion;
  const { deletionTimestamp, finalizers, namespace, name } = next.metadata;
  const isFinished =
    deletionTimestamp && !finalizers?.length && resource.kind !== 'Pod' && resource.kind !== 'Namespace';
  if (!isFinished) return api.store.update(resource.key, next);
  // A watcher sees the deletion alone, with the last finalizer still there.
  api.store.delete(resource.key, namespace, name);
  return next;
}

function validate(resource: Resource, object: KubeObject, live: KubeObject | null): void {
  // Controllers write into the store directly, without the defaults that every stored object has on a real server.
  const settled = live && copyJson(live);
  if (settled) applyDefaults(settled, resource);
  const causes = checkObject(object, settled, resource);
  if (resource.custom?.schema) causes.push(...checkSchema(object, resource.custom.schema));
  if (resource.custom?.scale) causes.push(...checkScale(object, resource.custom.scale));
  if (causes.length > 0) throw invalid(resource.group, resource.kind, object.metadata.name ?? '', causes);
}

/** What the lab keeps and does not evaluate, said to whoever puts it there. */
function unevaluated(resource: Resource, object: KubeObject): string[] {
  const { name } = object.metadata;
  if (resource.group === 'admissionregistration.k8s.io') return [`the lab does not evaluate ${resource.kind} ${name}`];
  const hasRules = resource.kind === 'CustomResourceDefinition' && JSON.stringify(object).includes(CEL_RULES);
  return hasRules ? [`the lab does not evaluate the CEL rules of ${name}`] : [];
}

const CEL_RULES = '"x-kubernetes-validations":';

/** Through `status` only the status can change, through the main door everything else. */
function throughDoor(resource: Resource, live: KubeObject, next: KubeObject, subresource: string): KubeObject {
  if (subresource === 'status') {
    const { managedFields } = next.metadata;
    const { metadata: old, status: _status, ...rest } = live;
    const { managedFields: _old, ...metadata } = copyJson(old);
    const kept = {
      ...copyJson(rest),
      apiVersion: next.apiVersion,
      metadata: managedFields ? { ...metadata, managedFields } : metadata,
    };
    return (next.status === undefined ? kept : { ...kept, status: next.status }) as KubeObject;
  }
  if (!resource.subresources.includes('status')) return next;
  return live.status === undefined ? without(next, 'status') : { ...next, status: copyJson(live.status) };
}

/** `v1` as Go prints it: with a group, even an empty one. */
const groupVersion = (apiVersion = '/'): string => (apiVersion.includes('/') ? apiVersion : `/${apiVersion}`);

function without(object: KubeObject, field: string): KubeObject {
  const { [field]: _dropped, ...rest } = object;
  return rest as KubeObject;
}

function checkPreconditions(resource: Resource, live: KubeObject, given: KubeObject): void {
  const { name, uid, resourceVersion } = given.metadata;
  if (name && name !== live.metadata.name) {
    const url = `does not match the name on the URL (${live.metadata.name})`;
    throw badRequest(`the name of the object (${name}) ${url}`);
  }
  if (uid && uid !== live.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`;
    throw conflict(resource, live.metadata.name, why);
  }
  if (resourceVersion && !/^\d+$/.test(resourceVersion))
    throw failure(500, '', syntaxError('ParseUint', resourceVersion));
  if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) {
    const why = 'the object has been modified; please apply your changes to the latest version and try again';
    throw conflict(resource, live.metadata.name, why);
  }
}

const SERVER_OWNED = ['name', 'uid', 'creationTimestamp', 'generation', 'resourceVersion', 'deletionTimestamp'];

function restoreMetadata(object: KubeObject, live: KubeObject): void {
  for (const field of [...SERVER_OWNED, 'deletionGracePeriodSeconds']) {
    if (live.metadata[field] === undefined) delete object.metadata[field];
    else object.metadata[field] = live.metadata[field];
  }
  delete object.metadata.selfLink;
}

function settleNamespace(resource: Resource, object: KubeObject, namespace: string): void {
  const { metadata } = object;
  if (!resource.namespaced) delete metadata.namespace;
  else if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  } else metadata.namespace = namespace;
}

function requireNamespace(api: Api, resource: Resource, { metadata }: KubeObject): void {
  const name = metadata.namespace ?? '';
  const namespace = api.store.get({ group: '', plural: 'namespaces' }, undefined, name);
  if (!namespace) throw notFound({ group: '', plural: 'namespaces' }, name);
  if (!namespace.metadata.deletionTimestamp) return;
  const why = `unable to create new content in namespace ${name} because it is being terminated`;
  const message = `namespace ${name} is being terminated`;
  throw forbidden(resource, metadata.name, why, [
    { reason: 'NamespaceTerminating', message, field: 'metadata.namespace' },
  ]);
}

function generatedName(object: KubeObject): string {
  const prefix = object.metadata.generateName;
  if (typeof prefix !== 'string' || !prefix) return '';
  // Kubernetes' alphabet for generated names: no vowels, no look-alikes.
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  const suffix = [...randomBytes(5)].map((byte) => alphabet[byte % alphabet.length]).join('');
  return `${prefix.slice(0, 58)}${suffix}`;
}

function writer(resource: Resource, options: WriteOptions): Writer {
  const hasStatus = resource.subresources.includes('status');
  const statusDoor = options.subresource === 'status';
  return {
    manager: options.manager,
    apiVersion: resource.apiVersion,
    subresource: options.subresource,
    now: timestamp(),
    resets: statusDoor ? setOf(['f:metadata'], ['f:spec']) : hasStatus ? setOf(['f:status']) : setOf(),
  };
}

/** An object for comparison: the times in managedFields do not make it a different one. */
function withoutTimes(object: KubeObject): JsonObject {
  const { apiVersion: _apiVersion, metadata, ...rest } = object;
  const managedFields = (metadata.managedFields as JsonObject[] | undefined)?.map(({ time: _time, ...entry }) => entry);
  return { ...rest, metadata: { ...metadata, managedFields } };
}
