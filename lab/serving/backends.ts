import type { GatewayBackend, GatewayPicker, GatewayRoute, GatewayTable } from '../protocol.ts';
import type { ServingFaults } from '../scenarios/types.ts';
import { askPicker } from './ask-picker.ts';
import type { ClusterHosts, EnvoyAdmin, Stat } from './envoy-admin.ts';
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
  /** `done` is to be called once, when the request is over; `count` is for the endpoint's host. */
  | {
      kind: 'endpoint';
      port: number;
      picked: boolean;
      headers: string[];
      done: () => void;
      count: (...stats: Stat[]) => void;
    }
  | { kind: 'refused'; text: string; headers: string[] }
  /** The pod is listed and nothing listens in it. */
  | { kind: 'unreachable'; headers: string[] }
  /** The endpoint picker could not be asked, and the body is lost. */
  | { kind: 'picker-failed' }
  /** The endpoint picker has the request and does not respond. */
  | { kind: 'silent' }
  | { kind: 'none' };

export interface Backends {
  /** Carries the pickers and round-robin positions of backends that stay; a picker that went away starts anew. */
  configure(table: GatewayTable): void;
  choose(route: GatewayRoute, backend: GatewayBackend, body: Buffer): Choice;
}

/** The debugging header that the endpoint picker's ext_proc puts on each response it has seen. */
const EXT_PROC_HEADER = ['x-went-into-resp-headers', 'true'];

export function createBackends(options: {
  podView: (pod: string) => PodView | undefined;
  picker: ServingFaults['picker'];
  random: Random;
  /** Envoy's counters of a cluster's host. */
  admin: Pick<EnvoyAdmin, 'configure' | 'count'>;
}): Backends {
  const { podView, random, admin } = options;
  let pickers = new Map<string, { config: string; picker: Picker }>();
  const turns = new Map<string, number>();
  /** Requests sent through this gateway and not yet over, per pod: those on their way to a pod are in no scrape. */
  const outstanding = new Map<string, number>();

  /** The last address of each endpoint picker: that of a dead one stays listed. */
  const addresses = new Map<string, string>();

  const pickerOf = ({ picker }: GatewayBackend): GatewayPicker | null => {
    if (!picker || options.picker !== 'dead') return picker;
    return { ...picker, address: picker.address ?? addresses.get(picker.cluster) ?? null };
  };

  const send = ({ cluster, endpoints, reachable }: GatewayBackend, pod: string, headers: string[]): Choice => {
    const host = endpoints.find((one) => podName(one) === pod)?.address ?? '';
    const count = (...stats: Stat[]) => admin.count(cluster, host, ...stats);
    const view = podView(pod);
    if (!view || !reachable) {
      count('cx_connect_fail', 'rq_error');
      return { kind: 'unreachable', headers };
    }
    outstanding.set(pod, (outstanding.get(pod) ?? 0) + 1);
    return {
      kind: 'endpoint',
      port: view.port,
      picked: headers.length > 0,
      headers,
      done: () => outstanding.set(pod, outstanding.get(pod)! - 1),
      count,
    };
  };

  const pickEndpoint = (picker: Picker, backend: GatewayBackend, body: Buffer): Choice => {
    const candidates = backend.endpoints.flatMap((endpoint) => {
      const name = podName(endpoint);
      const view = podView(name);
      if (!view) return [];
      const { running, waiting, kvUsage, blockSize } = view;
      return [{ name, queue: Math.max(running + waiting, outstanding.get(name) ?? 0), kvUsage, blockSize }];
    });
    const picked = picker.pick(body, candidates);
    if (!picked) return { kind: 'none' };
    if ('refusal' in picked) return { kind: 'refused', text: picked.refusal, headers: EXT_PROC_HEADER };
    return send(backend, picked.pod, EXT_PROC_HEADER);
  };

  /** Envoy's ROUND_ROBIN: of a Service, or of a pool whose picker is not asked. */
  const nextInTurn = (key: string, backend: GatewayBackend): Choice => {
    const { endpoints } = backend;
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    const endpoint = endpoints[turn % endpoints.length];
    return endpoint ? send(backend, podName(endpoint), []) : { kind: 'none' };
  };

  return {
    configure: (table) => {
      const next: typeof pickers = new Map();
      const clusters: ClusterHosts[] = [];
      for (const route of table.routes) {
        const { backend } = route;
        if (!backend) continue;
        const { cluster, endpoints, tls } = backend;
        clusters.push({ cluster, tls, hosts: endpoints.map(({ address }) => address) });
        const asked = pickerOf(backend);
        if (!asked) continue;
        if (asked.address) addresses.set(asked.cluster, asked.address);
        clusters.push({ cluster: asked.cluster, tls: asked.tls, hosts: asked.address ? [asked.address] : [] });
        if (!asked.address) continue;
        const key = backendKey(route, backend);
        const config = JSON.stringify(asked.scorers);
        const same = next.get(key) ?? pickers.get(key);
        const fresh = () => misleading(options.picker, random) ?? createPicker({ scorers: asked.scorers, random });
        next.set(key, { config, picker: same?.config === config ? same.picker : fresh() });
      }
      pickers = next;
      admin.configure(clusters);
    },
    choose: (route, backend, body) => {
      const key = backendKey(route, backend);
      const asked = pickerOf(backend);
      if (!asked) return nextInTurn(key, backend);
      const { outcome, stats } = askPicker(asked, options.picker, body.length > 0);
      // One ext_proc stream for each request.
      admin.count(asked.cluster, asked.address ?? '', ...stats);
      if (outcome === 'fails') return { kind: 'picker-failed' };
      if (outcome === 'silent') return { kind: 'silent' };
      const picker = outcome === 'picks' ? pickers.get(key)?.picker : undefined;
      return picker ? pickEndpoint(picker, backend, body) : nextInTurn(key, backend);
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
