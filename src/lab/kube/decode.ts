import type { KubeObject } from '../protocol.ts';
import type { WriteOptions } from './api.ts';
import { dropNulls } from './defaults.ts';
import type { Resource } from './resources.ts';
import { badRequest, invalid } from './status.ts';
import type { JsonObject } from './types.ts';
import { decodeMismatch, dropUndeclared, pruneCustom } from './unknown.ts';

/** Body or patch outcome as an object of the kind: names checked, unknown fields reported or dropped. */
export function decode(
  resource: Resource,
  given: JsonObject,
  options: WriteOptions,
  source: 'body' | 'patch',
): KubeObject {
  const object = structuredClone(given) as KubeObject;
  const { apiVersion = resource.apiVersion, kind = resource.kind } = object;
  if (apiVersion !== resource.apiVersion) {
    const expected = `does not match the expected API version (${resource.apiVersion})`;
    throw badRequest(`the API version in the data (${apiVersion}) ${expected}`);
  }
  if (kind !== resource.kind) {
    throw badRequest(`the kind in the data (${kind}) does not match the expected kind (${resource.kind})`);
  }
  Object.assign(object, { apiVersion, kind });
  object.metadata ??= {} as KubeObject['metadata'];
  const mismatch = resource.custom ? undefined : decodeMismatch(object, resource.type, resource.kind);
  if (mismatch) throw undecodable(resource, mismatch, object, source);
  const unknown = resource.custom ? pruneCustom(object, resource.custom.schema) : dropUndeclared(object, resource.type);
  const errors = unknown.map((path) => `unknown field "${path}"`);
  if (errors.length > 0 && options.fieldValidation === 'Strict') {
    throw undecodable(resource, `strict decoding error: ${errors.join(', ')}`, object, source);
  }
  if (options.fieldValidation === 'Warn') options.warnings.push(...errors);
  dropNulls(object, resource.custom?.schema);
  return object;
}

function undecodable(resource: Resource, why: string, object: KubeObject, source: 'body' | 'patch') {
  if (source === 'patch') {
    const message = `Invalid value: ${JSON.stringify(JSON.stringify(object))}: ${why}`;
    return invalid('', '', '', [{ reason: 'FieldValueInvalid', message, field: 'patch' }]);
  }
  const { version, kind } = resource;
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}
