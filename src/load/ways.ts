import { createLoadClient, type LoadClient, type LoadClientOptions } from './client.ts';
import { fanOut } from './fan-out.ts';

/** Where requests go, and by which way. Plain data, so that another process can send them too. */
export interface WayTarget {
  /** `http://203.0.113.7` or `https://gateway.example/prefix`. */
  endpoint: string;
  /** Host name that the gateway's route is bound to; null for none. */
  hostname: string | null;
  /** Path of the endpoint below `endpoint`. */
  path: string;
  /**
   * The header that names the way, and its value; several values take turns by the fewest requests in flight. Without a
   * value the request takes the route of the service.
   */
  wayHeader: string;
  ways: readonly string[];
  /** For each request, milliseconds. */
  deadlineMs: number;
}

/** A client for a target by one of its ways, or by the route of the service where that is null. The caller closes it. */
export function wayClient(
  { endpoint, hostname, path, wayHeader, deadlineMs }: WayTarget,
  way: string | null,
  options: Omit<LoadClientOptions, 'baseUrl' | 'path' | 'deadlineMs' | 'tlsInsecure' | 'headers'>,
): LoadClient {
  return createLoadClient({
    ...options,
    ...{ baseUrl: endpoint, path, deadlineMs, tlsInsecure: true },
    headers: { ...(hostname ? { host: hostname } : {}), ...(way ? { [wayHeader]: way } : {}) },
  });
}

export interface WayClients {
  /** What sends requests to a target. `first` is the way that has the first turn. Throws RangeError without a way. */
  to(target: WayTarget, maxTokens: number, first?: number): Pick<LoadClient, 'send'>;
  close(): Promise<void>;
}

/** Connections are opened as requests need them; no block has as many in flight. */
const MOST_CONNECTIONS = 4_096;

/** One client for each way, kept from block to block with its connections. */
export function createWayClients(): WayClients {
  const clients = new Map<string, LoadClient>();
  const clientOf = (target: WayTarget, way: string, maxTokens: number) => {
    const { endpoint, hostname, path } = target;
    const key = JSON.stringify([endpoint, hostname, path, way, maxTokens]);
    const client =
      clients.get(key) ??
      wayClient(target, way, { connections: MOST_CONNECTIONS, expect: { completionTokens: maxTokens } });
    clients.set(key, client);
    return client;
  };
  return {
    to(target, maxTokens, first = 0) {
      const each = target.ways.map((way) => clientOf(target, way, maxTokens));
      const [only] = each;
      if (!only) throw new RangeError('a load without a way');
      if (each.length === 1) return only;
      const turn = first % each.length;
      return fanOut([...each.slice(turn), ...each.slice(0, turn)]);
    },
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}
