import { ask } from '../ask.ts';
import { errorText, isAbort } from '../errors.ts';
import type { Store } from '../kube/store.ts';
import { type AddressOf, gatewayTable } from './gateway-table.ts';
import type { GatewayRef } from './kserve-router.ts';
import { GATEWAYS } from './resources.ts';

/** Wall milliseconds in which changes are gathered, and after which a failed push is tried again. */
const GATHER_MS = 20;
const RETRY_MS = 200;

const RELEVANT = new Set([
  'pods',
  'services',
  'httproutes',
  'inferencepools',
  'destinationrules',
  'gateways',
  'networkpolicies',
  'envoyfilters',
  'peerauthentications',
]);

/** Pushes the routing table to the gateway after every change that matters to it, as istiod pushes to its Envoys. */
export function startGatewaySync(options: {
  store: Store;
  gateway: GatewayRef;
  servingControlUrl: string;
  addressOf: AddressOf;
  asks?: 'every' | 'oldest';
}): { close(): Promise<void> } {
  const { store, gateway } = options;
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let pushing: Promise<void> | undefined;
  let pushed = '';

  const schedule = (delayMs: number) => {
    if (!closing.signal.aborted) timer ??= setTimeout(fire, delayMs);
  };
  const fire = () => {
    timer = undefined;
    // One push at a time: tables must arrive in the order in which they were computed.
    if (pushing) return schedule(GATHER_MS);
    pushing = push().finally(() => {
      pushing = undefined;
    });
  };
  const push = async () => {
    const object = store.get(GATEWAYS, gateway.namespace, gateway.name);
    const body = JSON.stringify(object ? gatewayTable(store, object, options.addressOf, options.asks) : { routes: [] });
    if (body === pushed) return;
    try {
      const { signal } = closing;
      const { ok, status, text } = await ask(`${options.servingControlUrl}/gateway`, { method: 'PUT', body, signal });
      if (!ok) throw new Error(`HTTP ${status}: ${text}`);
      pushed = body;
    } catch (error) {
      if (isAbort(error)) return;
      process.stderr.write(`lab: gateway table: ${errorText(error)}\n`);
      schedule(RETRY_MS);
    }
  };

  const unsubscribe = store.subscribe(({ resource }) => {
    if (RELEVANT.has(resource.plural)) schedule(GATHER_MS);
  });
  schedule(0);
  return {
    async close() {
      unsubscribe();
      closing.abort();
      if (timer) clearTimeout(timer);
      await pushing;
    },
  };
}
