import { BUILTIN_TYPES } from './builtin-types.ts';
import { badRequest, unsupportedMedia } from './status.ts';
import type { Json, JsonObject, ScalarNode, TypeNode } from './types.ts';
import { builtinType, fieldsOfLine } from './types.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** A field of a message: where its value goes, or the inlined message whose fields belong to the parent. */
interface WireField {
  name?: string;
  type?: TypeNode;
  keepsZero?: boolean;
  inlined?: Map<number, WireField>;
}

interface Part {
  number: number;
  /** A varint as bigint, or the bytes of a length-delimited or fixed field. */
  value: bigint | Buffer;
}

const wireTables = new Map<string, Map<number, WireField>>();

/**
 * A built-in object from Kubernetes' protobuf envelope, which kubectl's typed commands send (`create deployment`,
 * `auth can-i`). Answers stay JSON, which those clients accept. Throws 415 for a kind without field numbers.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (body.subarray(0, 4).toString('latin1') !== 'k8s\u0000') {
    throw badRequest('the body is not in the Kubernetes protobuf envelope');
  }
  const envelope = parts(body.subarray(4));
  const meta = new Map(parts(bytes(envelope, 1)).map(({ number, value }) => [number, String(value)]));
  const [apiVersion = '', kind = ''] = [meta.get(1), meta.get(2)];
  if (!BUILTIN_TYPES[kind]?.includes('@')) {
    throw unsupportedMedia(`protobuf for ${apiVersion}, Kind=${kind} is not supported, send application/json`);
  }
  return { apiVersion, kind, ...message(bytes(envelope, 2), kind) };
}

function bytes(from: Part[], number: number): Buffer {
  const found = from.find((part) => part.number === number)?.value;
  return Buffer.isBuffer(found) ? found : Buffer.alloc(0);
}

function parts(buffer: Buffer): Part[] {
  const found: Part[] = [];
  let at = 0;
  const varint = (): bigint => {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer[at];
      if (byte === undefined) throw badRequest('unexpected EOF in protobuf');
      at += 1;
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > buffer.length) throw badRequest('unexpected EOF in protobuf');
    at += length;
    return buffer.subarray(at - length, at);
  };
  while (at < buffer.length) {
    const tag = Number(varint());
    const [number, wire] = [tag >> 3, tag & 7];
    if (wire === 0) found.push({ number, value: varint() });
    else if (wire === 2) found.push({ number, value: take(Number(varint())) });
    else if (wire === 1 || wire === 5) found.push({ number, value: take(wire === 1 ? 8 : 4) });
    else throw badRequest(`illegal protobuf wire type ${wire}`);
  }
  return found;
}

function message(buffer: Buffer, typeName: string): JsonObject {
  const object: JsonObject = {};
  fill(object, buffer, wireTable(typeName));
  return object;
}

function fill(object: JsonObject, buffer: Buffer, table: Map<number, WireField>): void {
  for (const { number, value } of parts(buffer)) {
    const field = table.get(number);
    if (field?.inlined && Buffer.isBuffer(value)) fill(object, value, field.inlined);
    if (!field?.name || !field.type) continue;
    const { name, type } = field;
    if (type.kind === 'list') {
      object[name] = [...(object[name] ?? []), decode(value, type.element)];
    } else if (type.kind === 'map' && !type.name) {
      const [key, inner] = entry(value as Buffer, type.rest as TypeNode);
      object[name] = { ...object[name], [key]: inner };
    } else {
      const decoded = decode(value, type);
      if (field.keepsZero || !isZero(decoded)) object[name] = decoded;
    }
  }
}

function entry(buffer: Buffer, type: TypeNode): [string, Json] {
  const both = parts(buffer);
  const value = both.find((part) => part.number === 2)?.value ?? Buffer.alloc(0);
  return [bytes(both, 1).toString('utf8'), decode(value, type)];
}

function isZero(value: Json): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0;
}

function decode(value: bigint | Buffer, type: TypeNode): Json {
  if (!Buffer.isBuffer(value)) {
    const number = Number(BigInt.asIntN(64, value));
    return type.kind === 'scalar' && type.scalar === 'boolean' ? number !== 0 : number;
  }
  if (type.kind === 'scalar') return scalar(value, type);
  // The entries of a map cannot be lists on the wire, so each is a message with the list as its field 1.
  if (type.kind === 'list') return parts(value).map((item) => decode(item.value, type.element));
  if (type.kind === 'any') return JSON.parse(bytes(parts(value), 1).toString('utf8') || 'null');
  return type.kind === 'map' && type.name ? message(value, type.name) : undefined;
}

function scalar(value: Buffer, { wire }: ScalarNode): Json {
  if (wire === undefined) return value.toString('utf8');
  if (wire === 'bytes') return value.toString('base64');
  const inner = parts(value);
  const number = (field: number): number => {
    const found = inner.find((part) => part.number === field)?.value;
    return typeof found === 'bigint' ? Number(BigInt.asIntN(64, found)) : 0;
  };
  if (wire === 'quantity') return bytes(inner, 1).toString('utf8');
  if (wire === 'int-or-string') return number(1) === 0 ? number(2) : bytes(inner, 3).toString('utf8');
  if (inner.length === 0) return undefined;
  const text = new Date(number(1) * 1_000).toISOString().replace(/\.\d+Z$/, '');
  return wire === 'time' ? `${text}Z` : `${text}.${String(Math.floor(number(2) / 1_000)).padStart(6, '0')}Z`;
}

function wireTable(typeName: string): Map<number, WireField> {
  const known = wireTables.get(typeName);
  if (known) return known;
  const table = new Map<number, WireField>();
  wireTables.set(typeName, table);
  const type = builtinType(typeName);
  for (const { name, numbers, keepsZero } of fieldsOfLine(BUILTIN_TYPES[typeName] ?? '')) {
    const last = numbers.at(-1);
    const fieldType = type?.field(name);
    if (last === undefined || !fieldType) continue;
    let level = table;
    for (const number of numbers.slice(0, -1)) {
      const outer = level.get(number) ?? { inlined: new Map() };
      level.set(number, outer);
      level = outer.inlined as Map<number, WireField>;
    }
    level.set(last, { name, type: fieldType, keepsZero });
  }
  return table;
}
