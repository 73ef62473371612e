import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { assetsFolder, HOW_TO_GET_ASSETS } from './assets.ts';
import { kubeconfig, serviceAccountKey, servingPair } from './credentials.ts';
import { AUDIT_POLICY, apiServerFlags, etcdFlags } from './flags.ts';
import { type Running, start } from './process.ts';
import { type Identity, startTokenIssuer } from './tokens.ts';

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind, as JSON
  body: any;
}

export interface RealKube {
  /** `https://127.0.0.1:PORT`, the same after a restart. */
  server: string;
  caPem: string;
  /** A member of system:masters. */
  adminToken: string;
  /** Of the administrator; a file that only this user can read. */
  kubeconfigPath: string;
  /** A new token of a user whom RBAC knows by this name and these groups; it holds until the end unless told otherwise. */
  tokenFor(user: string, groups?: string[], lifeMs?: number): string;
  /** A plain request, by default of the administrator; a body that is not text is sent as JSON. */
  ask(method: string, path: string, body?: unknown, options?: AskOptions): Promise<Answer>;
  /** The server's own record of all requests since the first start, oldest first. */
  audit(): Promise<AuditEvent[]>;
  /** Ends the API server, and etcd with it unless only the server is asked for; the data stays. */
  kill(signal?: NodeJS.Signals, which?: 'both' | 'api-server'): Promise<void>;
  /** Starts what does not run, on the same data and port, and waits until it is ready. */
  resume(): Promise<void>;
  /** `kill` and `resume`. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Ends both cleanly, copies etcd's data to a folder that does not exist yet, and resumes. */
  saveData(folder: string): Promise<void>;
  /** Process ids, for a test that wants to see them gone. */
  pids(): { apiServer: number | null; etcd: number | null };
  /** Ends everything and removes the data. */
  stop(): Promise<void>;
}

export interface AuditEvent {
  verb: string;
  requestURI: string;
  userAgent: string;
  /** RFC 3339 with microseconds. */
  requestReceivedTimestamp: string;
  user: { username: string; groups: string[] };
  responseStatus: { code: number };
}

export interface AskOptions {
  token?: string | null;
  contentType?: string;
}

export interface ApiServerOptions {
  /** Folder with kube-apiserver and etcd; KUBEBUILDER_ASSETS unless given. */
  assets?: string;
  /** A folder that `saveData` wrote: the server starts on a copy of it. */
  data?: string;
  /** Further flags of kube-apiserver. */
  flags?: string[];
  /** Who a token of another issuer belongs to. */
  identityOf?: (token: string) => Identity | null;
}

/**
 * A real API server on an etcd of its own: RBAC, admission and validation as on a cluster, but no controllers, no
 * kubelets and no scheduler, so that nothing happens to an object unless a test does it. A pod stays Pending, a
 * namespace under deletion stays, dependants are not collected.
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<RealKube> {
  const assets = options.assets ?? assetsFolder(process.env);
  if (!assets) throw new Error(`Tests on a real API server did not run. ${HOW_TO_GET_ASSETS}`);
  const folder = await mkdtemp(join(tmpdir(), 'kube-'));
  const file = (name: string) => join(folder, name);
  const pair = await servingPair();
  if (options.data) await cp(options.data, file('etcd'), { recursive: true });
  const issuer = await startTokenIssuer(pair, options.identityOf);
  const adminToken = randomBytes(24).toString('base64url');
  await Promise.all([
    writeFile(file('tls.crt'), pair.cert),
    writeFile(file('tls.key'), pair.key, { mode: 0o600 }),
    writeFile(file('service-account.key'), serviceAccountKey(), { mode: 0o600 }),
    writeFile(file('tokens.csv'), `${adminToken},admin,admin,"system:masters"\n`, { mode: 0o600 }),
    writeFile(file('audit-policy'), AUDIT_POLICY),
    writeFile(file('token-webhook'), kubeconfig(issuer.url, pair.cert, {}), { mode: 0o600 }),
  ]);
  // A connection for each request: none of them is stale after a restart.
  const agent = new Agent({ connect: { ca: pair.cert }, pipelining: 0, headersTimeout: 60_000 });

  const port = await freePort();
  let etcd: Running | undefined;
  let apiServer: Running | undefined;

  const ask: RealKube['ask'] = async (method, path, body, { token = adminToken, contentType } = {}) => {
    const response = await request(`https://127.0.0.1:${port}${path}`, {
      method: method as 'GET',
      dispatcher: agent,
      headers: {
        accept: 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.body.text();
    const isJson = String(response.headers['content-type']).includes('json');
    return { status: response.statusCode, body: isJson ? JSON.parse(text) : text };
  };

  const isReady = async (): Promise<boolean> => {
    try {
      // The namespace comes from a controller of the API server's own, a moment later than readiness.
      const ready = await ask('GET', '/readyz');
      return ready.status === 200 && (await ask('GET', '/api/v1/namespaces/default')).status === 200;
    } catch {
      return false;
    }
  };

  const resume = async () => {
    if (!etcd || etcd.ended() !== null) etcd = start(join(assets, 'etcd'), etcdFlags(folder), file('etcd.log'));
    if (!apiServer || apiServer.ended() !== null) {
      const flags = [...apiServerFlags(folder, port), ...(options.flags ?? [])];
      apiServer = start(join(assets, 'kube-apiserver'), flags, file('kube-apiserver.log'));
    }
    const deadline = Date.now() + 60_000;
    while (!(await isReady())) {
      const dead = [etcd, apiServer].find((each) => each.ended() !== null);
      if (!dead && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      const name = dead === etcd ? 'etcd' : 'kube-apiserver';
      const how = dead ? `ended with ${dead.ended()}` : 'was not ready after 60 s';
      throw new Error(`${name} ${how}; its last lines:\n${(dead ?? apiServer).tail()}`);
    }
  };

  const kill: RealKube['kill'] = async (signal = 'SIGTERM', which = 'both') => {
    await apiServer?.end(signal);
    if (which === 'both') await etcd?.end(signal);
  };

  const stop = async () => {
    await kill('SIGKILL');
    await issuer.close();
    await agent.destroy();
    await rm(folder, { recursive: true, force: true });
  };

  try {
    await resume();
  } catch (error) {
    await stop();
    throw error;
  }
  const server = `https://127.0.0.1:${port}`;
  const kubeconfigPath = file('kubeconfig');
  await writeFile(kubeconfigPath, kubeconfig(server, pair.cert, { token: adminToken }), { mode: 0o600 });
  return {
    server,
    caPem: pair.cert,
    adminToken,
    kubeconfigPath,
    tokenFor: (user, groups = [], lifeMs) => issuer.issue({ user, groups }, lifeMs),
    ask,
    audit: async () => {
      const lines = (await readFile(file('audit.log'), 'utf8')).trimEnd().split('\n');
      return lines.map((line) => JSON.parse(line) as AuditEvent);
    },
    kill,
    resume,
    restart: async (signal) => {
      await kill(signal);
      await resume();
    },
    saveData: async (to) => {
      await kill('SIGTERM');
      await cp(file('etcd'), to, { recursive: true });
      await resume();
    },
    pids: () => ({ apiServer: alive(apiServer), etcd: alive(etcd) }),
    stop,
  };
}

function alive(process: Running | undefined): number | null {
  return process && process.ended() === null ? process.pid : null;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
