import type { GatewayPicker } from '../protocol.ts';
import type { ServingFaults } from '../scenarios/types.ts';
import type { Stat } from './envoy-admin.ts';

/** What comes of a request for which Envoy may ask the endpoint picker, and what it counts for the picker's host. */
export interface Asking {
  /**
   * `picks`: the picker responds. `round-robin`: the request goes on without it. `fails`: Envoy replies 500. `silent`:
   * nobody replies.
   */
  outcome: 'picks' | 'round-robin' | 'fails' | 'silent';
  stats: readonly Stat[];
}

/**
 * As recorded from Envoy 1.36 to 1.40 with the configuration that istiod writes: ext_proc in the mode
 * FULL_DUPLEX_STREAMED. Failing open helps a request without a body alone, since a body has been handed over by then.
 * A cluster without a host fails before that, and a pool that fails open then goes round-robin.
 */
export function askPicker(picker: GatewayPicker, fault: ServingFaults['picker'], hasBody: boolean): Asking {
  const { address, asked, failOpen, reachable, servesTls, tls } = picker;
  if (!asked || fault === 'bypassed') return { outcome: 'round-robin', stats: [] };
  if (address === null) return { outcome: failOpen ? 'round-robin' : 'fails', stats: [] };
  const lost = failOpen && !hasBody ? 'round-robin' : 'fails';
  if (fault === 'dead' || !reachable || (tls && !servesTls)) {
    return { outcome: lost, stats: ['cx_connect_fail', 'rq_error'] };
  }
  if (!tls && servesTls) return { outcome: lost, stats: ['rq_total', 'rq_error'] };
  return { outcome: fault === 'stopped' ? 'silent' : 'picks', stats: ['rq_total'] };
}
