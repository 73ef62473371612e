import type { protos } from '@google-cloud/container';
import type { GoogleAuth } from 'google-auth-library';
import {
  type Decoder,
  exactly,
  fromJson,
  isMismatch,
  list,
  mismatch,
  name,
  object,
  quoted,
  some,
  text,
  type Wanted,
} from '../../lib/decode.ts';

type ICluster = protos.google.container.v1.ICluster;
type INodePool = protos.google.container.v1.INodePool;
type IOperation = protos.google.container.v1.IOperation;

/**
 * An enum that the API always sets. The library makes the unspecified value of a field that is missing, and of JSON that
 * has nothing of the message at all. A value that is newer than the library stays as it came: a number or a text.
 */
const set: Decoder<string> = (value, path) => {
  const given = typeof value === 'number' ? String(value) : text(value, path);
  if (given === '' || given === '0' || given.endsWith('UNSPECIFIED')) throw mismatch(path, 'is missing');
  return given;
};

const pool = (named: Decoder<string>) => object({ name: named, status: set, config: object({ machineType: name }) });

/** The cluster that was asked for. */
export function theCluster(cluster: string): Wanted<ICluster> {
  const fields = object({ name: exactly(cluster), status: set, nodePools: list(pool(name), 'or-null') });
  return { noun: 'the cluster', decode: checked<ICluster>(fields) };
}

/** The pool that was asked for. */
export function thePool(nodePool: string): Wanted<INodePool> {
  return { noun: 'the node pool', decode: checked<INodePool>(pool(exactly(nodePool))) };
}

const operation = (named: Decoder<string>) => object({ name: named, status: set, operationType: set });

/** The operation of a name, or that of a change that was just asked for. */
export function theOperation(known?: string): Wanted<IOperation> {
  const fields = operation(known === undefined ? name : exactly(known));
  return { noun: known === undefined ? 'an operation' : 'the operation', decode: checked<IOperation>(fields) };
}

/** The operations of a location. */
export const OPERATIONS: Wanted<{ operations?: IOperation[] | null }> = {
  noun: 'a list of operations',
  decode: checked<{ operations?: IOperation[] | null }>(some({ operations: list(operation(name)) })),
};

/** The message itself, once its fields have been seen: the library has made its types already. */
function checked<T>(fields: Decoder<unknown>): Decoder<T> {
  return (value, path) => {
    fields(value, path);
    return value as T;
  };
}

/**
 * Lets the library see good answers only that are a JSON object without an error in it. It takes a number, a list, an error
 * and a page of another API for a message without fields, which a list of operations may honestly be.
 */
export function strict(auth: GoogleAuth): GoogleAuth {
  const fetch = auth.fetch.bind(auth);
  auth.fetch = async <T>(...args: Parameters<typeof fetch>) => {
    const response = await fetch<T>(...args);
    if (!response.ok) return response;
    const bytes = await response.arrayBuffer();
    const { pathname } = new URL(response.url || String(response.config.url));
    checkBody(fromJson(Buffer.from(bytes).toString('utf8')), pathname);
    return Object.assign(response, { arrayBuffer: async () => bytes });
  };
  return auth;
}

const LISTED = ['operations', 'missingZones'];

function checkBody(body: unknown, pathname: string): void {
  const fields = object({})(body, '');
  const { error } = fields;
  // An operation that failed has an error of its own, and a name.
  if (error !== undefined && fields.name === undefined) {
    const { message } = some({ message: text })(error, 'error');
    throw mismatch('', `is an error${message ? `: ${quoted(message)}` : ''}`);
  }
  const names = Object.keys(fields);
  if (pathname.endsWith('/operations') && names.length > 0 && !LISTED.some((one) => names.includes(one))) {
    throw mismatch('operations', 'is missing');
  }
}

/**
 * What is wrong with an answer that was not a good one; null for any other error. The library wraps what is thrown while it
 * reads one like a lost connection, without a status of HTTP; only errors of the network have a code of their own.
 */
export function unreadable(error: unknown): string | null {
  if (isMismatch(error)) return error.message;
  if (!(error instanceof Error) || Reflect.get(error, 'httpStatusCode') !== undefined) return null;
  const { cause } = error;
  if (isMismatch(cause)) return cause.message;
  const isOfNetwork = !(cause instanceof Error) || 'code' in cause || 'config' in cause || cause.name === 'AbortError';
  return isOfNetwork ? null : 'it is JSON of another shape';
}
