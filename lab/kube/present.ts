import { stringify } from 'yaml';
import type { KubeObject } from '../protocol.ts';
import type { Column } from './columns.ts';
import { COLUMNS, EVENT_COLUMNS, GENERIC, since } from './columns.ts';
import { jsonPath } from './jsonpath.ts';
import type { Resource } from './resources.ts';
import { failure } from './status.ts';
import type { JsonObject } from './types.ts';

/** How an answer is wanted, from the Accept header. */
export interface Format {
  shape: 'Object' | 'Table' | 'Metadata';
  yaml: boolean;
}

/** The first acceptable form in the client's order; 406 when there is none (protobuf only, for example). */
export function formatOf(accept: string): Format {
  if (!accept.trim()) return { shape: 'Object', yaml: false };
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((each) => each.trim());
    const values = new Map(parameters.map((each) => each.split('=') as [string, string]));
    const yaml = type === 'application/yaml';
    if (!yaml && !['application/json', 'application/*', '*/*'].includes(type)) continue;
    const as = values.get('as');
    if (as === undefined) return { shape: 'Object', yaml };
    if (values.get('g') !== 'meta.k8s.io' || values.get('v') !== 'v1') continue;
    if (as === 'Table') return { shape: 'Table', yaml };
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { shape: 'Metadata', yaml };
  }
  const text = '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml';
  throw failure(406, 'NotAcceptable', text, {});
}

/** JSON, or YAML where the client asks for it. */
export function encode(body: unknown, yaml: boolean): { type: string; text: string } {
  if (yaml) return { type: 'application/yaml', text: stringify(body, { sortMapEntries: true, version: '1.1' }) };
  return { type: 'application/json', text: `${JSON.stringify(body)}\n` };
}

/** An object as served at the resource's version, whatever version it is stored at. */
export function versioned(object: KubeObject, resource: Resource): KubeObject {
  return { apiVersion: resource.apiVersion, kind: resource.kind, ...bare(object, resource) } as KubeObject;
}

/** Built-in kinds whose changes are counted; every custom resource's are. */
const COUNTED = new Set([
  ...['apps/Deployment', 'apps/ReplicaSet', 'apps/StatefulSet', 'apps/DaemonSet', 'batch/Job', 'batch/CronJob'],
  ...['networking.k8s.io/NetworkPolicy', 'networking.k8s.io/Ingress', 'networking.k8s.io/IngressClass'],
  ...['discovery.k8s.io/EndpointSlice', 'policy/PodDisruptionBudget', 'scheduling.k8s.io/PriorityClass'],
  'apiextensions.k8s.io/CustomResourceDefinition',
]);

/** Without kind and version, and without the generation of a kind that has none. */
function bare({ apiVersion: _apiVersion, kind: _kind, ...object }: KubeObject, resource: Resource): JsonObject {
  const { group, custom, kind } = resource;
  if (custom || group === 'admissionregistration.k8s.io' || COUNTED.has(`${group}/${kind}`)) return object;
  const { generation: _generation, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** One object in the wanted shape. */
export function presentOne(object: KubeObject, resource: Resource, format: Format, include: string): JsonObject {
  if (format.shape === 'Metadata') return metadataOnly(object, resource);
  if (format.shape === 'Table')
    return table([object], resource, include, { resourceVersion: object.metadata.resourceVersion });
  return versioned(object, resource);
}

/** A list in the wanted shape; items of built-in kinds carry no apiVersion and kind, as upstream. */
export function presentList(
  objects: KubeObject[],
  resource: Resource,
  format: Format,
  include: string,
  metadata: JsonObject,
): JsonObject {
  if (format.shape === 'Table') return table(objects, resource, include, metadata);
  if (format.shape === 'Metadata') {
    const items = objects.map((object) => metadataOnly(object, resource));
    return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items };
  }
  const items = objects.map((object) => {
    return resource.custom ? versioned(object, resource) : bare(object, resource);
  });
  return { kind: `${resource.kind}List`, apiVersion: resource.apiVersion, metadata, items };
}

function metadataOnly(object: KubeObject, resource: Resource): JsonObject {
  const { metadata } = bare(object, resource);
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function table(objects: KubeObject[], resource: Resource, include: string, metadata: JsonObject): JsonObject {
  const columns = columnsOf(resource);
  const given: JsonObject[] = resource.custom?.columns ?? [];
  const shown = (object: KubeObject) => {
    if (include === 'None') return null;
    return include === 'Object' ? versioned(object, resource) : metadataOnly(object, resource);
  };
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(([name, , priority = 0, own = 'string'], index) => {
      const { type = own, format = '', description, jsonPath } = given[index - 1] ?? {};
      const path = jsonPath && `Custom resource definition column (in JSONPath format): ${jsonPath}`;
      const isName = index === 0 && name === 'Name';
      return { name, type, format: isName ? 'name' : format, description: description ?? path ?? '', priority };
    }),
    rows: objects.map((object) => ({
      cells: columns.map(([, cell]) => cell(object) ?? (resource.custom ? null : '')),
      object: shown(object),
    })),
  };
}

function columnsOf(resource: Resource): Column[] {
  if (resource.group === '' && resource.kind === 'Event') return EVENT_COLUMNS;
  const name: Column = ['Name', ({ metadata }) => metadata.name];
  if (!resource.custom) return [name, ...(COLUMNS[`${resource.group}/${resource.kind}`] ?? GENERIC)];
  const { columns } = resource.custom;
  return [name, ...(columns.length > 0 ? columns.map(printerColumn) : GENERIC)];
}

function printerColumn({ name, type, jsonPath: path, priority }: JsonObject): Column {
  const find = jsonPath(path);
  const cell = (object: KubeObject): unknown => {
    const value = find?.(object)[0];
    if (value === undefined || value === null) return null;
    if (type === 'date') return since(String(value));
    return typeof value === 'object' ? JSON.stringify(value) : value;
  };
  return priority > 0 ? [name, cell, 1] : [name, cell];
}
