import { ask } from '../ask.ts';
import type { NodePoolState } from '../protocol.ts';

/** Tells the Kubernetes side which VMs exist. */
export interface NodePublisher {
  /** Sends the newest state; calls that come while one is under way end in one more. */
  publish(): void;
  stop(): void;
}

const RETRY_MS = 200;

/** Sends until it succeeds, since the two processes may start in either order; says once on stderr why it could not. */
export function createNodePublisher(kubeControlUrl: string, pool: string, state: () => NodePoolState): NodePublisher {
  const stopped = new AbortController();
  const url = `${kubeControlUrl}/node-pools/${encodeURIComponent(pool)}`;
  let wanted = 0;
  let sent = 0;
  let sending = false;
  let complained = false;

  const send = async () => {
    if (sending) return;
    sending = true;
    while (sent < wanted && !stopped.signal.aborted) {
      const version = wanted;
      try {
        const { ok, status } = await ask(url, {
          method: 'PUT',
          body: JSON.stringify(state()),
          signal: stopped.signal,
        });
        if (!ok) throw new Error(`HTTP ${status}`);
        sent = version;
        complained = false;
      } catch (error) {
        if (stopped.signal.aborted) break;
        if (!complained) process.stderr.write(`lab: nodes not published to ${url}, trying again: ${String(error)}\n`);
        complained = true;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    sending = false;
  };

  return {
    publish() {
      wanted += 1;
      void send();
    },
    stop: () => stopped.abort(),
  };
}
