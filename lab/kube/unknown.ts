import type { Json, JsonObject, MapNode, ScalarNode, TypeNode } from './types.ts';
import { builtinType, entryType, isObject, resolve } from './types.ts';

/** Path of each field that a built-in type does not declare, as strict decoding names them; the fields are dropped. */
export function dropUndeclared(value: Json, type: TypeNode, path = ''): string[] {
  const node = resolve(type, value);
  if (node.kind === 'list' && Array.isArray(value)) {
    return value.flatMap((item, index) => dropUndeclared(item, node.element, `${path}[${index}]`));
  }
  if (node.kind !== 'map' || !isObject(value)) return [];
  return Object.keys(value).flatMap((name) => {
    const inner = entryType(node, name);
    const at = path ? `${path}.${name}` : name;
    if (inner) return dropUndeclared(value[name], inner, at);
    delete value[name];
    return [at];
  });
}

/** The same for a custom resource and its version's schema: what is not specified is pruned, unless it says to preserve. */
export function pruneCustom(object: JsonObject, schema: JsonObject | undefined): string[] {
  const unknown = dropUndeclared(object.metadata, builtinType('ObjectMeta') as MapNode, 'metadata');
  if (schema) unknown.push(...prune(object, schema, '', true));
  return unknown.sort();
}

function prune(value: Json, schema: JsonObject, path: string, isResource: boolean): string[] {
  if (Array.isArray(value)) {
    const items: JsonObject = schema.items ?? {};
    return value.flatMap((item, index) => prune(item, items, `${path}[${index}]`, isEmbedded(items)));
  }
  if (!isObject(value)) return [];
  return Object.keys(value).flatMap((name) => {
    if (isResource && ['apiVersion', 'kind', 'metadata'].includes(name)) return [];
    const at = path ? `${path}.${name}` : name;
    const declared = Object.hasOwn(schema.properties ?? {}, name)
      ? schema.properties[name]
      : schema.additionalProperties;
    if (isObject(declared)) return prune(value[name], declared, at, isEmbedded(declared));
    if (declared === true || schema['x-kubernetes-preserve-unknown-fields']) return [];
    delete value[name];
    return [at];
  });
}

const isEmbedded = (schema: JsonObject): boolean => schema['x-kubernetes-embedded-resource'] === true;

/** The first value whose JSON type a built-in field cannot hold, as Go's decoder words it. */
export function decodeMismatch(value: Json, type: TypeNode, owner = '', path = ''): string | undefined {
  if (value === null || value === undefined || type.kind === 'any') return undefined;
  const at = `Go struct field ${owner}.${path}`;
  if (type.kind === 'scalar') {
    const form = formMismatch(value, type);
    if (form) return form;
    const is = typeof value;
    if (is === 'object') return `json: cannot unmarshal ${jsonKind(value)} into ${at} of type ${goType(type.scalar)}`;
    if (type.scalar === 'any' || is === type.scalar) return undefined;
    return `json: cannot unmarshal ${jsonKind(value)} into ${at} of type ${goType(type.scalar)}`;
  }
  if (type.kind === 'list') {
    if (!Array.isArray(value))
      return `json: cannot unmarshal ${jsonKind(value)} into ${at} of type []${nameOf(type.element)}`;
    return first(value, (item) => decodeMismatch(item, type.element, owner, path));
  }
  if (!isObject(value)) return `json: cannot unmarshal ${jsonKind(value)} into ${at} of type ${nameOf(type)}`;
  return first(Object.entries(value), ([name, inner]) => {
    const innerType = entryType(type, name);
    // An entry of a map is not named, only the map.
    const at = type.field(name) ? (path ? `${path}.${name}` : name) : path;
    return innerType && decodeMismatch(inner, innerType, type.name ?? owner, at);
  });
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const QUANTITY = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/** Text that is no quantity or no time, as Go's parsers word it. */
function formMismatch(value: Json, { wire }: ScalarNode): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (wire === 'quantity' && !QUANTITY.test(value)) {
    return `quantities must match the regular expression '${QUANTITY.source}'`;
  }
  if (wire === 'bytes' && !BASE64.test(value)) {
    return `illegal base64 data at input byte ${/^[A-Za-z0-9+/]*/.exec(value)?.[0].length ?? 0}`;
  }
  if (wire !== 'time' && wire !== 'micro-time') return undefined;
  const [fraction, zone] = wire === 'time' ? ['(?:\\.\\d+)?', 'Z07:00'] : ['\\.\\d{6}', '.000000'];
  if (new RegExp(`${SECONDS.source}${fraction}(?:Z|[+-]\\d\\d:\\d\\d)$`).test(value)) return undefined;
  const layout = `2006-01-02T15:04:05${wire === 'time' ? '' : '.000000'}Z07:00`;
  const isDate = SECONDS.test(value);
  const rest = JSON.stringify(isDate ? value.replace(SECONDS, '') : value);
  return `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${rest} as "${isDate ? zone : '2006'}"`;
}

/** Lists that Go writes although they are empty. */
const KEPT = ['containers', 'rules', 'verbs', 'endpoints', 'limits', 'versions'];

/** Takes away empty maps and lists, in place: they do not survive Go's types, which leave them out. */
export function dropEmpty(value: Json, type: TypeNode): void {
  if (type.kind === 'list' && Array.isArray(value)) for (const item of value) dropEmpty(item, type.element);
  if (type.kind !== 'map' || !isObject(value)) return;
  for (const [name, inner] of Object.entries(value)) {
    const innerType = entryType(type, name);
    if (!innerType) continue;
    // A named type is a struct: empty, it still says something.
    const isBare = innerType.kind === 'list' || (innerType.kind === 'map' && innerType.name === undefined);
    const isEmpty = isObject(inner) ? Object.keys(inner).length === 0 : Array.isArray(inner) && inner.length === 0;
    if (isBare && isEmpty && !KEPT.includes(name)) delete value[name];
    else dropEmpty(inner, innerType);
  }
}

function first<T>(items: T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found) return found;
  }
  return undefined;
}

const goType = (scalar: string) => ({ number: 'int32', boolean: 'bool' })[scalar] ?? 'string';
const jsonKind = (value: Json) => (Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value);

function nameOf(type: TypeNode): string {
  if (type.kind === 'scalar') return goType(type.scalar);
  if (type.kind === 'map') return type.name ? `v1.${type.name}` : 'map[string]string';
  return type.kind === 'list' ? `[]${nameOf(type.element)}` : 'interface {}';
}
