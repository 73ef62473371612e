import type { GatewayBackend, GatewayRoute, GatewayTable } from '../protocol.ts';
import type { ServingFaults } from '../scenarios/types.ts';
import type { EnvoyAdmin, Stat } from './envoy-admin.ts';
import { misleading } from './misleading-picker.ts';
import { createPicker, type Picker } from './picker.ts';
import type { Random } from './random.ts';
import type { Attempt } from './upstream.ts';

/** What the gateway's side can see of a running replica. */
export interface PodView {
  port: number;
  running: number;
  waiting: number;
  kvUsage: number;
  blockSize: number;
}

export type Choice =
  /** `done` is to be called when the request is over, `next` when the connection was refused. */
  | {
      kind: 'endpoint';
      port: number;
      picked: boolean;
      headers: string[];
      done: () => void;
      next: () => Choice;
      counts: Pick<Attempt, 'sent' | 'failed'>;
    }
  | { kind: 'refused'; text: string; headers: string[] }
  /** The pod is listed and nothing listens in it. */
  | { kind: 'unreachable' }
  | { kind: 'none' };

export interface Backends {
  /** Carries the pickers and round-robin positions of backends that stay; a picker that went away starts anew. */
  configure(table: GatewayTable): void;
  choose(route: GatewayRoute, backend: GatewayBackend, body: Buffer): Choice;
}

/** The one pod of the endpoint picker. */
const PICKER_HOST = '10.8.0.2:9002';
const ASKED = ['rq_total'] as const;
const UNREACHABLE = ['cx_connect_fail', 'rq_error'] as const;
/** Istiod's retry policy of each route: twice, on hosts that were not tried, after a connection that failed. */
const RETRIES = 2;

/** The debugging header that the endpoint picker's ext_proc puts on each response it has seen. */
const EXT_PROC_HEADER = ['x-went-into-resp-headers', 'true'];

export function createBackends(options: {
  podView: (pod: string) => PodView | undefined;
  picker: ServingFaults['picker'];
  random: Random;
  /** Envoy's counters of a cluster's host. */
  count: EnvoyAdmin['count'];
}): Backends {
  const { podView, random, count } = options;
  let pickers = new Map<string, { config: string; picker: Picker }>();
  const turns = new Map<string, number>();
  /** Requests sent through this gateway and not yet over, per pod: those on their way to a pod are in no scrape. */
  const outstanding = new Map<string, number>();

  const send = (way: Way, endpoint: Endpoint, port: number): Choice => {
    const { backend, headers, tried } = way;
    const pod = podName(endpoint);
    const counted = (...stats: Stat[]) => count(backend.cluster, endpoint.address, ...stats);
    let isOver = false;
    const done = () => {
      if (!isOver) outstanding.set(pod, outstanding.get(pod)! - 1);
      isOver = true;
    };
    outstanding.set(pod, (outstanding.get(pod) ?? 0) + 1);
    return {
      kind: 'endpoint',
      port,
      picked: headers.length > 0,
      headers,
      done,
      next: () => {
        done();
        counted(...UNREACHABLE);
        return roundRobin({ ...way, tried: [...tried, pod] });
      },
      counts: { sent: () => counted('rq_total', 'rq_success'), failed: () => counted('rq_error') },
    };
  };

  /** Envoy's ROUND_ROBIN over the hosts that were not tried yet. */
  const roundRobin = (way: Way): Choice => {
    const { key, backend, tried } = way;
    const left = tried.length > RETRIES ? [] : backend.endpoints.filter((one) => !tried.includes(podName(one)));
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    const endpoint = left[turn % left.length];
    if (!endpoint) return { kind: tried.length > 0 ? 'unreachable' : 'none' };
    const name = podName(endpoint);
    const view = podView(name);
    if (view) return send(way, endpoint, view.port);
    count(backend.cluster, endpoint.address, ...UNREACHABLE);
    return roundRobin({ ...way, tried: [...tried, name] });
  };

  const pickEndpoint = (picker: Picker, key: string, backend: GatewayBackend, body: Buffer): Choice => {
    const views = new Map<string, PodView>();
    for (const endpoint of backend.endpoints) {
      const name = podName(endpoint);
      const view = podView(name);
      if (view) views.set(name, view);
    }
    const candidates = [...views].map(([name, { running, waiting, kvUsage, blockSize }]) => {
      return { name, queue: Math.max(running + waiting, outstanding.get(name) ?? 0), kvUsage, blockSize };
    });
    const picked = picker.pick(body, candidates);
    if (!picked) return { kind: 'none' };
    if ('refusal' in picked) return { kind: 'refused', text: picked.refusal, headers: EXT_PROC_HEADER };
    const endpoint = backend.endpoints.find((one) => podName(one) === picked.pod)!;
    return send({ key, backend, headers: EXT_PROC_HEADER, tried: [] }, endpoint, views.get(picked.pod)!.port);
  };

  return {
    configure: (table) => {
      const next: typeof pickers = new Map();
      for (const route of table.routes) {
        const { backend } = route;
        if (!backend?.picker?.reachable || options.picker === 'bypassed') continue;
        const key = backendKey(route, backend);
        const config = JSON.stringify(backend.picker.scorers);
        const same = next.get(key) ?? pickers.get(key);
        const fresh = () =>
          misleading(options.picker, random) ?? createPicker({ scorers: backend.picker?.scorers ?? [], random });
        const picker = same?.config === config ? same.picker : fresh();
        next.set(key, { config, picker });
      }
      pickers = next;
    },
    choose: (route, backend, body) => {
      const key = backendKey(route, backend);
      if (!backend.reachable) return { kind: 'unreachable' };
      const picker = pickers.get(key);
      if (backend.picker) {
        // One ext_proc stream for each request; a broken one fails to connect, and the request goes on without it.
        count(backend.picker.cluster, PICKER_HOST, ...(picker ? ASKED : UNREACHABLE));
      }
      if (picker) return pickEndpoint(picker.picker, key, backend, body);
      // A Service, or a pool whose picker does not answer and whose failure mode is open.
      return roundRobin({ key, backend, headers: [], tried: [] });
    },
  };
}

type Endpoint = GatewayBackend['endpoints'][number];

/** A request's way through one backend: the headers of its answer, and the pods that refused it. */
interface Way {
  key: string;
  backend: GatewayBackend;
  headers: string[];
  tried: readonly string[];
}

function podName(endpoint: { namespace: string; pod: string }): string {
  return `${endpoint.namespace}/${endpoint.pod}`;
}

/** Routes of one namespace that name the same backend share it. */
function backendKey(route: GatewayRoute, backend: GatewayBackend): string {
  return `${route.name.split('/', 1)[0]}/${backend.kind}/${backend.name}`;
}
