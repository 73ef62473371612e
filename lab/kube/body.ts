import type { Tags } from 'yaml';
import { parse } from 'yaml';
import type { Call, WriteOptions } from './api.ts';
import { duplicateFields } from './duplicates.ts';
import { decodeProtobuf, PROTOBUF } from './protobuf.ts';
import { badRequest, invalid, unsupportedMedia } from './status.ts';
import type { Json, JsonObject } from './types.ts';
import { isObject } from './types.ts';

export const mediaType = (call: Call): string => (call.header('content-type').split(';')[0] ?? '').trim().toLowerCase();

/** Body of a create, update or delete: JSON, YAML or protobuf, by its media type. An absent one is an empty DeleteOptions. */
export function objectBody(call: Call, resource: { kind: string; custom?: unknown }): JsonObject {
  const type = mediaType(call);
  if (type === PROTOBUF) return call.body.length > 0 ? decodeProtobuf(call.body) : {};
  if (!['', 'application/json', 'application/yaml', '*/*'].includes(type)) {
    const accepted = `accepted media types include: application/json, application/yaml, ${PROTOBUF}`;
    throw unsupportedMedia(`the body of the request was in an unknown format - ${accepted}`);
  }
  const text = call.body.toString('utf8');
  if (!text.trim() && resource.kind === 'DeleteOptions') return {};
  const unrecognized = (why: string) => {
    const shown = text.length > 30 ? `${text.slice(0, 30)} ...` : text || '<empty>';
    return badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): ${why} (${shown})`);
  };
  const value = parseText(text, type === 'application/yaml', (why) =>
    unrecognized(`couldn't get version/kind; json parse error: ${why}`),
  );
  if (!isObject(value)) {
    const what = Array.isArray(value) ? 'array' : typeof value;
    throw unrecognized(`couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into an object`);
  }
  if (resource.custom && !value.kind) throw unrecognized(`Object 'Kind' is missing in '${text}'`);
  return value;
}

/** Body of a JSON, merge or strategic merge patch; the prefix is put before what is wrong with it. */
export function patchBody(call: Call, prefix: string): Json {
  return parseText(call.body.toString('utf8'), false, (why) => badRequest(`${prefix}${why}`));
}

/** Body of a server-side apply. */
export function yamlBody(call: Call): JsonObject {
  const value = parseText(call.body.toString('utf8'), true, (why) => badRequest(`error decoding YAML: ${why}`));
  if (isObject(value)) return value;
  const what = Array.isArray(value) ? 'array' : typeof value;
  const where = 'Go value of type map[string]interface {}';
  throw badRequest(
    `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${what} into ${where}`,
  );
}

function parseText(text: string, yaml: boolean, refuse: (why: string) => Error): Json {
  try {
    // JSON is YAML, but parsing it as JSON is many times faster.
    if (yaml && !/^\s*[{[]/.test(text)) return parse(text, { version: '1.1', customTags: likeGo });
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    throw refuse(/Unexpected end|Expected property name/.test(message) ? 'unexpected end of JSON input' : message);
  }
}

const NOT_IN_GO = ['tag:yaml.org,2002:timestamp', 'tag:yaml.org,2002:binary'];

/** YAML 1.1 as Go's parser reads it: `on` is true, but dates and 1:30 stay text. */
const likeGo = (tags: Tags): Tags =>
  tags.filter(
    (tag) => typeof tag === 'string' || !(NOT_IN_GO.includes(tag.tag) || ('format' in tag && tag.format === 'TIME')),
  );

/** Options of a write from the query; 422 for a value that does not exist, as the API server's own validation. */
export function writeOptions(call: Call, subresource: string, kind: string): WriteOptions {
  const { query } = call;
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((value) => value !== 'All')) {
    const message = `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`;
    throw invalid('meta.k8s.io', kind, '', [{ reason: 'FieldValueNotSupported', message, field: 'dryRun' }]);
  }
  const fieldValidation = query.get('fieldValidation') || 'Warn';
  if (!['Strict', 'Warn', 'Ignore'].includes(fieldValidation)) {
    const message = `Unsupported value: "${fieldValidation}": supported values: "", "Ignore", "Strict", "Warn"`;
    throw invalid('meta.k8s.io', kind, '', [{ reason: 'FieldValueNotSupported', message, field: 'fieldValidation' }]);
  }
  const manager = query.get('fieldManager') ?? '';
  if (manager.length > 128) {
    const message = 'Too long: may not be more than 128 bytes';
    throw invalid('meta.k8s.io', kind, '', [{ reason: 'FieldValueTooLong', message, field: 'fieldManager' }]);
  }
  const isJson = !['application/yaml', 'application/apply-patch+yaml', PROTOBUF].includes(mediaType(call));
  return {
    manager: manager || (call.userAgent.split('/')[0] ?? '').slice(0, 128) || 'unknown',
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation as WriteOptions['fieldValidation'],
    subresource,
    duplicates: isJson && fieldValidation !== 'Ignore' ? duplicateFields(call.body.toString('utf8')) : [],
    warnings: call.warnings,
  };
}
