import type {
  LabelSelector,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '../clients/kubernetes/kinds.ts';

/** One end of a connection; `labels` null for what is not a pod: a node, the API server, an address on the internet. */
export interface Peer {
  namespace: string;
  labels: Readonly<Record<string, string>> | null;
  ip: string;
}

export interface Connection {
  from: Peer;
  to: Peer;
  protocol: 'TCP' | 'UDP';
  port: number;
}

export interface Stopped {
  direction: 'ingress' | 'egress';
  /** Every policy that isolates the pod in that direction: none of them has a rule for the connection. */
  policies: string[];
}

/**
 * The NetworkPolicies that stop a connection, or null when none does: a pod that no policy selects in a direction is open
 * in it, one that is selected needs a rule that fits. Namespaces are known by name alone
 * (`kubernetes.io/metadata.name`), and a named port fits any, so that nothing is called blocked that may be open.
 * Source: networking.k8s.io/v1, NetworkPolicySpec.
 */
export function stoppedBy(policies: readonly NetworkPolicy[], connection: Connection): Stopped | null {
  return stoppedIn(policies, connection, 'egress') ?? stoppedIn(policies, connection, 'ingress');
}

function stoppedIn(
  policies: readonly NetworkPolicy[],
  connection: Connection,
  direction: Stopped['direction'],
): Stopped | null {
  const subject = direction === 'ingress' ? connection.to : connection.from;
  const other = direction === 'ingress' ? connection.from : connection.to;
  const { labels } = subject;
  if (labels === null) return null;
  const isolating = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === subject.namespace &&
      typesOf(spec).includes(direction) &&
      selects(spec?.podSelector, labels),
  );
  if (isolating.length === 0) return null;
  const open = isolating.some(({ metadata, spec }) =>
    (spec?.[direction] ?? []).some((rule) => {
      const peers = direction === 'ingress' ? rule.from : rule.to;
      const named = !peers || peers.length === 0 || peers.some((peer) => fits(peer, other, metadata.namespace ?? ''));
      return named && portFits(rule.ports, connection);
    }),
  );
  return open ? null : { direction, policies: isolating.map(({ metadata }) => metadata.name) };
}

/** Without policyTypes: always ingress, and egress where the policy has rules for it. */
function typesOf(spec: NetworkPolicySpec | undefined): string[] {
  const given = spec?.policyTypes;
  if (given && given.length > 0) return given.map((type) => type.toLowerCase());
  return spec?.egress ? ['ingress', 'egress'] : ['ingress'];
}

function portFits(ports: readonly NetworkPolicyPort[] | undefined, { protocol, port }: Connection): boolean {
  if (!ports || ports.length === 0) return true;
  return ports.some((one) => {
    if ((one.protocol ?? 'TCP') !== protocol) return false;
    if (one.port === undefined || typeof one.port === 'string') return true;
    return one.endPort === undefined ? one.port === port : one.port <= port && port <= one.endPort;
  });
}

function fits({ ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer, other: Peer, own: string): boolean {
  if (ipBlock) {
    return inRange(other.ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((cidr) => inRange(other.ip, cidr));
  }
  if (other.labels === null) return false;
  const inNamespace = namespaceSelector
    ? selects(namespaceSelector, { 'kubernetes.io/metadata.name': other.namespace })
    : other.namespace === own;
  return inNamespace && selects(podSelector, other.labels);
}

/** Whether a selector selects pods with these labels. An empty or absent one selects everything. */
export function selects(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      return operator === 'Exists' ? value !== undefined : value === undefined;
    })
  );
}

/** IPv4 alone: an IPv6 address or block is in no range. */
function inRange(ip: string, cidr: string): boolean {
  const [network = '', bits = '32'] = cidr.split('/');
  const [address, base] = [numberOf(ip), numberOf(network)];
  if (address === null || base === null) return false;
  const shift = 2 ** (32 - Number(bits));
  return Math.floor(address / shift) === Math.floor(base / shift);
}

function numberOf(ip: string): number | null {
  const parts = ip.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
