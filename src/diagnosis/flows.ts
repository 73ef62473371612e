import type { NetworkPolicy } from '../clients/kubernetes/kinds.ts';
import { GATEWAY_LABEL, pickerLabels, replicaLabels } from '../stack/labels.ts';
import type { BlockedFlow } from './evidence.ts';
import { type Connection, type Peer, stoppedBy } from './network-policy.ts';

/** What the stack is and where its neighbours are; labels as KServe sets them from v0.15 to v0.20. */
export interface FlowSubject {
  service: string;
  namespace: string;
  gateway: { namespace: string; name: string };
  /** Port of vLLM. */
  port: number;
  /** Whether pods of the namespace carry a sidecar, which must reach istiod. */
  sidecar: boolean;
  /** Labels of pods as they are, where they exist. */
  replica?: Readonly<Record<string, string>>;
  picker?: Readonly<Record<string, string>>;
}

/** Stands for the internet: a public address. */
const INTERNET = '142.250.1.1';
const PICKER_PORT = 9_002;
const ISTIOD_PORT = 15_012;

/** The connections without which the stack does not serve, each with a name for a reader; one of `ways` is enough. */
export function neededFlows(subject: FlowSubject): { flow: string; ways: Connection[] }[] {
  const { service, namespace, gateway, port } = subject;
  const pod = (labels: Readonly<Record<string, string>>, where: string): Peer => ({ namespace: where, labels, ip: '' });
  // Istio puts it on every pod that it injects, and policies select by it.
  const mesh = subject.sidecar ? { 'security.istio.io/tlsMode': 'istio' } : {};
  const replica = pod(subject.replica ?? { ...replicaLabels(service), ...mesh }, namespace);
  const picker = pod(subject.picker ?? { ...pickerLabels(service), ...mesh }, namespace);
  const proxy = pod({ [GATEWAY_LABEL]: gateway.name }, gateway.namespace);
  // kube-dns, or the node's own cache of it, which answers as a pod or at a link-local address.
  const resolvers = [
    pod({ 'k8s-app': 'kube-dns' }, 'kube-system'),
    pod({ 'k8s-app': 'node-local-dns' }, 'kube-system'),
    { namespace: '', labels: null, ip: '169.254.20.10' },
  ];
  const internet: Peer = { namespace: '', labels: null, ip: INTERNET };
  const istiod = pod({ app: 'istiod', istio: 'pilot' }, 'istio-system');
  const tcp = (flow: string, from: Peer, to: Peer, at: number) => ({
    flow,
    ways: [{ from, to, protocol: 'TCP' as const, port: at }],
  });
  return [
    tcp(`gateway to endpoint picker, TCP ${PICKER_PORT}`, proxy, picker, PICKER_PORT),
    tcp(`gateway to replicas, TCP ${port}`, proxy, replica, port),
    tcp(`endpoint picker to replicas, TCP ${port}`, picker, replica, port),
    {
      flow: 'replicas to DNS, UDP 53',
      ways: resolvers.map((to) => ({ from: replica, to, protocol: 'UDP' as const, port: 53 })),
    },
    tcp('replicas to the model on the internet, TCP 443', replica, internet, 443),
    ...(subject.sidecar
      ? [
          tcp(`sidecar of the replicas to istiod, TCP ${ISTIOD_PORT}`, replica, istiod, ISTIOD_PORT),
          tcp(`sidecar of the endpoint picker to istiod, TCP ${ISTIOD_PORT}`, picker, istiod, ISTIOD_PORT),
        ]
      : []),
  ];
}

/** The needed connections that NetworkPolicies stop, by evaluating them offline: no traffic is sent. */
export function blockedFlows(policies: readonly NetworkPolicy[], subject: FlowSubject): BlockedFlow[] {
  return neededFlows(subject).flatMap(({ flow, ways }) => {
    const stops = ways.map((connection) => stoppedBy(policies, connection));
    const [first] = stops;
    return first && stops.every((stop) => stop !== null) ? [{ flow, ...first }] : [];
  });
}
