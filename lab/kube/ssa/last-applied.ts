import type { KubeObject } from '../../protocol.ts';
import type { JsonObject, TypeNode } from '../types.ts';
import { isObject } from '../types.ts';
import type { FieldSet } from './fieldset.ts';
import { difference, emptySet, union } from './fieldset.ts';
import { checkValue, compare, fieldsOf } from './walk.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Fields that client-side apply set and nobody changed since: kubectl's server-side apply takes them over without a
 * conflict, so that an object can move from the one to the other.
 */
export function clientSideApplied(live: KubeObject, type: TypeNode): FieldSet {
  const config = parsed(live.metadata.annotations?.[ANNOTATION]);
  if (config?.apiVersion !== live.apiVersion || checkValue(config, type, true).length > 0) return emptySet();
  const changes = compare(config, live, type);
  return difference(fieldsOf(config, type), union(changes.added, union(changes.modified, changes.removed)));
}

/** Keeps the annotation of client-side apply in step with what is applied now, where there is one. */
export function syncLastApplied(object: KubeObject, config: JsonObject): void {
  const { annotations } = object.metadata;
  if (annotations?.[ANNOTATION]) annotations[ANNOTATION] = `${JSON.stringify(config)}\n`;
}

function parsed(text: string | undefined): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
