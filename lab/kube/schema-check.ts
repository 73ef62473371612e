import { schemaType } from './crd-types.ts';
import { itemElement } from './ssa/walk.ts';
import type { StatusCause } from './status.ts';
import type { Json, JsonObject, ListNode } from './types.ts';
import { equalJson, isObject } from './types.ts';

const INVALID = 'FieldValueInvalid';

/**
 * A custom resource against its version's openAPIV3Schema: the causes of the 422 that the API server would answer, in its
 * words. Rules in CEL (x-kubernetes-validations) are not evaluated: the lab accepts what only such a rule refuses.
 */
export function checkSchema(object: JsonObject, schema: JsonObject): StatusCause[] {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = object;
  const { required, ...root } = schema;
  const needed = (required ?? []).filter((name: string) => !['apiVersion', 'kind', 'metadata'].includes(name));
  return check(rest, { ...root, required: needed }, '');
}

/** Replica counts of the scale subresource, which are checked whatever the schema says of them. */
export function checkScale(object: JsonObject, scale: JsonObject): StatusCause[] {
  const { specReplicasPath = '', statusReplicasPath = '' } = scale;
  return [specReplicasPath, statusReplicasPath].filter(Boolean).flatMap((path: string) => {
    const names = path.split('.').slice(1);
    const value = names.reduce((inner: Json, name) => inner?.[name], object);
    if (value === undefined || value === null) return [];
    if (!Number.isInteger(value)) {
      const why = `${path} accessor error: ${value} is of the type ${typeof value}, expected int64`;
      return [cause(INVALID, `Invalid value: 0: ${why}`, path)];
    }
    return value < 0 ? [cause(INVALID, `Invalid value: ${value}: should be a non-negative integer`, path)] : [];
  });
}

function check(value: Json, schema: JsonObject, path: string): StatusCause[] {
  if (value === null) return schema.nullable ? [] : typeCause(value, schema, path);
  const causes = [...typeCause(value, schema, path)];
  if (causes.length > 0) return causes;
  if (schema.enum && !schema.enum.some((each: Json) => equalJson(each, value))) {
    const supported = schema.enum.map((each: Json) => JSON.stringify(each)).join(', ');
    causes.push(
      cause('FieldValueNotSupported', `Unsupported value: ${shown(value)}: supported values: ${supported}`, path),
    );
  }
  if (typeof value === 'string') causes.push(...checkString(value, schema, path));
  else if (typeof value === 'number') causes.push(...checkNumber(value, schema, path));
  else if (Array.isArray(value)) causes.push(...checkArray(value, schema, path));
  else if (isObject(value)) causes.push(...checkObject(value, schema, path));
  causes.push(...checkCombined(value, schema, path));
  return causes;
}

function typeCause(value: Json, schema: JsonObject, path: string): StatusCause[] {
  const actual = typeName(value);
  const union = schema['x-kubernetes-int-or-string'] === true;
  const wanted: string[] = union ? ['integer', 'string'] : schema.type ? [schema.type] : [];
  if (wanted.length === 0 || wanted.includes(actual) || (actual === 'integer' && schema.type === 'number')) return [];
  const text = `Invalid value: "${actual}": ${where(path)} must be of type ${wanted.join(',')}: "${actual}"`;
  return [cause('FieldValueTypeInvalid', text, path)];
}

function checkString(value: string, schema: JsonObject, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const invalidValue = (why: string) => causes.push(cause(INVALID, `Invalid value: ${shown(value)}: ${why}`, path));
  if (schema.pattern && !pattern(schema.pattern).test(value))
    invalidValue(`${where(path)} should match '${schema.pattern}'`);
  const length = [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength) {
    invalidValue(`${where(path)} should be at least ${schema.minLength} chars long`);
  }
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    causes.push(cause('FieldValueTooLong', `Too long: may not be more than ${schema.maxLength} bytes`, path));
  }
  if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) {
    invalidValue(`${where(path)} must be of type date-time: ${shown(value)}`);
  }
  return causes;
}

