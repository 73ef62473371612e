import { Agent, request } from 'undici';
import { NAMESPACE, type World } from './world.ts';

/** Requests of one kind in a state; the counters rise by as many. */
export const REQUESTS = 6;
/** Longer than any answer of a healthy stack takes. */
const SILENCE_MS = 5_000;

const SERVICE = 'qwen2-3b-pattern3';
const COUNTED = ['rq_total', 'rq_success', 'rq_error', 'cx_connect_fail'] as const;

/** The three clusters that a route of KServe's leads to, by what each one has behind it. */
export const CLUSTERS = {
  picker: /^outbound\|9002\|\|/,
  pool: /^outbound\|54321\|\|/,
  workload: /^outbound\|8000\|\|/,
};
type ClusterRole = keyof typeof CLUSTERS;

export interface Host {
  address: { socket_address: { address: string; port_value: number } };
  stats: { name: string; type?: string; value?: string }[];
  health_status: Record<string, unknown>;
  weight: number;
  [key: string]: unknown;
}

export interface ClusterStatus {
  name: string;
  host_statuses?: Host[];
  [key: string]: unknown;
}

type Counters = Record<(typeof COUNTED)[number], number>;

/** Hosts that Envoy lists after the requests, those that its configuration has as healthy, and what they added. */
type HostsAndCounters = { hosts: number; healthy: number } & Counters;

/** What a client saw of requests of one kind; they are alike, or the recording says how many were. */
export interface Seen {
  status: number | 'nothing';
  headers: Record<string, string>;
  body: string;
  times: number;
}

/** What requests of one kind did: what the client saw, and by how much the counters of each cluster rose. */
export interface Effect {
  client: Seen[];
  counters: Record<ClusterRole, HostsAndCounters>;
}

export interface EnvoyObservation {
  completions: Effect;
  models: Effect;
}

/** Sends completions, then lists of models, through the gateway, and reads its Envoy's counters before and after. */
export async function observeEnvoy(world: World): Promise<EnvoyObservation> {
  return {
    completions: await effectOf(world, '/v1/completions', (n) => completion(`Contract ${n}: ${'word '.repeat(40)}`)),
    models: await effectOf(world, '/v1/models', () => undefined),
  };
}

/** One answer: its status, or `nothing` after five seconds of silence, and whether the picker has marked it. */
export interface Answered {
  status: number | 'nothing';
  marked: boolean;
}

/** Sends one request. */
export async function sendOne(world: World, path = '/v1/completions'): Promise<Answered> {
  const agent = new Agent({ pipelining: 0 });
  const body = path.endsWith('completions') ? completion('warm') : undefined;
  const { status, headers } = await ask(agent, `${world.gatewayUrl}/${NAMESPACE}/${SERVICE}${path}`, body);
  await agent.destroy();
  return { status, marked: headers['x-went-into-resp-headers'] === 'true' };
}

/** Sends completions and lists of models until both are answered as on a healthy stack. */
export async function isHealthy(world: World): Promise<boolean> {
  const { status, marked } = await sendOne(world);
  return status === 200 && marked && (await sendOne(world, '/v1/models')).status === 200;
}

const completion = (prompt: string) => ({
  model: 'Qwen/Qwen2.5-3B-Instruct',
  prompt,
  max_tokens: 2,
  temperature: 0,
});

async function effectOf(world: World, path: string, bodyOf: (n: number) => unknown): Promise<Effect> {
  const before = await readClusters(world);
  const agent = new Agent({ pipelining: 0 });
  const one = (n: number) => ask(agent, `${world.gatewayUrl}/${NAMESPACE}/${SERVICE}${path}`, bodyOf(n));
  const seen = [await one(0)];
  const others = Array.from({ length: REQUESTS - 1 }, (_, n) => n + 1);
  // Where nothing comes, the rest is sent at once: six times five seconds are long.
  if (seen[0]?.status === 'nothing') seen.push(...(await Promise.all(others.map(one))));
  else for (const n of others) seen.push(await one(n));
  await agent.destroy();
  const after = await readClusters(world);
  const counters = Object.fromEntries(
    Object.keys(CLUSTERS).map((role) => [role, difference(after[role as ClusterRole], before[role as ClusterRole])]),
  );
  return { client: grouped(seen), counters: counters as Effect['counters'] };
}

