import { describe, expect, it } from 'vitest';
import { allows } from '../../../lab/cluster/network-policy.ts';
import type { KubeObject } from '../../../src/clients/kubernetes/objects.ts';
import { blockedFlows } from '../../../src/diagnosis/flows.ts';
import { type Connection, type Peer, stoppedBy } from '../../../src/diagnosis/network-policy.ts';
import { objectsBelow, pattern } from '../manifests/files.ts';

const NAMESPACE = 'llm-d-inference-scheduling';

/** Mulberry32, so that a difference can be found again. */
function dice(seed: number): <T>(choices: readonly T[]) => T {
  let state = seed;
  return (choices) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return choices[Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * choices.length)]!;
  };
}

function draw(pick: ReturnType<typeof dice>): { policies: KubeObject[]; connection: Connection } {
  const labels = () => ({ app: pick(['a', 'b']), tier: pick(['x', 'y']) });
  const selector = () =>
    pick([
      {},
      { matchLabels: { app: 'a' } },
      { matchLabels: { app: 'b', tier: 'x' } },
      { matchExpressions: [{ key: 'tier', operator: 'In', values: ['x'] }] },
      { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['x'] }] },
      { matchExpressions: [{ key: 'none', operator: 'DoesNotExist' }] },
    ]);
  const peer = () =>
    pick([
      { podSelector: selector() },
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': pick(['n', 'm']) } } },
      { namespaceSelector: {}, podSelector: selector() },
      { ipBlock: { cidr: '10.0.0.0/8', except: ['10.4.0.0/16'] } },
      { ipBlock: { cidr: '0.0.0.0/0' } },
    ]);
  const rule = (side: 'from' | 'to') => ({
    ...pick([{}, { [side]: [peer()] }, { [side]: [peer(), peer()] }]),
    ...pick([{}, { ports: [{ port: pick([80, 8000]) }] }, { ports: [{ protocol: 'UDP', port: 53 }, { port: 8000 }] }]),
  });
  const policies = Array.from({ length: pick([0, 1, 2, 3]) }, (_, index) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `p${index}`, namespace: pick(['n', 'm']) },
    spec: {
      podSelector: selector(),
      policyTypes: pick([['Ingress'], ['Egress'], ['Ingress', 'Egress']]),
      ...pick([{}, { ingress: [rule('from')] }, { ingress: [rule('from'), rule('from')], egress: [rule('to')] }]),
    },
  }));
  const end = (): Peer => ({
    namespace: pick(['n', 'm']),
    labels: pick([labels(), labels(), labels(), null]),
    ip: pick(['10.1.2.3', '10.4.2.3', '34.1.2.3']),
  });
  const connection = { from: end(), to: end(), protocol: pick(['TCP', 'UDP'] as const), port: pick([53, 80, 8000]) };
  return { policies, connection };
}

it('agrees with the evaluator of the lab, which is not of the same hand, on 20,000 drawn cases', () => {
  const pick = dice(20_261_127);
  let stopped = 0;
  for (let index = 0; index < 20_000; index += 1) {
    const { policies, connection } = draw(pick);
    const found = stoppedBy(policies, connection);
    if (found) stopped += 1;
    expect(found === null, JSON.stringify({ policies, connection })).toBe(
      allows(policies as unknown as Parameters<typeof allows>[0], connection),
    );
  }
  // A test of two evaluators that always say yes would pass too.
  expect(stopped).toBeGreaterThan(2_000);
});

describe('the connections that the stack needs', () => {
  const subject = {
    service: 'qwen2-3b-pattern3',
    namespace: NAMESPACE,
    gateway: { namespace: 'opendatahub', name: 'inference-gateway' },
    port: 8_000,
    sidecar: true,
  };
  const policiesOf = (drop?: string) =>
    [...pattern('pattern3'), ...objectsBelow('components/default-deny')]
      .filter(({ kind, metadata }) => kind === 'NetworkPolicy' && !metadata.name.includes(drop ?? '-'.repeat(9)))
      .map(
        (policy) => ({ ...policy, metadata: { ...policy.metadata, namespace: NAMESPACE } }) as unknown as KubeObject,
      );
  const flows = (drop?: string) => blockedFlows(policiesOf(drop), subject).map(({ flow }) => flow.replace(/,.*/, ''));

  it('are all let through by Pattern 3, a default deny included', () => {
    expect(flows()).toEqual([]);
  });

  it.each([
    ['allow-gateway-to-vllm', ['gateway to replicas', 'endpoint picker to replicas']],
    ['allow-gateway-to-epp', ['gateway to endpoint picker', 'endpoint picker to replicas']],
    ['allow-vllm-egress', ['replicas to DNS', 'replicas to the model on the internet']],
    ['allow-istio', ['sidecar of the replicas to istiod', 'sidecar of the endpoint picker to istiod']],
  ])('are blocked without %s', (drop, expected) => {
    expect(flows(drop)).toEqual(expected);
  });

  it('to a named port, or in a range of ports, are not called blocked', () => {
    const open = (ports: unknown[]): KubeObject => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'p', namespace: NAMESPACE },
      spec: { podSelector: {}, ingress: [{ ports }] },
    });
    for (const ports of [[{ port: 'https' }], [{ port: 8_000, endPort: 9_100 }]]) {
      expect(blockedFlows([open(ports)], subject)).toEqual([]);
    }
  });
});
