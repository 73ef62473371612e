import type { KubeObject } from '../protocol.ts';
import { BUILTIN_TYPES } from './builtin-types.ts';

// biome-ignore lint/suspicious/noExplicitAny: any JSON value, inspected at run time
export type Json = any;
export type JsonObject = Record<string, Json>;

/** What the server knows of a value's shape: enough to validate, merge and record ownership. */
export type TypeNode = ScalarNode | ListNode | MapNode | AnyNode;

export interface ScalarNode {
  kind: 'scalar';
  scalar: 'string' | 'number' | 'boolean' | 'any';
  /** How protobuf carries it, where the JSON type does not tell. */
  wire?: 'bytes' | 'quantity' | 'int-or-string' | 'time' | 'micro-time';
}

export interface ListNode {
  kind: 'list';
  relation: 'atomic' | 'set' | 'map';
  keys: string[];
  /** Value of a key that an item leaves out. */
  keyDefaults: Record<string, Json>;
  readonly element: TypeNode;
}

export interface MapNode {
  kind: 'map';
  /** Name of the type, for messages. */
  name?: string;
  atomic: boolean;
  field(name: string): TypeNode | undefined;
  /** Type of undeclared fields; null forbids them. */
  readonly rest: TypeNode | null;
}

/** Unknown shape: maps merge by field, lists are atomic. */
export interface AnyNode {
  kind: 'any';
}

export const ANY: AnyNode = { kind: 'any' };
export const STRING: ScalarNode = { kind: 'scalar', scalar: 'string' };
const LIST_OF_ANY: ListNode = { kind: 'list', relation: 'atomic', keys: [], keyDefaults: {}, element: ANY };
const MAP_OF_ANY: MapNode = { kind: 'map', atomic: false, field: () => undefined, rest: ANY };
const SCALAR_ANY: ScalarNode = { kind: 'scalar', scalar: 'any' };

const SCALARS: Record<string, TypeNode> = {
  s: STRING,
  y: { kind: 'scalar', scalar: 'string', wire: 'bytes' },
  n: { kind: 'scalar', scalar: 'number' },
  b: { kind: 'scalar', scalar: 'boolean' },
  q: { kind: 'scalar', scalar: 'any', wire: 'quantity' },
  i: { kind: 'scalar', scalar: 'any', wire: 'int-or-string' },
  t: { kind: 'scalar', scalar: 'string', wire: 'time' },
  m: { kind: 'scalar', scalar: 'string', wire: 'micro-time' },
  '?': ANY,
};

const named = new Map<string, MapNode>();

/** The type of a built-in struct by its name, e.g. `PodSpec`; undefined when the table has none. */
export function builtinType(name: string): MapNode | undefined {
  const known = named.get(name);
  if (known) return known;
  const line = BUILTIN_TYPES[name];
  if (line === undefined) return undefined;
  const atomic = line.startsWith('! ');
  const texts = new Map(fieldsOfLine(line).map((field) => [field.name, field.type]));
  const parsed = new Map<string, TypeNode>();
  const node: MapNode = {
    kind: 'map',
    name,
    atomic,
    field(field) {
      let found = parsed.get(field);
      const text = texts.get(field);
      if (!found && text !== undefined) {
        found = parseType(text);
        parsed.set(field, found);
      }
      return found;
    },
    rest: null,
  };
  named.set(name, node);
  return node;
}

export interface TableField {
  name: string;
  type: string;
  /** Field numbers from the outer message to the inner one; empty for apiVersion and kind. */
  numbers: number[];
  keepsZero: boolean;
}

/** The fields of one line of the table. */
export function fieldsOfLine(line: string): TableField[] {
  const parts = line.split(' ').filter((part) => part.includes(':'));
  return parts.map((part) => {
    const [, name = '', type = '', numbers, star] = /^(\w+):([^@*]+)(?:@([\d.]+))?(\*?)$/.exec(part) ?? [];
    return { name, type, numbers: numbers?.split('.').map(Number) ?? [], keepsZero: star === '*' };
  });
}

function parseType(text: string): TypeNode {
  const scalar = SCALARS[text];
  if (scalar) return scalar;
  const list = /^\[(.+)\](?:\((.*)\))?$/.exec(text);
  if (list) {
    const element = parseType(list[1] as string);
    const pairs = (list[2] ?? '').split(',').filter((pair) => pair !== '');
    const keys = pairs.map((pair) => pair.split('=')[0] as string);
    const defaults = pairs
      .filter((pair) => pair.includes('='))
      .map((pair) => pair.split('=') as [string, string])
      .map(([key, text]) => [key, isNumberField(element, key) ? Number(text) : text]);
    const relation = list[2] === undefined ? 'atomic' : keys.length === 0 ? 'set' : 'map';
    return { kind: 'list', relation, keys, keyDefaults: Object.fromEntries(defaults), element };
  }
  const map = /^\{(.+)\}(!?)$/.exec(text);
  if (map) {
    const rest = parseType(map[1] as string);
    return { kind: 'map', atomic: map[2] === '!', field: () => undefined, rest };
  }
  const [, name = '', override] = /^(\w+)([!~]?)$/.exec(text) ?? [];
  const type = builtinType(name);
  if (!type) throw new Error(`built-in type table: unknown type ${text}`);
  return override ? { ...type, atomic: override === '!' } : type;
}

function isNumberField(type: TypeNode, name: string): boolean {
  const field = type.kind === 'map' ? type.field(name) : undefined;
  return field?.kind === 'scalar' && field.scalar === 'number';
}

/** The concrete node for a value: an unknown shape takes the form of the value at hand. */
export function resolve(type: TypeNode, value: Json): ScalarNode | ListNode | MapNode {
  if (type.kind !== 'any') return type;
  if (Array.isArray(value)) return LIST_OF_ANY;
  if (isObject(value) || value === null || value === undefined) return MAP_OF_ANY;
  return SCALAR_ANY;
}

/** Type of a map's entry; undefined when the schema does not declare it. */
export function entryType(map: MapNode, name: string): TypeNode | undefined {
  return map.field(name) ?? map.rest ?? undefined;
}

export function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Deep equality of JSON values; the order of object keys does not count. */
export function equalJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => equalJson(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && equalJson(a[key], b[key]));
}

/**
 * An object of the kind as Go has it before anything is set: structs within it are there, and so is a pod's null list
 * of containers. What a creation sets is recorded against that.
 */
export function emptyTyped(apiVersion: string, kind: string, type: TypeNode): KubeObject {
  const { metadata: _metadata, ...zero } = type.kind === 'map' && type.name ? zeroOf(type.name) : {};
  return { ...zero, apiVersion, kind, metadata: {} } as unknown as KubeObject;
}

function zeroOf(name: string): JsonObject {
  const line = BUILTIN_TYPES[name] ?? '';
  const zero: JsonObject = name === 'PodSpec' ? { containers: null } : {};
  for (const field of fieldsOfLine(line)) {
    if (!field.keepsZero && BUILTIN_TYPES[field.type.replace(/[!~]$/, '')] !== undefined) {
      zero[field.name] = zeroOf(field.type.replace(/[!~]$/, ''));
    }
  }
  return zero;
}

/** An empty object of the kind, as the state before its creation. */
export function emptyObject(apiVersion: string, kind: string): KubeObject {
  return { apiVersion, kind, metadata: {} } as unknown as KubeObject;
}