function checkNumber(value: number, schema: JsonObject, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const invalidValue = (why: string) =>
    causes.push(cause(INVALID, `Invalid value: ${value}: ${where(path)} ${why}`, path));
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    invalidValue(`should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    invalidValue(`should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  }
  if (multipleOf && value % multipleOf !== 0) invalidValue(`should be a multiple of ${multipleOf}`);
  return causes;
}

function checkArray(value: Json[], schema: JsonObject, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    const why = `${where(path)} should have at least ${schema.minItems} items`;
    causes.push(cause(INVALID, `Invalid value: ${value.length}: ${why}`, path));
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    const text = `Too many: ${value.length}: must have at most ${schema.maxItems} items`;
    causes.push(cause('FieldValueTooMany', text, path));
  }
  const type = schemaType(schema);
  if (type.kind === 'list' && type.relation !== 'atomic' && hasDuplicates(type, value)) {
    causes.push(cause('FieldValueDuplicate', `Duplicate value: ${shown(value)}`, path));
  }
  for (const [index, item] of value.entries()) causes.push(...check(item, schema.items ?? {}, `${path}[${index}]`));
  return causes;
}

function hasDuplicates(list: ListNode, items: Json[]): boolean {
  const elements = items.map((item) => itemElement(list, item)).filter((element) => typeof element === 'string');
  return new Set(elements).size < elements.length;
}

function checkObject(value: JsonObject, schema: JsonObject, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const name of schema.required ?? []) {
    if (value[name] === undefined) causes.push(cause('FieldValueRequired', 'Required value', child(path, name)));
  }
  const count = Object.keys(value).length;
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    const why = `${where(path)} should have at least ${schema.minProperties} properties`;
    causes.push(cause(INVALID, `Invalid value: ${count}: ${why}`, path));
  }
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    const text = `Too many: ${count}: must have at most ${schema.maxProperties} items`;
    causes.push(cause('FieldValueTooMany', text, path));
  }
  for (const [name, inner] of Object.entries(value)) {
    const declared = Object.hasOwn(schema.properties ?? {}, name)
      ? schema.properties[name]
      : schema.additionalProperties;
    if (isObject(declared)) causes.push(...check(inner, declared, child(path, name)));
  }
  return causes;
}

function checkCombined(value: Json, schema: JsonObject, path: string): StatusCause[] {
  const fits = (each: JsonObject) => check(value, each, path).length === 0;
  const refuse = (why: string) => [cause(INVALID, `Invalid value: ${shown(value)}: ${why}`, path)];
  const name = path === '' ? '""' : path;
  const causes: StatusCause[] = (schema.allOf ?? []).flatMap((each: JsonObject) => check(value, each, path));
  if (schema.anyOf && !schema.anyOf.some(fits)) {
    causes.push(...refuse(`${name} must validate at least one schema (anyOf)`));
  }
  if (schema.oneOf) {
    const valid = schema.oneOf.filter(fits).length;
    const found = valid === 0 ? 'none' : String(valid);
    if (valid !== 1)
      causes.push(...refuse(`${name} must validate one and only one schema (oneOf). Found ${found} valid`));
  }
  if (schema.not && fits(schema.not)) causes.push(...refuse(`${name} must not validate the schema (not)`));
  return causes;
}

const patterns = new Map<string, RegExp>();

function pattern(source: string): RegExp {
  let compiled = patterns.get(source);
  if (!compiled) {
    // The schemas are written for Go's RE2, whose inline flags JavaScript does not know.
    compiled = new RegExp(source.replace(/^\(\?i\)/, ''), source.startsWith('(?i)') ? 'iu' : 'u');
    patterns.set(source, compiled);
  }
  return compiled;
}

const child = (path: string, name: string) => (path ? `${path}.${name}` : name);
const where = (path: string) => `${path} in body`;
const shown = (value: Json) => JSON.stringify(value);
const cause = (reason: string, message: string, field: string): StatusCause => ({
  reason,
  message,
  field: field || '<nil>',
});

function typeName(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}
