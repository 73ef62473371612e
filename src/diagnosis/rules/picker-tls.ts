import { gateFile, showFile, UPSTREAM_RULES } from '../../lib/gate-files.ts';
import type { Evidence } from '../evidence.ts';
import { containersOf, quote, said } from '../facts.ts';
import { demandsTls, describeRule, ruleFor } from './destination-rules.ts';
import { makerOf, ownObject } from './own-objects.ts';
import { consequence, contactRule, mayHaveFailed, type PickerContact } from './picker-contact.ts';
import { type Match, type Rule, serviceOf } from './rule.ts';

/** TLS on one side alone, or a certificate that the other side refuses. */
export const PICKER_TLS_RULES: readonly Rule[] = [
  contactRule({
    cause: 'picker.tls',
    title: 'The TLS handshake between gateway and endpoint picker fails',
    looksLike:
      'completions fail with an empty HTTP 500. The picker serves TLS and its DestinationRule is missing or not SIMPLE, or it serves plain gRPC and the rule demands TLS, or a log has TLS_error',
    shows: (evidence, contact) => {
      const found = mayHaveFailed(contact) ? (mismatch(evidence, contact) ?? refused(evidence)) : null;
      return found && { ...found, explanation: `${found.explanation} ${consequence(contact)}` };
    },
    remedy: (evidence) => {
      const rule = ruleFor(evidence, 'picker');
      const host = `${serviceOf(evidence)}-epp-service`;
      if (plaintext(evidence).length > 0 && rule && rule !== 'unread') {
        return `Take --secure-serving=false out of the picker’s args, or set tls.mode DISABLE in DestinationRule ${rule.name}.`;
      }
      return `Give ${host} a DestinationRule with tls.mode SIMPLE and insecureSkipVerify: true (${showFile(gateFile(UPSTREAM_RULES))} has one), keep sidecars off its pod, and take away EnvoyFilters on its cluster.`;
    },
  }),
];

/** Flags and DestinationRule that do not fit each other, where the gateway's counters look like it. */
function mismatch(evidence: Evidence, { counts }: PickerContact): Match | null {
  const rule = ruleFor(evidence, 'picker');
  const mains = containersOf(evidence, 'endpoint-picker').filter(({ container }) => container.name === 'main');
  if (rule === 'unread' || mains.length === 0) return null;
  const host = rule?.host ?? `${serviceOf(evidence)}-epp-service`;
  const plain = plaintext(evidence);
  if (plain.length > 0) {
    // Envoy counts a failed handshake of its own as a failed connection.
    if (!rule || !demandsTls(rule) || counts?.connectFailures === 0) return null;
    return {
      seen: [describeRule(rule), ...plain.map(({ pod }) => `pod/${pod.name} main: --secure-serving=false`)],
      explanation: `DestinationRule ${rule.name} makes the gateway use TLS to the endpoint picker, which serves none (--secure-serving=false).`,
      blame: 'change',
      where: { text: /--?secure-?serving=false/i },
    };
  }
  // To a server with TLS a plain connection opens, and its streams break.
  const plainly = counts === null || counts.errors > counts.connectFailures;
  if (!rule && plainly) {
    return {
      seen: [`no DestinationRule for ${host}, which serves TLS`],
      explanation: `The endpoint picker serves TLS, and no DestinationRule for ${host} makes the gateway use it.`,
    };
  }
  if (!rule || rule.mode === 'SIMPLE' || (!demandsTls(rule) && !plainly)) return null;
  return {
    seen: [describeRule(rule)],
    explanation: `The endpoint picker serves TLS with a certificate of its own, and DestinationRule ${rule.name} has TLS mode ${rule.mode || 'none'} in place of SIMPLE.`,
    ...makerOf(ownObject(evidence, 'DestinationRule', [rule.name])),
  };
}

/** A handshake that a log shows, or an EnvoyFilter that changes the connection. */
function refused(evidence: Evidence): Match | null {
  const log =
    said(containersOf(evidence, 'gateway'), /TLS_error|CERTIFICATE_VERIFY_FAILED/i) ??
    said(containersOf(evidence, 'endpoint-picker'), /tls: first record does not look like|TLS handshake error/i);
  const patched = evidence.cluster?.filters.filter(({ patchesCluster }) => patchesCluster) ?? [];
  if (!log && patched.length === 0) return null;
  const names = patched.map(({ namespace, name }) => `${namespace}/${name}`);
  return {
    seen: [
      ...(log ? [quote(log.at, log.line)] : []),
      ...names.map((name) => `EnvoyFilter ${name} changes the transport socket of a cluster`),
    ],
    explanation: log
      ? `The TLS handshake between gateway and endpoint picker fails, as container ${log.at.container.name} of pod ${log.at.pod.name} logs.`
      : `EnvoyFilter ${names.join(', ')} changes how the gateway connects, and its requests to the endpoint picker fail.`,
    ...makerOf(ownObject(evidence, 'EnvoyFilter', names)),
  };
}

function plaintext(evidence: Evidence) {
  return containersOf(evidence, 'endpoint-picker').filter(
    ({ container }) => container.name === 'main' && /--?secure-?serving=(?:false|f|0)\b/i.test(container.command),
  );
}
