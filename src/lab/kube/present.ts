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
  const text = 'only the following media types are accepted: application/json, application/yaml';
  throw failure(406, 'NotAcceptable', text);
}

/** JSON, or YAML where the client asks for it. */
export function encode(body: unknown, yaml: boolean): { type: string; text: string } {
  if (yaml) return { type: 'application/yaml', text: stringify(body) };
  return { type: 'application/json', text: `${JSON.stringify(body)}\n` };
}

/** An object as served at the resource's version, whatever version it is stored at. */
export function versioned(object: KubeObject, resource: Resource): KubeObject {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  return { apiVersion: resource.apiVersion, kind: resource.kind, ...rest } as KubeObject;
}

/** One object in the wanted shape. */
export function presentOne(object: KubeObject, resource: Resource, format: Format, include: string): JsonObject {
  if (format.shape === 'Metadata') return metadataOnly(object);
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
    const items = objects.map(metadataOnly);
    return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items };
  }
  const items = objects.map((object) => {
    if (resource.custom) return versioned(object, resource);
    const { apiVersion: _apiVersion, kind: _kind, ...bare } = object;
    return bare;
  });
  return { kind: `${resource.kind}List`, apiVersion: resource.apiVersion, metadata, items };
}

function metadataOnly({ metadata }: KubeObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function table(objects: KubeObject[], resource: Resource, include: string, metadata: JsonObject): JsonObject {
  const columns = columnsOf(resource);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(([name, , priority = 0]) => ({
      name,
      type: 'string',
      format: name === 'Name' ? 'name' : '',
      description: '',
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map(([, cell]) => cell(object) ?? ''),
      ...(include === 'None'
        ? {}
        : { object: include === 'Object' ? versioned(object, resource) : metadataOnly(object) }),
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
    if (value === undefined) return '';
    if (type === 'date') return since(String(value));
    return typeof value === 'object' ? JSON.stringify(value) : value;
  };
  return priority > 0 ? [name, cell, 1] : [name, cell];
}
