/**
 * A frozen copy of what JSON can hold: members that are undefined are left out. Parts that are frozen already are taken
 * as they are, so that a change of a stored object copies what has changed and nothing else.
 */
export function frozenCopy<Value>(value: Value): Value {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as Value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner !== undefined) copy[key] = frozenCopy(inner);
  }
  return Object.freeze(copy) as Value;
}

/** A copy to change. Several times as fast as `structuredClone`. */
export function copyJson<Value>(value: Value): Value {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(copyJson) as Value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner !== undefined) copy[key] = copyJson(inner);
  }
  return copy as Value;
}
