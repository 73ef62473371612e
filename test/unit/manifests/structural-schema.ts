import type { Json } from './files.ts';

/**
 * What is wrong with a value by an openAPIV3Schema of a CustomResourceDefinition: one line for each fault, with its
 * path. Stricter than the API server's default in one point: unknown fields are faults, as with fieldValidation=Strict
 * and server-side apply. CEL rules (x-kubernetes-validations) and formats are not evaluated.
 */
export function faults(schema: Json, value: Json, path = ''): string[] {
  if (value === null) return schema.nullable ? [] : [`${path}: null`];
  const own = [
    ...typeFaults(schema, value, path),
    ...rangeFaults(schema, value, path),
    ...combined(schema, value, path),
  ];
  if (Array.isArray(value)) {
    return [
      ...own,
      ...value.flatMap((item, index) => (schema.items ? faults(schema.items, item, `${path}[${index}]`) : [])),
    ];
  }
  return typeof value === 'object' ? [...own, ...fieldFaults(schema, value, path)] : own;
}

/** A custom resource against its schema. apiVersion, kind and metadata are the API server's own and stay out. */
export function resourceFaults(schema: Json, resource: Json): string[] {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = resource;
  return faults(schema, rest);
}

function typeFaults(schema: Json, value: Json, path: string): string[] {
  if (schema['x-kubernetes-int-or-string']) {
    return typeof value === 'string' || Number.isInteger(value) ? [] : [`${path}: neither integer nor string`];
  }
  const actual = Array.isArray(value) ? 'array' : typeof value;
  const fits =
    schema.type === undefined || schema.type === actual || (schema.type === 'integer' && Number.isInteger(value));
  return fits ? [] : [`${path}: ${actual} where ${schema.type} is expected`];
}

function rangeFaults(schema: Json, value: Json, path: string): string[] {
  const list: string[] = [];
  if (schema.enum && !schema.enum.includes(value)) list.push(`${path}: ${value} is none of ${schema.enum.join(', ')}`);
  if (schema.minimum !== undefined && value < schema.minimum) list.push(`${path}: less than ${schema.minimum}`);
  if (schema.maximum !== undefined && value > schema.maximum) list.push(`${path}: more than ${schema.maximum}`);
  if (typeof value === 'string' || Array.isArray(value)) {
    const least = Array.isArray(value) ? schema.minItems : schema.minLength;
    const most = Array.isArray(value) ? schema.maxItems : schema.maxLength;
    if (least !== undefined && value.length < least) list.push(`${path}: shorter than ${least}`);
    if (most !== undefined && value.length > most) list.push(`${path}: longer than ${most}`);
  }
  if (schema.pattern && typeof value === 'string' && !new RegExp(schema.pattern).test(value)) {
    list.push(`${path}: does not match ${schema.pattern}`);
  }
  return list;
}

/** Inside of a combinator only conditions stand, no fields of their own: fields are declared outside. */
function combined(schema: Json, value: Json, path: string): string[] {
  const holds = (part: Json) => conditions(part, value);
  const list: string[] = [];
  // In an int-or-string, anyOf only repeats the two types.
  if (schema.anyOf && !schema['x-kubernetes-int-or-string'] && !schema.anyOf.some(holds))
    list.push(`${path}: fits none of anyOf`);
  if (schema.oneOf && schema.oneOf.filter(holds).length !== 1) list.push(`${path}: fits not exactly one of oneOf`);
  if (schema.allOf && !schema.allOf.every(holds)) list.push(`${path}: does not fit allOf`);
  if (schema.not && holds(schema.not)) list.push(`${path}: fits what it must not`);
  return list;
}

function conditions(part: Json, value: Json): boolean {
  const missing = (part.required ?? []).some((name: string) => value?.[name] === undefined);
  const own = [...typeFaults(part, value, ''), ...rangeFaults(part, value, ''), ...combined(part, value, '')];
  const below = Object.entries(part.properties ?? {}).every(
    ([name, inner]) => value?.[name] === undefined || conditions(inner, value[name]),
  );
  return !missing && own.length === 0 && below;
}

function fieldFaults(schema: Json, value: Record<string, Json>, path: string): string[] {
  const missing = (schema.required ?? []).filter((name: string) => value[name] === undefined);
  const list: string[] = missing.map((name: string) => `${path}.${name}: required`);
  for (const [name, inner] of Object.entries(value)) {
    const known =
      schema.properties?.[name] ??
      (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : null);
    if (known) list.push(...faults(known, inner, `${path}.${name}`));
    else if (!schema['x-kubernetes-preserve-unknown-fields'] && !schema['x-kubernetes-embedded-resource']) {
      list.push(`${path}.${name}: unknown field`);
    }
  }
  return list;
}
