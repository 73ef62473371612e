import type { KubeObject } from '../../protocol.ts';
import { badRequest, failure } from '../status.ts';
import type { JsonObject, TypeNode } from '../types.ts';
import { emptyObject, emptyTyped, equalJson } from '../types.ts';
import { applyConflict } from './conflicts.ts';
import type { FieldSet } from './fieldset.ts';
import { difference, emptySet, intersection, isEmpty, setOf, union, withoutSubtrees } from './fieldset.ts';
import { clientSideApplied, syncLastApplied } from './last-applied.ts';
import type { Manager, Managers } from './managers.ts';
import { capUpdaters, decodeManagers, managerId, storeManagers } from './managers.ts';
import { merge, removeFields, withNamedParents } from './merge.ts';
import { checkValue, compare, fieldsOf } from './walk.ts';

/** Who writes, and through which door. */
export interface Writer {
  manager: string;
  apiVersion: string;
  subresource: string;
  /** RFC 3339, seconds. */
  now: string;
  /** Fields that this endpoint ignores, e.g. `status` on the main resource: they are never owned through it. */
  resets: FieldSet;
}

const NEVER_OWNED = setOf(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation'].map((name) => [
    'f:metadata',
    `f:${name}`,
  ]),
  ['f:metadata', 'f:managedFields'],
  ['f:metadata', 'f:resourceVersion'],
);
const BEFORE_FIRST_APPLY = 'before-first-apply';

/**
 * Server-side apply of `config` to `live` (null: the object does not exist yet): the merged object with its managedFields.
 * Follows structured-merge-diff's updater; an object is not converted between versions, so every manager's fields are
 * read with the type of the version in use. Throws StatusError: 409 with the conflicts unless `force`, 500 for a
 * configuration that does not fit the schema (the API server's own code for it).
 */
export function applyConfig(
  live: KubeObject | null,
  config: JsonObject,
  type: TypeNode,
  writer: Writer,
  force: boolean,
): KubeObject {
  if (config.metadata?.managedFields) throw badRequest('metadata.managedFields must be nil');
  const mismatches = checkValue(config, type, false);
  if (mismatches.length > 0) {
    const lines = mismatches.map((each) => (each.path ? `${each.path}: ${each.message}` : each.message));
    const text = lines.length === 1 ? lines[0] : ['errors:', ...lines.map((line) => `  ${line}`)].join('\n');
    throw failure(500, '', `failed to create typed patch object (${describe(config)}): ${text}`);
  }
  const base = live ?? emptyObject(config.apiVersion, config.kind);
  const { metadata, ...rest } = base;
  const { managedFields, ...cleanMetadata } = metadata;
  const current: KubeObject = { ...rest, metadata: cleanMetadata } as KubeObject;
  const managers = decodeManagers(managedFields);
  if (live && managers.size === 0) adoptExisting(managers, current, type, writer);

  const id = managerId({ ...writer, operation: 'Apply' });
  const last = managers.get(id)?.fields ?? emptySet();
  const owned = withoutSubtrees(fieldsOf(config, type), writer.resets);
  managers.set(id, { ...entryOf(writer, 'Apply'), fields: owned, time: managers.get(id)?.time });
  const merged = merge(current, config, type);
  const pruned = isEmpty(last) ? merged : prune(merged, managers, last, type);
  const allowed = writer.manager === 'kubectl' ? clientSideApplied(current, type) : emptySet();
  disown(managers, id, current, pruned, type, writer, force ? 'force' : allowed);
  const mine = managers.get(id);
  if (mine) {
    mine.fields = difference(mine.fields, NEVER_OWNED);
    // Who only joins in with what is there already has changed nothing.
    if (!live || !equalJson(current, pruned)) mine.time = writer.now;
  }
  if (writer.manager === 'kubectl') syncLastApplied(pruned, config);
  storeManagers(pruned, managers);
  return pruned;
}

/**
 * Records what an update, patch or creation changed as owned by the writer; `after.metadata.managedFields` given by the
 * client counts (an empty list resets ownership). Objects that never had managers are left untracked, as upstream.
 */
