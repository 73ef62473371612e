import { ask } from '../ask.ts';
import { errorText, isAbort } from '../errors.ts';
import type { ReplicaPort, ReplicaStart, ServingRecord } from '../protocol.ts';
import type { ClusterClock } from './clock.ts';

export interface ReplicaAddress {
  /** Where its server listens on loopback. */
  port: number;
  /** The port that it has inside its pod, from its command line. */
  podPort: number;
}

/** The vLLM servers behind the pods: started just before a pod is Ready, stopped with it. */
export interface Replicas {
  /** Starts the pod's server. A refusal of the command line is the server's own last words; null when it runs. */
  start(
    namespace: string,
    pod: string,
    podPort: number,
    start: ReplicaStart,
    signal: AbortSignal,
  ): Promise<string | null>;
  stop(namespace: string, pod: string): Promise<void>;
  addressOf(namespace: string, pod: string): ReplicaAddress | undefined;
  /** Requests that the gateway has carried for routes of a namespace; 0 as well while it cannot be asked. */
  requestsOf(namespace: string): Promise<number>;
  close(): Promise<void>;
}

const RETRY_AFTER = 2;

export function createReplicas(servingControlUrl: string, clock: ClusterClock): Replicas {
  const addresses = new Map<string, ReplicaAddress>();
  /** Asked for, whether or not an answer came: a pod may end while its server starts. */
  const asked = new Set<string>();
  const pending = new Set<Promise<void>>();
  const urlOf = (namespace: string, pod: string) => `${servingControlUrl}/replicas/${namespace}/${pod}`;

  return {
    async start(namespace, pod, podPort, start, signal) {
      asked.add(`${namespace}/${pod}`);
      for (;;) {
        try {
          const body = JSON.stringify(start);
          const { ok, status, text } = await ask(urlOf(namespace, pod), { method: 'PUT', body, signal });
          if (ok) {
            addresses.set(`${namespace}/${pod}`, { port: (JSON.parse(text) as ReplicaPort).port, podPort });
            return null;
          }
          if (status >= 400 && status < 500) return text;
          process.stderr.write(`lab: replica ${namespace}/${pod}: HTTP ${status}: ${text}\n`);
        } catch (error) {
          if (isAbort(error)) throw error;
          process.stderr.write(`lab: replica ${namespace}/${pod}: ${errorText(error)}\n`);
        }
        await clock.pause(RETRY_AFTER, signal);
      }
    },
    stop(namespace, pod) {
      addresses.delete(`${namespace}/${pod}`);
      if (!asked.delete(`${namespace}/${pod}`)) return Promise.resolve();
      const stopping = ask(urlOf(namespace, pod), { method: 'DELETE' })
        // The serving process may be gone first when the lab closes; there is nothing left to stop then.
        .then(
          () => undefined,
          () => undefined,
        )
        .finally(() => pending.delete(stopping));
      pending.add(stopping);
      return stopping;
    },
    addressOf: (namespace, pod) => addresses.get(`${namespace}/${pod}`),
    async requestsOf(namespace) {
      try {
        const { gateway } = JSON.parse((await ask(`${servingControlUrl}/record`)).text) as ServingRecord;
        const routes = Object.entries(gateway.byRoute).filter(([route]) => route.startsWith(`${namespace}/`));
        return routes.reduce((sum, [, requests]) => sum + requests, 0);
      } catch {
        return 0;
      }
    },
    async close() {
      await Promise.all(pending);
    },
  };
}
