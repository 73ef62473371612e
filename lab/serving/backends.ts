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
  /**
   * `done` is to be called when the request is over; `count` is for the endpoint's host. `next` is the choice of another
   * host after a connection that failed.
   */
  | {
      kind: 'endpoint';
      port: number;
      picked: boolean;
      headers: string[];
      done: () => void;
      count: (...stats: Stat[]) => void;
      next: () => Choice;
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

/** Istiod's retry policy of each route: twice, on hosts that were not tried, after a connection that failed. */
const RETRIES = 2;

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

  const send = (way: Way, pod: string): Choice => {
    const { backend, headers, tried } = way;
    const host = backend.endpoints.find((one) => podName(one) === pod)?.address ?? '';
    const count = (...stats: Stat[]) => admin.count(backend.cluster, host, ...stats);
    const next = () => nextInTurn({ ...way, tried: [...tried, pod] });
    const view = podView(pod);
    if (!view || !backend.reachable) {
      count('cx_connect_fail', 'rq_error');
      return next();
    }
    let isOver = false;
    const done = () => {
      if (!isOver) outstanding.set(pod, outstanding.get(pod)! - 1);
      isOver = true;
    };
    outstanding.set(pod, (outstanding.get(pod) ?? 0) + 1);
    return { kind: 'endpoint', port: view.port, picked: headers.length > 0, headers, done, count, next };
  };

  const pickEndpoint = (picker: Picker, key: string, backend: GatewayBackend, body: Buffer): Choice => {
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
    return send({ key, backend, headers: EXT_PROC_HEADER, tried: [] }, picked.pod);
  };

  /** Envoy's ROUND_ROBIN, of a Service, of a pool whose picker is not asked, and of each retry. */
  const nextInTurn = (way: Way): Choice => {
    const { key, backend, headers, tried } = way;
    const left = tried.length > RETRIES ? [] : backend.endpoints.filter((one) => !tried.includes(podName(one)));
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    const endpoint = left[turn % left.length];
    if (endpoint) return send(way, podName(endpoint));
    return tried.length > 0 ? { kind: 'unreachable', headers } : { kind: 'none' };
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
        const hosts = asked.address ? [asked.address] : [];
        const unhealthy = asked.unready.filter((host) => !hosts.includes(host));
        clusters.push({ cluster: asked.cluster, tls: asked.tls, hosts, unhealthy });
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
      const inTurn = { key, backend, headers: [], tried: [] };
      if (!asked) return nextInTurn(inTurn);
      const { outcome, stats } = askPicker(asked, options.picker, body.length > 0);
      // One ext_proc stream for each request.
      admin.count(asked.cluster, asked.address ?? '', ...stats);
      if (outcome === 'fails') return { kind: 'picker-failed' };
      if (outcome === 'silent') return { kind: 'silent' };
      const picker = outcome === 'picks' ? pickers.get(key)?.picker : undefined;
      return picker ? pickEndpoint(picker, key, backend, body) : nextInTurn(inTurn);
    },
  };
}

/** A request's way through one backend: the headers of its answer, and the pods that could not be connected to. */
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
