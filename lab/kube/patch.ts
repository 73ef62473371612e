import { badRequest, failure } from './status.ts';
import type { Json, JsonObject } from './types.ts';
import { equalJson, isObject } from './types.ts';

/** RFC 7386. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

/**
 * RFC 6902 on a copy; 422 without any detail when an operation does not fit the document, 400 when the patch is not a
 * patch. Like the API server's, `replace` sets a member that is not there.
 */
export function jsonPatch(document: JsonObject, operations: Json): JsonObject {
  if (!Array.isArray(operations))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
  let current: Json = structuredClone(document);
  for (const operation of operations) current = applyOperation(current, operation);
  return current;
}

function applyOperation(document: Json, { op, path, from, value }: JsonObject): Json {
  if (op === 'add') return put(document, pointer(path), structuredClone(value), true);
  if (op === 'replace') return put(document, pointer(path), structuredClone(value), false);
  if (op === 'remove') return take(document, pointer(path)).rest;
  if (op === 'test') {
    const actual = read(document, pointer(path));
    if (!equalJson(actual ?? null, value ?? null)) throw unprocessable();
    return document;
  }
  if (op === 'copy') return put(document, pointer(path), structuredClone(read(document, pointer(from))), true);
  if (op === 'move') {
    const { rest, taken } = take(document, pointer(from));
    return put(rest, pointer(path), taken, true);
  }
  throw unprocessable();
}

const unprocessable = () =>
  failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});

function pointer(path: Json): string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) throw unprocessable();
  const parts = path.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: Json, path: string[]): Json {
  let value = document;
  for (const part of path) value = isObject(value) || Array.isArray(value) ? (value as JsonObject)[part] : undefined;
  return value;
}

function parentOf(document: Json, path: string[]): JsonObject | Json[] {
  const parent = read(document, path.slice(0, -1));
  if (!isObject(parent) && !Array.isArray(parent)) throw unprocessable();
  return parent;
}

function put(document: Json, path: string[], value: Json, isAdd: boolean): Json {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = parentOf(document, path);
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length - (isAdd ? 0 : 1)) throw unprocessable();
    parent.splice(index, isAdd ? 0 : 1, value);
  } else {
    parent[last] = value;
  }
  return document;
}

function take(document: Json, path: string[]): { rest: Json; taken: Json } {
  const last = path.at(-1);
  if (last === undefined) return { rest: null, taken: document };
  const parent = parentOf(document, path);
  const taken = (parent as JsonObject)[last];
  if (taken === undefined) throw unprocessable();
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return { rest: document, taken };
}
