/** Reading proto3 JSON requests: `nodeCount` or `node_count`, numbers or numeric strings, null for "not set". */
type Body = Record<string, unknown>;

/** The first field that the message does not have, by its name in the request. */
export function unknownField(body: Body, known: string[]): string | undefined {
  return Object.keys(body).find((key) => !known.includes(camel(key)));
}

/** An int32 field: 0 when it is missing, undefined when it is not an integer. */
export function intField(body: Body, name: string): number | undefined {
  const value = field(body, name);
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' && !(typeof value === 'string' && value.trim() !== '')) return undefined;
  const number = Number(value);
  return Number.isInteger(number) && Math.abs(number) < 2 ** 31 ? number : undefined;
}

/** A message field with its keys in lowerCamelCase; undefined when it is missing. */
export function messageField(body: Body, name: string): Body | undefined {
  const value = field(body, name);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camel(key), inner]));
}

function field(body: Body, name: string): unknown {
  return Object.entries(body).find(([key]) => camel(key) === name)?.[1];
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
