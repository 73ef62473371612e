import { describe, expect, it } from 'vitest';
import { allows, type Connection, type Peer } from '../../../lab/cluster/network-policy.ts';
import { objectsBelow, pattern } from './files.ts';

const NAMESPACE = 'llm-d-inference-scheduling';
const NAME = { pattern1: 'qwen2-3b-pattern1', pattern3: 'qwen2-3b-pattern3' };
type Pattern = keyof typeof NAME;

/** Labels that KServe gives to workload pods, ODH v0.15 to v0.20. */
function vllm(name: string, extra: Record<string, string> = {}): Peer {
  const labels = {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/part-of': 'llminferenceservice',
    'app.kubernetes.io/component': 'llminferenceservice-workload',
    'kserve.io/component': 'workload',
    'llm-d.ai/role': 'both',
    'pod-template-hash': '66d45749bd',
  };
  return { namespace: NAMESPACE, labels: { ...labels, ...extra }, ip: '10.4.1.7' };
}

/** Labels that KServe gives to the endpoint picker's pod. */
function epp(name: string, extra: Record<string, string> = {}): Peer {
  const labels = {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/part-of': 'llminferenceservice',
    'app.kubernetes.io/component': 'llminferenceservice-router-scheduler',
  };
  return { namespace: NAMESPACE, labels: { ...labels, ...extra }, ip: '10.4.0.9' };
}

const pod = (namespace: string, labels: Record<string, string>, ip = '10.4.2.2'): Peer => ({ namespace, labels, ip });
const address = (ip: string): Peer => ({ namespace: '', labels: null, ip });

const GATEWAY = pod('opendatahub', { 'gateway.networking.k8s.io/gateway-name': 'inference-gateway' });
const OTHER_GATEWAY = pod('opendatahub', { 'gateway.networking.k8s.io/gateway-name': 'public-gateway' });
const IMPOSTOR = pod('default', { 'gateway.networking.k8s.io/gateway-name': 'inference-gateway' });
const STRANGER = pod('default', { app: 'curl' });
const NEIGHBOUR = pod(NAMESPACE, { app: 'notebook' });
const KONNECTIVITY = pod('kube-system', { 'k8s-app': 'konnectivity-agent' });
const PROMETHEUS = pod('monitoring', { app: 'prometheus' });
const ISTIOD = pod('istio-system', { app: 'istiod' });
const SIDECAR = { 'security.istio.io/tlsMode': 'istio' };
const DNS = [
  pod('kube-system', { 'k8s-app': 'kube-dns' }),
  pod('kube-system', { 'k8s-app': 'node-local-dns' }),
  address('169.254.20.10'),
  address('169.254.169.254'),
  address('34.118.224.10'),
];

function policies(name: Pattern, denyAll: boolean) {
  const all = [...pattern(name), ...(denyAll ? objectsBelow('components/default-deny') : [])];
  const own = all.filter((object) => object.kind === 'NetworkPolicy');
  return own.map((policy) => ({ ...policy, metadata: { ...policy.metadata, namespace: NAMESPACE } }));
}

const CASES = (['pattern1', 'pattern3'] as const).flatMap((name) =>
  [false, true].map((denyAll) => ({ name, denyAll })),
);

