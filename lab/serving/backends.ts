import type { GatewayBackend, GatewayRoute, GatewayTable } from '../protocol.ts';
import type { ServingFaults } from '../scenarios/types.ts';
import type { EnvoyAdmin } from './envoy-admin.ts';
import { misleading } from './misleading-picker.ts';
import { createPicker, type Picker } from './picker.ts';
import type { Random } from './random.ts';

/** What the gateway's side can see of a running replica. */
export interface PodView {
  port: number;
  running: number;
  waiting: number;
  kvUsage: number;
  blockSize: number;
}

export type Choice =
  /** `done` is to be called once, when the request is over. */
  | { kind: 'endpoint'; port: number; picked: boolean; headers: string[]; done: () => void }
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

  const send = (pod: string, port: number, headers: string[]): Choice => {
    outstanding.set(pod, (outstanding.get(pod) ?? 0) + 1);
    return {
      kind: 'endpoint',
      port,
      picked: headers.length > 0,
      headers,
      done: () => outstanding.set(pod, outstanding.get(pod)! - 1),
    };
  };

  const countHost = ({ cluster, endpoints }: GatewayBackend, name: string) => {
    const endpoint = endpoints.find((one) => podName(one) === name);
    if (endpoint) count(cluster, endpoint.address, 'rq_total', 'rq_success');
  };

  const pickEndpoint = (picker: Picker, backend: GatewayBackend, body: Buffer): Choice => {
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
    countHost(backend, picked.pod);
    return send(picked.pod, views.get(picked.pod)!.port, EXT_PROC_HEADER);
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
      if (picker) return pickEndpoint(picker.picker, backend, body);
      // Envoy's ROUND_ROBIN: a Service, or a pool whose picker does not answer and whose failure mode is open.
      const { endpoints } = backend;
      const turn = turns.get(key) ?? 0;
      turns.set(key, turn + 1);
      const endpoint = endpoints[turn % endpoints.length];
      if (!endpoint) return { kind: 'none' };
      const name = podName(endpoint);
      const view = podView(name);
      if (view) countHost(backend, name);
      return view ? send(name, view.port, []) : { kind: 'unreachable' };
    },
  };
}

function podName(endpoint: { namespace: string; pod: string }): string {
  return `${endpoint.namespace}/${endpoint.pod}`;
}

/** Routes of one namespace that name the same backend share it. */
function backendKey(route: GatewayRoute, backend: GatewayBackend): string {
  return `${route.name.split('/', 1)[0]}/${backend.kind}/${backend.name}`;
}
