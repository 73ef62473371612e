import type { GoFields } from './go-fields.ts';
import { refName, type Schema, type Schemas } from './schemas.ts';

/** Types that are scalars in the table. */
const SCALARS: Record<string, string> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'q',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'i',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 't',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'm',
  // The names of its fields, such as $ref, have no place in the table.
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps': '?',
};

/** Types whose name another group uses for something else. */
const RENAMED: Record<string, string> = { 'io.k8s.api.core.v1.EndpointPort': 'CoreEndpointPort' };

/** Types that are no messages here: a definition without its schema would be of no use. */
const WITHOUT_NUMBERS = 'io.k8s.apiextensions-apiserver.';

/** The full names of the kinds and of all types that they reach, but for scalars. */
export function reachedTypes(kinds: readonly string[], schemas: Schemas): string[] {
  const reached = new Set<string>();
  const visit = (schema: Schema | undefined): void => {
    if (!schema) return;
    const name = refName(schema);
    if (name !== undefined) visitNamed(name);
    for (const inner of Object.values(schema.properties ?? {})) visit(inner);
    visit(schema.items);
    visit(schema.additionalProperties);
  };
  const visitNamed = (name: string): void => {
    if (reached.has(name) || !isStruct(name, schemas)) return;
    reached.add(name);
    visit(schemas[name]);
  };
  for (const kind of kinds) visitNamed(kind);
  return [...reached].sort();
}

/**
 * The table's lines by the short names of the types. Without `goFields` it lacks numbers and marks of pointers. Throws
 * when two types have one name and different fields.
 */
export function typeTable(names: readonly string[], schemas: Schemas, goFields: GoFields | null): Map<string, string> {
  const lines = new Map<string, { line: string; fields: string }>();
  for (const name of names) {
    const line = typeLine(name, schemas, goFields);
    const fields = withoutGo(line);
    const known = lines.get(shortName(name));
    if (known && known.fields !== fields) throw new Error(`two types are called ${shortName(name)}, one is ${name}`);
    // The same fields in another group: the line with numbers serves both.
    if (!known || line.includes('@')) lines.set(shortName(name), { line, fields });
  }
  const sorted = [...lines].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(sorted.map(([name, { line }]) => [name, line]));
}

/** A line without what Go's source adds: numbers and marks of pointers. */
export function withoutGo(line: string): string {
  return line.replace(/@[\d.]+|\*/g, '');
}

function typeLine(name: string, schemas: Schemas, goFields: GoFields | null): string {
  const schema = schemas[name] as Schema;
  const go = goFields?.(name);
  const parts = Object.entries(schema.properties ?? {}).map(([field, inner]) => {
    const facts = go?.get(field);
    if (go && !facts) throw new Error(`no Go field for ${name}.${field}`);
    const numbers = name.startsWith(WITHOUT_NUMBERS) || !facts?.numbers.length ? '' : `@${facts.numbers.join('.')}`;
    return `${field}:${typeText(inner, schemas)}${numbers}${facts?.pointer ? '*' : ''}`;
  });
  return [...(schema['x-kubernetes-map-type'] === 'atomic' ? ['!'] : []), ...parts.sort()].join(' ');
}

function typeText(schema: Schema, schemas: Schemas): string {
  const name = refName(schema);
  if (name !== undefined) {
    if (!isStruct(name, schemas)) return SCALARS[name] ?? '?';
    const mapType = schema['x-kubernetes-map-type'];
    return shortName(name) + (mapType === 'atomic' ? '!' : mapType === 'granular' ? '~' : '');
  }
  if (schema.type === 'array') return `[${typeText(schema.items ?? {}, schemas)}]${listMark(schema, schemas)}`;
  if (schema.additionalProperties) {
    const isAtomic = schema['x-kubernetes-map-type'] === 'atomic';
    return `{${typeText(schema.additionalProperties, schemas)}}${isAtomic ? '!' : ''}`;
  }
  if (schema.type === 'string') return schema.format === 'byte' ? 'y' : 's';
  if (schema.type === 'integer' || schema.type === 'number') return 'n';
  return schema.type === 'boolean' ? 'b' : '?';
}

function listMark(list: Schema, schemas: Schemas): string {
  if (list['x-kubernetes-list-type'] === 'set') return '()';
  if (list['x-kubernetes-list-type'] !== 'map') return '';
  const item = schemas[refName(list.items ?? {}) ?? ''];
  const keys = (list['x-kubernetes-list-map-keys'] ?? []).map((key) => {
    const fallback = item?.properties?.[key]?.default;
    return fallback === undefined ? key : `${key}=${fallback}`;
  });
  return `(${keys.join(',')})`;
}

/** A type with a line of its own: neither a scalar nor an object without declared fields. */
function isStruct(name: string, schemas: Schemas): boolean {
  return SCALARS[name] === undefined && schemas[name]?.properties !== undefined;
}

function shortName(name: string): string {
  return RENAMED[name] ?? name.slice(name.lastIndexOf('.') + 1);
}
