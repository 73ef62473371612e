import { gateFile, showFile } from '../../lib/gate-files.ts';
import { capital, logRule } from './log-rule.ts';
import { namespaceOf, type Rule } from './rule.ts';

/** Istio's containers beside the server: their configuration and their iptables. */
export const SIDECAR_RULES: readonly Rule[] = [
  logRule({
    cause: 'istio.control-plane-blocked',
    title: 'The Istio sidecar cannot reach the control plane',
    looksLike: 'istio-proxy is not ready and logs that istiod:15012 times out; no policy allows it',
    roles: ['replica', 'endpoint-picker'],
    container: /^istio-proxy$/,
    pattern:
      /istiod[^ ]*:15012.*(?:timed? ?out|i\/o timeout|refused)|connection to istiod.*(?:timed? ?out|refused)|xds-grpc closed: 14/i,
    blocked: 'istiod',
    explanation: (_, where) =>
      `${capital(where)} gets no configuration from istiod, and no NetworkPolicy of its pod allows TCP 15012 to istio-system.`,
    remedy: () =>
      `Allow egress from the pods to istio-system on TCP 15012. A policy that does: ${showFile(gateFile('manifests/pattern3/networkpolicies/allow-istio.yaml'))}`,
  }),
  logRule({
    cause: 'istio.control-plane-down',
    title: 'The Istio control plane does not respond to the sidecars',
    looksLike: 'istio-proxy is not ready and logs that istiod:15012 does not respond; no policy is in the way',
    roles: ['replica', 'endpoint-picker'],
    container: /^istio-proxy$/,
    pattern:
      /istiod[^ ]*:15012.*(?:timed? ?out|i\/o timeout|refused)|connection to istiod.*(?:timed? ?out|refused)|xds-grpc closed: 14/i,
    explanation: (_, where) =>
      `${capital(where)} gets no configuration from istiod, although no NetworkPolicy stops it.`,
    remedy: () =>
      'kubectl -n istio-system get pods -l app=istiod; kubectl -n istio-system logs -l app=istiod --tail=50',
  }),
  logRule({
    cause: 'istio.init-iptables',
    title: 'The Istio init container cannot set up iptables',
    looksLike: 'istio-init ends with "iptables" and "not found", "operation not permitted" or "can’t initialize"',
    roles: ['replica', 'endpoint-picker'],
    container: /^istio-(?:init|validation)$/,
    pattern: /iptables.*(?:not found|no such file|operation not permitted|permission denied|can't initialize)/i,
    explanation: (_, where) => `${capital(where)} may not change iptables on these nodes.`,
    remedy: (evidence) =>
      `Install Istio CNI for GKE, or take the injection off: kubectl label namespace ${namespaceOf(evidence)} istio-injection-`,
  }),

  // The endpoint picker.
];