export function trackUpdate(live: KubeObject | null, after: KubeObject, type: TypeNode, writer: Writer): void {
  const given = after.metadata.managedFields;
  const reset = Array.isArray(given) && (given.length === 0 || (given.length === 1 && equalJson(given[0], {})));
  const fromClient = writer.subresource === '' ? decodeManagers(given) : new Map();
  const managers: Managers =
    reset && writer.subresource === ''
      ? new Map()
      : fromClient.size > 0
        ? fromClient
        : decodeManagers(live?.metadata.managedFields);
  delete after.metadata.managedFields;
  if (live && managers.size === 0) return;
  const before = live ? { ...live } : emptyTyped(after.apiVersion, after.kind, type);
  before.metadata = { ...before.metadata };
  delete before.metadata.managedFields;
  recordUpdate(managers, before, after, type, writer);
  capUpdaters(managers);
  storeManagers(after, managers);
}

function recordUpdate(managers: Managers, before: KubeObject, after: KubeObject, type: TypeNode, writer: Writer): void {
  const id = managerId({ ...writer, operation: 'Update' });
  const own = managers.get(id);
  managers.delete(id);
  const changes = disown(managers, id, before, after, type, writer, 'force');
  const touched = difference(withoutSubtrees(union(changes.modified, changes.added), writer.resets), NEVER_OWNED);
  if (!own && isEmpty(touched)) return;
  // The writer's own earlier fields are treated like another manager's, then joined with what it writes now.
  const kept = own
    ? difference(own.fields, union(changes.removed, union(changes.modified, changes.added)))
    : emptySet();
  const time = isEmpty(touched) ? own?.time : writer.now;
  managers.set(id, { ...entryOf(writer, 'Update'), fields: union(kept, touched), time });
}

function adoptExisting(managers: Managers, live: KubeObject, type: TypeNode, writer: Writer): void {
  const before = emptyTyped(live.apiVersion, live.kind, type);
  recordUpdate(managers, before, live, type, { ...writer, manager: BEFORE_FIRST_APPLY });
}

/** Takes changed and removed fields away from the other managers; without force a changed one is a
 * conflict, unless it is in the set of allowed ones. */
function disown(
  managers: Managers,
  self: string,
  before: KubeObject,
  after: KubeObject,
  type: TypeNode,
  writer: Writer,
  force: 'force' | FieldSet,
) {
  const all = compare(before, after, type);
  const changes = {
    added: withoutSubtrees(all.added, writer.resets),
    modified: withoutSubtrees(all.modified, writer.resets),
    removed: withoutSubtrees(all.removed, writer.resets),
  };
  const written = union(changes.modified, changes.added);
  const conflicts: { manager: Manager; fields: FieldSet }[] = [];
  for (const [id, manager] of managers) {
    if (id === self) continue;
    const lost = intersection(manager.fields, written);
    if (!isEmpty(lost)) conflicts.push({ manager, fields: lost });
  }
  if (force !== 'force') {
    const left = conflicts.map((each) => ({ ...each, fields: difference(each.fields, force) }));
    const real = left.filter((each) => !isEmpty(each.fields));
    if (real.length > 0) throw applyConflict(real);
  }
  for (const [id, manager] of managers) {
    if (id === self) continue;
    manager.fields = difference(difference(manager.fields, written), changes.removed);
    if (isEmpty(manager.fields)) managers.delete(id);
  }
  return changes;
}

/** Removes what the applier owned before, does not apply now, and nobody else owns. */
function prune(merged: KubeObject, managers: Managers, last: FieldSet, type: TypeNode): KubeObject {
  const whole = withNamedParents(fieldsOf(merged, type), type);
  let claimed = emptySet();
  for (const manager of managers.values()) claimed = union(claimed, manager.fields);
  const lastNamed = withNamedParents(last, type);
  const stripped = removeFields(merged, lastNamed, type);
  const kept = withNamedParents(fieldsOf(stripped, type), type);
  const returned = removeFields(merged, difference(whole, union(kept, withNamedParents(claimed, type))), type);
  const final = withNamedParents(fieldsOf(returned, type), type);
  return removeFields(merged, intersection(difference(whole, final), lastNamed), type) as KubeObject;
}

function entryOf(writer: Writer, operation: 'Apply' | 'Update'): Omit<Manager, 'fields' | 'time'> {
  const { manager, apiVersion, subresource } = writer;
  return { manager, operation, apiVersion, subresource };
}

/** `namespace/name; group/version, Kind=Kind`. */
function describe(config: JsonObject): string {
  const { name = '', namespace = '' } = config.metadata ?? {};
  const [group, version] = String(config.apiVersion).includes('/')
    ? String(config.apiVersion).split('/')
    : ['', String(config.apiVersion)];
  return `${namespace}/${name}; ${group}/${version}, Kind=${config.kind}`;
}
