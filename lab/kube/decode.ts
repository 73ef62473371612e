import type { KubeObject } from '../protocol.ts';
import type { WriteOptions } from './api.ts';
import { BUILTIN_RESOURCES } from './builtin-resources.ts';
import { dropNulls } from './defaults.ts';
import { copyJson } from './frozen.ts';
import type { Resource } from './resources.ts';
import { badRequest, invalid } from './status.ts';
import type { JsonObject } from './types.ts';
import { decodeMismatch, dropEmpty, dropUndeclared, pruneCustom } from './unknown.ts';

/** Body or patch outcome as an object of the kind: names checked, unknown fields reported or dropped. */
export function decode(
  resource: Resource,
  given: JsonObject,
  options: WriteOptions,
  source: 'body' | 'patch',
): KubeObject {
  const object = copyJson(given) as KubeObject;
  // A custom object says what it is: nothing else could tell.
  const { apiVersion = resource.custom ? '' : resource.apiVersion, kind = resource.kind } = object;
  if (apiVersion !== resource.apiVersion || kind !== resource.kind) {
    throw mistaken(resource, apiVersion, kind, given, source);
  }
  Object.assign(object, { apiVersion, kind });
  object.metadata ??= {} as KubeObject['metadata'];
  const mismatch = resource.custom ? undefined : decodeMismatch(object, resource.type, resource.kind);
  if (mismatch) throw undecodable(resource, mismatch, given, source);
  const unknown = resource.custom ? pruneCustom(object, resource.custom.schema) : dropUndeclared(object, resource.type);
  const errors = [
    ...options.duplicates.map((path) => `duplicate field "${path}"`),
    ...unknown.map((path) => `unknown field "${path}"`),
  ];
  if (errors.length > 0 && options.fieldValidation === 'Strict') {
    throw undecodable(resource, `strict decoding error: ${errors.join(', ')}`, given, source);
  }
  if (options.fieldValidation === 'Warn') options.warnings.push(...errors);
  dropNulls(object, resource.custom?.schema);
  if (!resource.custom) dropEmpty(object, resource.type);
  return object;
}

/** An object of another kind or version than the path is for. */
function mistaken(resource: Resource, apiVersion: string, kind: string, given: JsonObject, source: 'body' | 'patch') {
  const { custom, group } = resource;
  if (!custom) {
    const [theirs, ours] = [goName(apiVersion, kind), goName('core', resource.kind)];
    const isKnown = BUILTIN_RESOURCES.some((each) => each.kind === kind && versionOf(each) === apiVersion);
    const why = isKnown
      ? `converting (${theirs}) to (${ours}): unknown conversion`
      : `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:110"`;
    if (source === 'patch') return undecodable(resource, why, given, source);
    const version = apiVersion.split('/').at(-1);
    return badRequest(`${kind} in version "${version}" cannot be handled as a ${resource.kind}: ${why}`);
  }
  if (source === 'body' && apiVersion !== resource.apiVersion) {
    const expected = `does not match the expected API version (${resource.apiVersion})`;
    return badRequest(`the API version in the data (${apiVersion}) ${expected}`);
  }
  const field = kind === resource.kind ? 'apiVersion' : 'kind';
  const [actual, expected] = field === 'kind' ? [kind, resource.kind] : [apiVersion, resource.apiVersion];
  const message = `Invalid value: ${JSON.stringify(actual)}: must be ${expected}`;
  return invalid(group, kind, given.metadata?.name ?? '', [{ reason: 'FieldValueInvalid', message, field }]);
}

const versionOf = ({ group, version }: { group: string; version: string }) => (group ? `${group}/${version}` : version);
/** As Go names the type: `v1.Pod`. */
const goName = (apiVersion: string, kind: string) => `${apiVersion.split('/').at(-1)}.${kind}`;

function undecodable(resource: Resource, why: string, given: JsonObject, source: 'body' | 'patch') {
  if (source === 'patch') {
    const message = `Invalid value: ${JSON.stringify(JSON.stringify(given))}: ${why}`;
    return invalid('', '', '', [{ reason: 'FieldValueInvalid', message, field: 'patch' }]);
  }
  const { version, kind } = resource;
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}
