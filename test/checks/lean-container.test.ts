import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeLean } from '../../scripts/build/lean.ts';
import type { GkeClient } from '../../src/clients/google/gke.ts';
import { systemClock } from '../../src/lib/poll.ts';
import { root } from './root.ts';

const PACKAGE = '@google-cloud/container';
/** Every field that can be false, zero or without a value is so, or none is. */
type Fill = 'full' | 'empty';

/** A generated client, with the description that it has read. */
type Client = new (options: object) => { _protos: { lookupType(name: string): Message } };
interface Package {
  ClusterManagerClient: Client;
}

/** What protobufjs knows of a message; the parts that are read here. */
interface Message {
  fullName: string;
  fieldsArray: Field[];
}
interface Field {
  name: string;
  type: string;
  map: boolean;
  repeated: boolean;
  partOf: { fieldsArray: Field[] } | null;
  resolvedType: Message | { values: Record<string, number> } | null;
  resolve(): Field;
}

describe('the lean client of the Container API', () => {
  const folder = join(root, 'build', 'lean-container');
  let server: Server;
  /** Answers by the last part of a request's path. */
  let answers: Record<string, unknown> = {};
  let whole: Package;
  let lean: Package;

  beforeAll(async () => {
    await writeLean(root, folder);
    whole = await import(PACKAGE);
    const entry = join(folder, 'node_modules', PACKAGE, 'build/src/index.js');
    lean = (await import(pathToFileURL(entry).href)).default;
    server = createServer((request, response) => {
      const [, kind = ''] = /\/(\w+)(?:\/\w[\w-]*)?(?::\w+)?(?:\?.*)?$/.exec(request.url ?? '') ?? [];
      const isChange = request.method === 'POST';
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(
          isChange ? answers.change : /operations(?:\?|$)/.test(request.url ?? '') ? answers.list : answers[kind],
        ),
      );
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    vi.doUnmock(PACKAGE);
    vi.resetModules();
    await rm(folder, { recursive: true, force: true });
  });

  it.each<Fill>(['full', 'empty'])(
    'has all methods that src/ calls, and all fields that it reads of %s answers',
    async (fill) => {
      answers = answersOf(whole.ClusterManagerClient, fill);
      const wanted = await useAll(whole.ClusterManagerClient);
      const found = await useAll(lean.ClusterManagerClient);
      expect(found.reads).toEqual(wanted.reads);
      expect(found.results).toEqual(wanted.results);
      // The recorder has seen something.
      expect(wanted.reads.get('getCluster.nodePools.config.machineType')).toBe('machineType');
      expect(wanted.reads.size).toBeGreaterThan(60);
    },
  );

  /** Calls everything that the gate has of the API. Returns what was made of the answers, and which fields were read. */
  async function useAll(Client: Client) {
    const reads = new Map<string, unknown>();
    vi.resetModules();
    vi.doMock(PACKAGE, () => ({ ClusterManagerClient: recordReads(Client, reads) }));
    const { createGkeClient } = await import('../../src/clients/google/gke.ts');
    const authClient = new OAuth2Client();
    authClient.setCredentials({ access_token: 'token' });
    const gke = await createGkeClient({
      ...{ projectId: 'project', location: 'location', cluster: 'cluster', stage: 'preflight' },
      auth: {
        googleAuth: async () => new GoogleAuth({ authClient, projectId: 'project' }),
        accessToken: async () => 'token',
        describe: () => '',
      },
      endpoint: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
      ...{ clock: systemClock, signal: new AbortController().signal, requestTimeoutMs: 10_000 },
    });
    const calls: Record<Exclude<keyof GkeClient, 'cluster' | 'close'>, () => Promise<unknown>> = {
      getCluster: () => gke.getCluster(),
      getNodePool: () => gke.getNodePool('pool'),
      setNodePoolSize: () => gke.setNodePoolSize('pool', 1),
      getOperation: () => gke.getOperation('operation'),
      listOperations: () => gke.listOperations(),
      tryResizePermission: () => gke.tryResizePermission(),
      cancelOperation: () => gke.cancelOperation('operation'),
    };
    expect(Object.keys(gke).sort()).toEqual([...Object.keys(calls), 'close', 'cluster'].sort());
    const results: Record<string, unknown> = {};
    for (const [name, call] of Object.entries(calls)) results[name] = JSON.stringify(await call());
    await gke.close();
    return { results, reads };
  }
});

/** The same client, which notes each field that is read of its answers, with its value. */
function recordReads(Client: Client, reads: Map<string, unknown>) {
  const watched = (value: unknown, path: string): unknown => {
    if (value === null || typeof value !== 'object') return value;
    // A copy of all fields asks for each before it reads it. What is read of the copy is seen in the results.
    let copied: string | symbol | null = null;
    return new Proxy(value, {
      getOwnPropertyDescriptor(target, key) {
        copied = key;
        return Reflect.getOwnPropertyDescriptor(target, key);
      },
      get(target, key) {
        const found: unknown = Reflect.get(target, key);
        if (Array.isArray(target)) return typeof found === 'function' ? found : watched(found, path);
        if (typeof key !== 'string' || typeof found === 'function' || key === 'then') return found;
        const name = `${path}.${key}`;
        if (copied !== key) reads.set(name, found !== null && typeof found === 'object' ? 'an object' : found);
        copied = null;
        return watched(found, name);
      },
    });
  };
  return class {
    constructor(options: object) {
      const client = new Client(options);
      // biome-ignore lint/correctness/noConstructorReturn: it stands in for the client.
      return new Proxy(client, {
        get(target, name) {
          const own: unknown = Reflect.get(target, name);
          if (typeof own !== 'function') return own;
          return async (...args: unknown[]) => {
            const answer: unknown = await Reflect.apply(own, target, args);
            return Array.isArray(answer) ? [watched(answer[0], String(name))] : answer;
          };
        },
      });
    }
  };
}

/** An answer to each request, with every field that the whole description has. */
function answersOf(Client: Client, fill: Fill): Record<string, unknown> {
  const { _protos: protos } = new Client({ fallback: true, projectId: 'project', authClient: new OAuth2Client() });
  const message = (name: string) => filled(protos.lookupType(`google.container.v1.${name}`), fill, 0) as object;
  const operation = { ...message('Operation'), name: 'operation' };
  const url = 'https://www.googleapis.com/compute/v1/projects/p/zones/z-a/instanceGroupManagers/group';
  const pool = { ...message('NodePool'), name: 'pool', instanceGroupUrls: [url] };
  return {
    clusters: { ...message('Cluster'), name: 'cluster' },
    nodePools: pool,
    operations: operation,
    change: operation,
    list: { operations: [operation] },
  };
}

const NUMBERS = /^(?:u?int|s?fixed|sint)(?:32|64)$|^(?:double|float)$/;

function filled(message: Message, fill: Fill, depth: number): unknown {
  if (message.fullName === '.google.protobuf.Duration') return '7s';
  if (message.fullName === '.google.protobuf.Timestamp') return '2026-11-30T00:00:00Z';
  if (/^\.google\.protobuf\.\w+Value$/.test(message.fullName)) return fill === 'full';
  const fields = message.fieldsArray.filter(
    // Of several fields that exclude each other, the first; nothing of unknown types; and no message within itself for ever.
    (field) => (field.partOf?.fieldsArray[0] ?? field) === field && !field.type.endsWith('protobuf.Any') && depth < 7,
  );
  return Object.fromEntries(
    fields.map((field) => {
      const value = filledField(field.resolve(), fill, depth);
      return [field.name, field.map ? { key: value } : field.repeated ? [value] : value];
    }),
  );
}

function filledField({ name, type, resolvedType }: Field, fill: Fill, depth: number): unknown {
  if (resolvedType && 'values' in resolvedType) {
    const values = Object.keys(resolvedType.values);
    const isNeeded = name === 'status' || name === 'operationType';
    return fill === 'full' || isNeeded ? values.at(-1) : values[0];
  }
  if (resolvedType) return filled(resolvedType, fill, depth + 1);
  if (type === 'bool') return fill === 'full';
  if (type === 'bytes') return 'AA==';
  if (NUMBERS.test(type)) return fill === 'full' ? 7 : 0;
  return name;
}
