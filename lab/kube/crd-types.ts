import type { Json, JsonObject, ListNode, MapNode, TypeNode } from './types.ts';
import { ANY, builtinType, STRING } from './types.ts';

const SCALAR_ANY: TypeNode = { kind: 'scalar', scalar: 'any' };
const SCALARS: Record<string, TypeNode> = {
  string: STRING,
  integer: { kind: 'scalar', scalar: 'number' },
  number: { kind: 'scalar', scalar: 'number' },
  boolean: { kind: 'scalar', scalar: 'boolean' },
};
const converted = new WeakMap<JsonObject, TypeNode>();

/**
 * Type of a custom resource from its version's openAPIV3Schema; children are converted when first visited, since a
 * schema may have megabytes. Without a schema everything is accepted, as the API server does.
 */
export function customResourceType(schema: JsonObject | undefined): MapNode {
  return resourceRoot(schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
}

/** A schema's node with the fields every object has: apiVersion, kind, metadata. */
function resourceRoot(schema: JsonObject): MapNode {
  const node = objectNode(schema);
  const objectMeta = builtinType('ObjectMeta') as MapNode;
  const field = (name: string): TypeNode | undefined => {
    if (name === 'apiVersion' || name === 'kind') return STRING;
    return name === 'metadata' ? objectMeta : node.field(name);
  };
  return { kind: 'map', atomic: node.atomic, field, rest: node.rest };
}

/** Type of a schema node: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy */
export function schemaType(schema: JsonObject): TypeNode {
  let node = converted.get(schema);
  if (!node) {
    node = convert(schema);
    converted.set(schema, node);
  }
  return node;
}

function convert(schema: JsonObject): TypeNode {
  if (schema['x-kubernetes-int-or-string']) return SCALAR_ANY;
  if (schema['x-kubernetes-embedded-resource']) return resourceRoot(schema);
  if (schema.type === 'array') return arrayNode(schema);
  if (schema.type === 'object' || schema.properties || schema.additionalProperties) return objectNode(schema);
  return SCALARS[schema.type] ?? ANY;
}

function arrayNode(schema: JsonObject): ListNode {
  const items: JsonObject = schema.items ?? {};
  const listType = schema['x-kubernetes-list-type'];
  const keys: string[] = schema['x-kubernetes-list-map-keys'] ?? [];
  const keyDefaults: Record<string, Json> = {};
  for (const key of keys) {
    const fallback = items.properties?.[key]?.default;
    if (fallback !== undefined) keyDefaults[key] = fallback;
  }
  return {
    kind: 'list',
    relation: listType === 'map' ? 'map' : listType === 'set' ? 'set' : 'atomic',
    keys,
    keyDefaults,
    get element() {
      return schemaType(items);
    },
  };
}

function objectNode(schema: JsonObject): MapNode {
  const properties: Record<string, JsonObject> = schema.properties ?? {};
  const more = schema.additionalProperties;
  // An object that declares nothing is free-form (and its content is pruned elsewhere unless it says to preserve).
  const open = more === true || schema['x-kubernetes-preserve-unknown-fields'] || (!schema.properties && !more);
  return {
    kind: 'map',
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
    field(name) {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return property && schemaType(property);
    },
    get rest() {
      return more && more !== true ? schemaType(more) : open ? ANY : null;
    },
  };
}
