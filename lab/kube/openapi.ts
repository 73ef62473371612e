import { createHash } from 'node:crypto';
import type { Api } from './api.ts';
import { BUILTIN_TYPES } from './builtin-types.ts';
import type { Resource } from './resources.ts';
import type { JsonObject, TypeNode } from './types.ts';
import { builtinType, fieldsOfLine } from './types.ts';

const MODIFYING = ['fieldManager', 'dryRun', 'fieldValidation'];

/**
 * OpenAPI v3: the index, or one group version's document; undefined for another path. Documents carry what clients use:
 * which parameters a PATCH takes (kubectl asks before it sends `fieldValidation`) and the schemas (`kubectl explain`).
 */
export function openapi(api: Api, path: string): JsonObject | undefined {
  if (path === '/openapi/v3') return index(api);
  const match = /^\/openapi\/v3\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))$/.exec(path);
  if (!match) return undefined;
  const [group, version] = match[1] ? ['', match[1]] : [match[2] as string, match[3] as string];
  const resources = api.registry.list(group, version);
  return resources.length > 0 ? document(api, resources) : undefined;
}

function index(api: Api): JsonObject {
  const groups = [{ name: '', versions: ['v1'] }, ...api.registry.groups()];
  const entries = groups.flatMap(({ name, versions }) =>
    versions.map((version) => {
      const path = name ? `apis/${name}/${version}` : `api/${version}`;
      // Clients keep a document for as long as its hash stays.
      const facts = api.registry
        .list(name, version)
        .map(({ plural, custom }) => [plural, custom?.revision ?? api.gitVersion]);
      const hash = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32).toUpperCase();
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
    }),
  );
  return { paths: Object.fromEntries(entries) };
}

function document(api: Api, resources: Resource[]): JsonObject {
  const paths: JsonObject = {};
  const schemas: JsonObject = {};
  for (const resource of resources) {
    const { group, version, kind, plural, namespaced } = resource;
    const base = group ? `/apis/${group}/${version}` : `/api/${version}`;
    const collection = `${base}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`;
    const ofKind = { 'x-kubernetes-group-version-kind': { group, version, kind } };
    const writing = { ...ofKind, responses: {}, parameters: MODIFYING.map(queryParameter) };
    const forced = { ...writing, parameters: [...writing.parameters, queryParameter('force')] };
    const create = { 'x-kubernetes-action': 'post', ...writing };
    paths[collection] = { get: { 'x-kubernetes-action': 'list', ...ofKind, responses: {} }, post: create };
    if (!resource.verbs.includes('patch')) continue;
    paths[`${collection}/{name}`] = {
      get: { 'x-kubernetes-action': 'get', ...ofKind, responses: {} },
      put: { 'x-kubernetes-action': 'put', ...writing },
      patch: { 'x-kubernetes-action': 'patch', ...forced },
      delete: { 'x-kubernetes-action': 'delete', ...ofKind, responses: {} },
    };
    addSchema(resource, schemas);
  }
  const info = { title: 'Kubernetes', version: api.gitVersion };
  return { openapi: '3.0.0', info, paths, components: { schemas } };
}

function queryParameter(name: string): JsonObject {
  return { name, in: 'query', schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true } };
}

function addSchema({ group, version, kind, custom }: Resource, schemas: JsonObject): void {
  const gvk = { 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
  if (!custom) {
    const name = addType(kind, schemas);
    if (name) Object.assign(schemas[name], gvk);
    return;
  }
  addType('ObjectMeta', schemas);
  const { properties, ...rest } = custom.schema ?? { type: 'object' };
  const metadata = { allOf: [{ $ref: '#/components/schemas/ObjectMeta' }] };
  const name = `${group.split('.').reverse().join('.')}.${version}.${kind}`;
  schemas[name] = { ...rest, properties: { ...properties, metadata }, ...gvk };
}

/** Adds a built-in type and all it refers to; its name in the components, if the table has it. */
function addType(name: string, schemas: JsonObject): string | undefined {
  const type = builtinType(name);
  const line = BUILTIN_TYPES[name];
  if (!type || line === undefined) return undefined;
  if (schemas[name]) return name;
  const properties: JsonObject = {};
  schemas[name] = { type: 'object', properties };
  for (const { name: field } of fieldsOfLine(line)) {
    const inner = type.field(field);
    if (inner) properties[field] = typeSchema(inner, schemas);
  }
  return name;
}

function typeSchema(type: TypeNode, schemas: JsonObject): JsonObject {
  if (type.kind === 'any') return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  if (type.kind === 'scalar')
    return type.scalar === 'any' ? { type: 'string', format: 'int-or-string' } : { type: type.scalar };
  if (type.kind === 'list') {
    const list = { type: 'array', items: typeSchema(type.element, schemas), 'x-kubernetes-list-type': type.relation };
    return type.relation === 'map' ? { ...list, 'x-kubernetes-list-map-keys': type.keys } : list;
  }
  if (type.name && addType(type.name, schemas)) return { allOf: [{ $ref: `#/components/schemas/${type.name}` }] };
  return { type: 'object', ...(type.rest ? { additionalProperties: typeSchema(type.rest, schemas) } : {}) };
}
