import { grantCommand } from '../../lib/gate-files.ts';
import type { Evidence } from '../evidence.ts';
import { consequence, contactRule, mayBeOff, type PickerContact } from './picker-contact.ts';
import { namespaceOf, type Rule, serviceOf } from './rule.ts';

/** Requests that the endpoint picker has not decided, and nothing in the cluster shows why. */
export const PICKER_UNEXPLAINED_RULES: readonly Rule[] = [
  contactRule({
    cause: 'picker.silent',
    title: 'The endpoint picker does not respond',
    confidence: 'probable',
    looksLike:
      'completions get no response, the model list does; the gateway counts requests to the picker without an error, and none to a replica',
    shows: (_, contact) =>
      contact.kind === 'silent'
        ? {
            seen: [],
            explanation: `The gateway has sent ${contact.counts?.requests} requests to the endpoint picker, which took them and did not respond. ${consequence(contact)}`,
          }
        : null,
    remedy: (evidence) =>
      `kubectl -n ${namespaceOf(evidence)} rollout restart deployment/${serviceOf(evidence)}-kserve-router-scheduler; read its log first: it hangs, or its CPU limit throttles it.`,
  }),
  contactRule({
    cause: 'picker.unreachable',
    title: 'The gateway cannot ask the endpoint picker',
    confidence: 'probable',
    looksLike:
      'completions fail with an empty HTTP 500, the model list works; the picker’s pod is Ready, with no policy or TLS rule to blame',
    shows: (_, contact) =>
      (contact.kind === 'fails' && !contact.counts?.requests) || !mayBeOff(contact)
        ? { seen: [], explanation: `${howItFails(contact)} ${consequence(contact)}` }
        : null,
    remedy: (evidence) =>
      `kubectl -n ${namespaceOf(evidence)} get endpointslices -l kubernetes.io/service-name=${serviceOf(evidence)}-epp-service, and compare with the picker’s pod; then its DestinationRule, its --grpc-port and the gateway’s log. ${look(evidence)}`,
  }),
  contactRule({
    cause: 'routing.picker-bypassed',
    title: 'The gateway bypasses the endpoint picker',
    confidence: 'probable',
    looksLike:
      'requests of one prefix are spread and the picker was not asked, with no filter, policy, route or TLS rule to blame',
    shows: (_, { kind }) =>
      kind === 'round-robin'
        ? {
            seen: [],
            explanation:
              'Requests with one prefix were spread over the replicas, and the endpoint picker was not asked about them: the gateway is not configured to ask it, or has no address of it.',
          }
        : null,
    remedy: (evidence) =>
      `Look for an EnvoyFilter that replaces the ext_proc configuration of the route, a route that leads past the InferencePool, and a picker without a Ready pod. ${look(evidence)}`,
  }),
];

function look(evidence: Evidence): string {
  return `This lets the gate look itself: ${grantCommand(['evidence'], { namespace: namespaceOf(evidence) })}`;
}

function howItFails({ counts }: PickerContact): string {
  if (!counts) return 'The gateway replies to completions itself, while its model list is answered.';
  const { requests, errors, connectFailures } = counts;
  if (connectFailures > 0) {
    return `${connectFailures} connections from the gateway to the endpoint picker failed: nothing listens at its address, or it does not speak TLS where the gateway does.`;
  }
  if (errors > 0) {
    return `${errors} of ${requests} requests to the endpoint picker broke off after they had connected, as with plain HTTP to a server with TLS.`;
  }
  return 'The gateway counts no request to the endpoint picker: it knows no address of it.';
}
