import type { Tags } from 'yaml';
import { parse } from 'yaml';
import type { Call, WriteOptions } from './api.ts';
import { decodeProtobuf, PROTOBUF } from './protobuf.ts';
import { badRequest, invalid, unsupportedMedia } from './status.ts';
import type { Json, JsonObject } from './types.ts';
import { isObject } from './types.ts';

export const mediaType = (call: Call): string => (call.header('content-type').split(';')[0] ?? '').trim().toLowerCase();

/** Body of a create, update or delete: JSON, YAML or protobuf, by its media type. An absent body is an empty object. */
export function objectBody(call: Call): JsonObject {
  const type = mediaType(call);
  if (type === PROTOBUF) return call.body.length > 0 ? decodeProtobuf(call.body) : {};
  if (!['', 'application/json', 'application/yaml', '*/*'].includes(type)) {
    const accepted = `accepted media types include: application/json, application/yaml, ${PROTOBUF}`;
    throw unsupportedMedia(`the body of the request was in an unknown format - ${accepted}`);
  }
  const value = parseBody(call, type === 'application/yaml');
  if (value === undefined) return {};
  if (!isObject(value)) throw badRequest("couldn't get version/kind; json parse error: the body is not an object");
  return value;
}

/** Body of a patch as JSON; undefined when it is empty. YAML is read too, since server-side apply sends it. */
export function parseBody(call: Call, yaml: boolean): Json {
  const text = call.body.toString('utf8');
  if (!text.trim()) return undefined;
  try {
    // JSON is YAML, but parsing it as JSON is many times faster.
    if (yaml && !/^\s*[{[]/.test(text)) return parse(text, { version: '1.1', customTags: likeGo });
    return JSON.parse(text);
  } catch (error) {
    const what = yaml ? 'error decoding YAML' : "couldn't get version/kind; json parse error";
    throw badRequest(`${what}: ${(error as Error).message}`);
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
  return {
    manager: query.get('fieldManager') || (call.userAgent.split('/')[0] ?? '').slice(0, 128) || 'unknown',
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation as WriteOptions['fieldValidation'],
    subresource,
    warnings: call.warnings,
  };
}