async function ask(agent: Agent, url: string, body: unknown): Promise<Omit<Seen, 'times'>> {
  try {
    const answer = await request(url, {
      dispatcher: agent,
      method: body === undefined ? 'GET' : 'POST',
      signal: AbortSignal.timeout(SILENCE_MS),
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: headersOf(answer.headers), body: bodyText(answer.statusCode, text) };
  } catch (error) {
    if ((error as Error).name !== 'TimeoutError') throw error;
    return { status: 'nothing', headers: {}, body: '' };
  }
}

/** Headers that Envoy and the picker add; those of the replica are another recording's. */
const ADDED = /^(server|x-.*|content-type)$/;
const VARYING = /^(x-envoy-upstream-service-time|x-request-id)$/;

function headersOf(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => ADDED.test(name))
      .map(([name, value]) => [name, VARYING.test(name) ? '<value>' : String(value)])
      .sort(([a], [b]) => (a as string).localeCompare(b as string)),
  );
}

function bodyText(status: number, text: string): string {
  return status === 200 ? '<answer>' : text;
}

function grouped(seen: Omit<Seen, 'times'>[]): Seen[] {
  const groups = new Map<string, Seen>();
  for (const one of seen) {
    const key = JSON.stringify(one);
    groups.set(key, { ...one, times: (groups.get(key)?.times ?? 0) + 1 });
  }
  return [...groups.values()];
}

/** The three clusters of the service as the admin listener has them. */
export async function readClusters(world: World): Promise<Record<ClusterRole, ClusterStatus | undefined>> {
  const answer = await fetch(`${world.adminUrl}/clusters?format=json`);
  const { cluster_statuses: all } = (await answer.json()) as { cluster_statuses: ClusterStatus[] };
  return Object.fromEntries(
    Object.entries(CLUSTERS).map(([role, name]) => [
      role,
      all.find((one) => name.test(one.name) && one.name.includes(SERVICE)),
    ]),
  ) as Record<ClusterRole, ClusterStatus | undefined>;
}

/** Families of the gateway's requests; Envoy has hundreds more of its listeners, threads and memory. */
const OF_REQUESTS = /^(# TYPE )?envoy_(cluster_(upstream_(rq|cx)|membership)|http_(ext_proc|downstream_(rq|cx)))/;

/**
 * Envoy's own metrics for Prometheus: those of the cluster of the pool, for one cluster is like another, and those of the
 * gateway's listener; of each histogram the last bucket.
 */
export async function readMetrics(world: World): Promise<string> {
  const text = await (await fetch(`${world.adminUrl}/stats/prometheus`)).text();
  const isKept = (line: string) =>
    OF_REQUESTS.test(line) &&
    (line.startsWith('#') || /\|54321\|/.test(line) || /\{http_conn_manager_prefix="outbound_[\d.]+_\d+"/.test(line)) &&
    !(/_bucket\{/.test(line) && !/le="\+Inf"/.test(line));
  return `${text.split('\n').filter(isKept).join('\n')}\n`;
}

function difference(after: ClusterStatus | undefined, before: ClusterStatus | undefined) {
  const sum = (cluster: ClusterStatus | undefined, stat: string) =>
    (cluster?.host_statuses ?? []).reduce(
      (all, { stats }) => all + Number(stats.find(({ name }) => name === stat)?.value ?? 0),
      0,
    );
  const counters = COUNTED.map((stat) => [stat, sum(after, stat) - sum(before, stat)]);
  const hosts = after?.host_statuses?.length ?? 0;
  return { hosts, healthy: healthyHosts(after), ...Object.fromEntries(counters) } as HostsAndCounters;
}

/** Hosts that are healthy by the configuration that istiod sent. */
export function healthyHosts(cluster: ClusterStatus | undefined): number {
  return (cluster?.host_statuses ?? []).filter(
    ({ health_status: { eds_health_status: health } }) => health === 'HEALTHY',
  ).length;
}
