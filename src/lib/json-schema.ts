import { isMap, mismatch, quoted, wordFor } from './decode.ts';

/** The part of JSON Schema (draft 7) that the generated schemas of docs/ use. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: unknown;
  items?: JsonSchema | JsonSchema[];
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  format?: string;
  definitions?: Record<string, JsonSchema>;
}

/** More than any run has: such a list or text would only fill memory and page. */
const MOST = { items: 20_000, characters: 1_000_000, number: 1e15 } as const;
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/**
 * The value as a schema describes it: with the fields that the schema names and no others, so that what is read has been
 * checked. Throws a mismatch with the path of the first field that does not fit. Recursion is as deep as the schema.
 */
export function conforming(root: JsonSchema, value: unknown): unknown {
  const resolved = (schema: JsonSchema): JsonSchema => {
    const name = schema.$ref?.split('/').at(-1);
    return name === undefined ? schema : resolved(root.definitions?.[name] ?? {});
  };

  const read = (given: JsonSchema, one: unknown, path: string): unknown => {
    const schema = resolved(given);
    if (schema.anyOf) return readAny(schema.anyOf, one, path);
    checkType(schema, one, path);
    if (Array.isArray(one)) return readList(schema, one, path);
    if (isMap(one)) return readFields(schema, one, path);
    checkScalar(schema, one, path);
    return one;
  };

  /** The alternative of the value's own type shows best what is wrong. */
  const readAny = (alternatives: JsonSchema[], one: unknown, path: string): unknown => {
    const ofType = alternatives.map(resolved).find((schema) => !schema.type || typesOf(schema).some(isType(one)));
    if (!ofType) throw mismatch(path, `is ${wordFor(one)}`);
    return read(ofType, one, path);
  };

  const readList = ({ items = {}, minItems = 0, maxItems = MOST.items }: JsonSchema, one: unknown[], path: string) => {
    if (one.length < minItems || one.length > maxItems) throw mismatch(path, `has ${one.length} items`);
    return one.map((item, index) =>
      read((Array.isArray(items) ? items[index] : items) ?? {}, item, `${path}[${index}]`),
    );
  };

  const readFields = ({ properties, required = [] }: JsonSchema, one: Record<string, unknown>, path: string) => {
    const at = (name: string) => (path === '' ? name : `${path}.${name}`);
    const missing = required.find((name) => !Object.hasOwn(one, name));
    if (missing) throw mismatch(at(missing), 'is missing');
    const known = Object.entries(properties ?? {}).filter(([name]) => Object.hasOwn(one, name));
    return Object.fromEntries(known.map(([name, schema]) => [name, read(schema, one[name], at(name))]));
  };

  return read(root, value, '');
}

function checkType(schema: JsonSchema, value: unknown, path: string): void {
  const types = typesOf(schema);
  if (types.length === 0 || types.some(isType(value))) return;
  throw mismatch(path, `is ${wordFor(value)}, not ${types.map((type) => WORDS[type] ?? type).join(' or ')}`);
}

function checkScalar(schema: JsonSchema, value: unknown, path: string): void {
  const allowed = 'const' in schema ? [schema.const] : schema.enum;
  if (allowed && !allowed.includes(value)) {
    const wanted =
      allowed.length > 6 ? 'a value of this version' : allowed.map((one) => JSON.stringify(one)).join(', ');
    throw mismatch(path, `is ${typeof value === 'string' ? quoted(value) : wordFor(value)}, not ${wanted}`);
  }
  if (typeof value === 'string') {
    if (value.length > MOST.characters) throw mismatch(path, `has ${value.length} characters`);
    if (schema.format === 'date-time' && !(DATE_TIME.test(value) && Number.isFinite(Date.parse(value)))) {
      throw mismatch(path, 'is not a time of ISO 8601 in UTC');
    }
  }
  if (typeof value !== 'number') return;
  const { minimum = -MOST.number, maximum = MOST.number } = schema;
  if (!(value >= minimum && value <= maximum)) throw mismatch(path, 'is a number out of range');
}

const typesOf = ({ type = [] }: JsonSchema): string[] => [type].flat();

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

function isType(value: unknown): (type: string) => boolean {
  return (type) => {
    if (type === 'integer') return Number.isInteger(value);
    return type === jsonType(value);
  };
}

function jsonType(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}
