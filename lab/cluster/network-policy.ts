import { BlockList } from 'node:net';
import { selects } from '../kube/selectors.ts';
import type { KubeObject } from '../protocol.ts';

// biome-ignore lint/suspicious/noExplicitAny: parts of NetworkPolicies, as JSON
type Json = any;

/** A pod, or with `labels` null something outside of the cluster (also a node or the API server). */
export interface Peer {
  namespace: string;
  labels: Record<string, string> | null;
  ip: string;
}

export interface Connection {
  from: Peer;
  to: Peer;
  protocol: 'TCP' | 'UDP';
  port: number;
}

/**
 * Whether a connection passes a set of NetworkPolicies, each with metadata.namespace: allowed where no policy isolates
 * a pod in that direction, else where at least one rule fits. Namespaces carry only their name as a label. Named ports
 * are not known here. Source: the Kubernetes API reference of networking.k8s.io/v1.
 */
export function allows(policies: readonly KubeObject[], connection: Connection): boolean {
  return passes(policies, connection, 'Egress') && passes(policies, connection, 'Ingress');
}

function passes(policies: readonly KubeObject[], connection: Connection, direction: 'Ingress' | 'Egress'): boolean {
  const [subject, other] =
    direction === 'Ingress' ? [connection.to, connection.from] : [connection.from, connection.to];
  const isolating = policies.filter(
    (policy) =>
      subject.labels !== null &&
      policy.metadata.namespace === subject.namespace &&
      policy.spec.policyTypes.includes(direction) &&
      selects(policy.spec.podSelector, subject.labels),
  );
  if (isolating.length === 0) return true;
  return isolating.some((policy) => {
    const rules: Json[] = (direction === 'Ingress' ? policy.spec.ingress : policy.spec.egress) ?? [];
    return rules.some((rule) => {
      const peers: Json[] | undefined = direction === 'Ingress' ? rule.from : rule.to;
      return (
        portFits(rule.ports, connection) &&
        (!peers || peers.some((peer) => fits(peer, other, policy.metadata.namespace ?? '')))
      );
    });
  });
}

function portFits(ports: Json[] | undefined, { protocol, port }: Connection): boolean {
  return (
    !ports ||
    ports.some((each) => (each.protocol ?? 'TCP') === protocol && (each.port === undefined || each.port === port))
  );
}

function fits(peer: Json, other: Peer, policyNamespace: string): boolean {
  if (peer.ipBlock) {
    return (
      inRange(other.ip, peer.ipBlock.cidr) &&
      !(peer.ipBlock.except ?? []).some((cidr: string) => inRange(other.ip, cidr))
    );
  }
  if (other.labels === null) return false;
  const namespaceFits = peer.namespaceSelector
    ? selects(peer.namespaceSelector, { 'kubernetes.io/metadata.name': other.namespace })
    : other.namespace === policyNamespace;
  return namespaceFits && (!peer.podSelector || selects(peer.podSelector, other.labels));
}

function inRange(ip: string, cidr: string): boolean {
  const [network = '', prefix = ''] = cidr.split('/');
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), 'ipv4');
  return list.check(ip, 'ipv4');
}
