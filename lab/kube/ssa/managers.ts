import type { KubeObject } from '../../protocol.ts';
import type { JsonObject } from '../types.ts';
import type { FieldSet } from './fieldset.ts';
import { fromFieldsV1, isEmpty, toFieldsV1, union } from './fieldset.ts';

export interface Manager {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: string;
  time: string | undefined;
  fields: FieldSet;
}

/** Managers of an object by identity: an applier keeps its identity over API versions, an updater does not. */
export type Managers = Map<string, Manager>;

const MAX_UPDATERS = 10;
const BUCKET = 'ancient-changes';

export function managerId(manager: Omit<Manager, 'fields' | 'time'>): string {
  const version = manager.operation === 'Apply' ? '' : manager.apiVersion;
  return JSON.stringify([manager.manager, manager.operation, version, manager.subresource]);
}

/** The managers in `metadata.managedFields`; entries that are not understood make the whole list count as empty. */
export function decodeManagers(entries: unknown): Managers {
  const managers: Managers = new Map();
  for (const entry of Array.isArray(entries) ? (entries as JsonObject[]) : []) {
    const known = entry.operation === 'Apply' || entry.operation === 'Update';
    if (!known || entry.fieldsType !== 'FieldsV1' || !entry.apiVersion) return new Map();
    const manager: Manager = {
      manager: entry.manager ?? '',
      operation: entry.operation,
      apiVersion: entry.apiVersion,
      subresource: entry.subresource ?? '',
      time: entry.time,
      fields: fromFieldsV1(entry.fieldsV1),
    };
    managers.set(managerId(manager), manager);
  }
  return managers;
}

/** `metadata.managedFields` in the API server's order: appliers first, then by time and name. */
export function encodeManagers(managers: Managers): JsonObject[] {
  const rank = (m: Manager) => [m.operation, m.time ?? '', m.manager, m.apiVersion, m.subresource].join('\u0000');
  return [...managers.values()]
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .map((m) => ({
      manager: m.manager,
      operation: m.operation,
      apiVersion: m.apiVersion,
      ...(m.time ? { time: m.time } : {}),
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(m.fields),
      ...(m.subresource ? { subresource: m.subresource } : {}),
    }));
}

/** Writes the managers into the object, or takes the field away when there are none. */
export function storeManagers(object: KubeObject, managers: Managers): void {
  for (const [id, manager] of managers) if (isEmpty(manager.fields)) managers.delete(id);
  if (managers.size === 0) delete object.metadata.managedFields;
  else object.metadata.managedFields = encodeManagers(managers);
}

/** Merges the oldest updaters into one bucket a version when there are more than ten, as the API server does. */
export function capUpdaters(managers: Managers): void {
  const oldest = [...managers]
    .filter(([, manager]) => manager.operation === 'Update')
    .sort(([, a], [, b]) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1));
  let left = oldest.length;
  const first = new Map<string, string>();
  for (const [id, manager] of oldest) {
    if (left <= MAX_UPDATERS) return;
    const bucketKey = {
      manager: BUCKET,
      operation: 'Update',
      apiVersion: manager.apiVersion,
      subresource: '',
    } as const;
    const bucketId = managerId(bucketKey);
    const into = managers.get(bucketId) ?? managers.get(first.get(manager.apiVersion) ?? '');
    if (!into || into === manager) {
      first.set(manager.apiVersion, id);
      continue;
    }
    managers.delete(first.get(manager.apiVersion) ?? '');
    managers.delete(id);
    managers.set(bucketId, { ...bucketKey, time: manager.time, fields: union(into.fields, manager.fields) });
    left -= 1;
  }
}