describe.each(CASES)('policies of $name, default deny: $denyAll', ({ name, denyAll }) => {
  const own = policies(name, denyAll);
  const replica = vllm(NAME[name]);
  const picker = epp(NAME[name]);
  const tcp = (from: Peer, to: Peer, port: number): Connection => ({ from, to, protocol: 'TCP', port });
  const udp = (from: Peer, to: Peer, port: number): Connection => ({ from, to, protocol: 'UDP', port });

  it('lets requests through: gateway to vLLM and to the endpoint picker', () => {
    expect(allows(own, tcp(GATEWAY, replica, 8000))).toBe(true);
    expect(allows(own, tcp(GATEWAY, picker, 9002))).toBe(true);
  });

  it('lets the endpoint picker read metrics of replicas and talk to the API server', () => {
    expect(allows(own, tcp(picker, replica, 8000))).toBe(true);
    expect(allows(own, tcp(picker, address('172.16.0.2'), 443))).toBe(true);
    expect(allows(own, tcp(picker, address('34.90.10.20'), 443))).toBe(true);
  });

  it('lets evidence through: metrics by way of the API server, and Prometheus', () => {
    expect(allows(own, tcp(KONNECTIVITY, replica, 8000))).toBe(true);
    expect(allows(own, tcp(PROMETHEUS, replica, 8000))).toBe(true);
    expect(allows(own, tcp(PROMETHEUS, picker, 9090))).toBe(true);
  });

  it.each(DNS)('resolves names at $ip, UDP and TCP', (server) => {
    for (const client of [replica, picker]) {
      expect(allows(own, udp(client, server, 53))).toBe(true);
      expect(allows(own, tcp(client, server, 53))).toBe(true);
    }
  });

  it('lets a replica download the model, and nothing else', () => {
    expect(allows(own, tcp(replica, address('18.164.174.17'), 443))).toBe(true);
    expect(allows(own, tcp(replica, address('18.164.174.17'), 80))).toBe(false);
    expect(allows(own, tcp(replica, address('10.128.0.2'), 443))).toBe(false);
    expect(allows(own, tcp(replica, address('192.168.1.1'), 443))).toBe(false);
    expect(allows(own, tcp(replica, address('169.254.169.254'), 80))).toBe(false);
    expect(allows(own, tcp(replica, STRANGER, 443))).toBe(false);
    expect(allows(own, tcp(replica, picker, 9002))).toBe(false);
  });

  it.each([
    ['another namespace', STRANGER],
    ['the same namespace', NEIGHBOUR],
    ['another gateway', OTHER_GATEWAY],
    ['a pod that calls itself the gateway', IMPOSTOR],
    ['kube-system', pod('kube-system', { 'k8s-app': 'event-exporter' })],
    ['the Internet', address('203.0.113.9')],
  ])('refuses %s', (_who, peer) => {
    expect(allows(own, tcp(peer, replica, 8000))).toBe(false);
    for (const port of [9002, 9003, 9090, 5557]) expect(allows(own, tcp(peer, picker, port))).toBe(false);
  });

  it('keeps each port to those who need it', () => {
    expect(allows(own, tcp(GATEWAY, picker, 9090))).toBe(false);
    expect(allows(own, tcp(GATEWAY, picker, 8000))).toBe(false);
    expect(allows(own, tcp(GATEWAY, replica, 22))).toBe(false);
    expect(allows(own, tcp(KONNECTIVITY, picker, 9002))).toBe(false);
    const other = name === 'pattern1' ? NAME.pattern3 : NAME.pattern1;
    expect(allows(own, tcp(epp(other), replica, 8000))).toBe(false);
  });

  it('lets sidecars reach istiod, and pods without one not', () => {
    expect(allows(own, tcp(vllm(NAME[name], SIDECAR), ISTIOD, 15012))).toBe(true);
    expect(allows(own, tcp(epp(NAME[name], SIDECAR), ISTIOD, 15012))).toBe(true);
    expect(allows(own, tcp(PROMETHEUS, vllm(NAME[name], SIDECAR), 15020))).toBe(true);
    expect(allows(own, tcp(replica, ISTIOD, 15012))).toBe(false);
    expect(allows(own, tcp(vllm(NAME[name], SIDECAR), ISTIOD, 443))).toBe(false);
    expect(allows(own, tcp(GATEWAY, vllm(NAME[name], SIDECAR), 8000))).toBe(true);
  });

  it(`${denyAll ? 'isolates' : 'leaves alone'} a pod of the namespace that is not ours`, () => {
    expect(allows(own, tcp(STRANGER, NEIGHBOUR, 8888))).toBe(!denyAll);
    expect(allows(own, tcp(NEIGHBOUR, address('18.164.174.17'), 443))).toBe(!denyAll);
  });
});

it('has no policy that selects all pods, except for default-deny', () => {
  for (const policy of [...policies('pattern1', false), ...policies('pattern3', false)]) {
    expect(policy.spec.podSelector.matchLabels['app.kubernetes.io/name']).toMatch(/^qwen2-3b-pattern[13]$/);
  }
});
