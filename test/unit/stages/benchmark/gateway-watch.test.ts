import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import { gatewayDuring, watchGateway } from '../../../../src/stages/benchmark/gateway-watch.ts';
import type { GatewaySnapshot } from '../../../../src/stages/verify/gateway-counters.ts';
import { stageContext } from '../fakes.ts';

const POOL = 'outbound|54321||qwen-ip-1a2b.ns.svc.cluster.local';
const WORKLOAD = 'outbound|8000||qwen-kserve-workload-svc.ns.svc.cluster.local';
const stack = {
  replicas: ['10.8.0.4', '10.8.0.5'].map((podIP, index) => ({ metadata: { name: `pod-${index}` }, status: { podIP } })),
  port: 8000,
} as never;

type Counted = [cluster: string, host: string, requests: number, errors?: number, connectFailures?: number];
const proxies = (hosts: Record<string, Counted[]>): GatewaySnapshot => ({
  proxies: Object.entries(hosts).map(([pod, each]) => ({
    pod,
    hosts: each.map(([cluster, host, requests, errors = 0, connectFailures = 0]) => ({
      ...{ cluster, host, requests, errors, connectFailures },
    })),
  })),
});
const pods = (...counts: [number, number, number][]) =>
  counts.map(([requests, errors, connectFailures], index) => ({
    ...{ pod: `pod-${index}`, requests, errors, connectFailures },
  }));

describe('what the gateway counted for the replicas during a block', () => {
  it('is summed over its proxies and over all clusters that have the replica', () => {
    const before = proxies({
      g: [
        [POOL, '10.8.0.4:8000', 100],
        [POOL, '10.8.0.5:8000', 90],
      ],
    });
    const after = proxies({
      g: [
        [POOL, '10.8.0.4:8000', 140],
        [POOL, '10.8.0.5:8000', 90, 12, 12],
        [WORKLOAD, '10.8.0.5:8000', 0, 1, 1],
      ],
      added: [[POOL, '10.8.0.4:8000', 5]],
    });
    expect(gatewayDuring(before, after, stack)).toEqual({ problem: null, pods: pods([45, 0, 0], [0, 13, 13]) });
  });

  it('is not observed where either reading is missing or a proxy has gone', () => {
    const some = proxies({ g: [[POOL, '10.8.0.4:8000', 1]] });
    expect(gatewayDuring({ problem: 'forbidden' }, some, stack)).toEqual({ problem: 'forbidden', pods: [] });
    expect(gatewayDuring(some, { problem: 'hung' }, stack)).toEqual({ problem: 'hung', pods: [] });
    expect(gatewayDuring(some, proxies({}), stack).problem).toContain('g of the gateway is gone');
  });

  it('keeps what a cluster has counted since it was made anew, and says so', () => {
    const before = proxies({
      g: [
        [POOL, '10.8.0.4:8000', 1_000],
        [POOL, '10.8.0.5:8000', 900],
      ],
    });
    const after = proxies({
      g: [
        [POOL, '10.8.0.4:8000', 9],
        [POOL, '10.8.0.5:8000', 0, 4, 4],
      ],
    });
    const found = gatewayDuring(before, after, stack);
    expect(found.problem).toContain('started again for pod-0, pod-1');
    expect(found.pods).toEqual(pods([9, 0, 0], [0, 4, 4]));
  });
});

describe('the watch over a gateway', () => {
  const PODS = [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'gateway-0', namespace: 'gateways' } }];
  const GATEWAY = { namespace: 'gateways', name: 'inference' };
  const watch = (portForward: KubeClient['portForward']) => {
    const { context } = stageContext({ kube: { list: async () => PODS, portForward } as unknown as KubeClient });
    return watchGateway(context, GATEWAY, 50);
  };

  it('does not wait for an admin port that hangs, and leaves it alone after the second time', async () => {
    let asked = 0;
    const { read } = watch(() => {
      asked += 1;
      return new Promise(() => {});
    });
    const began = performance.now();
    for (let edge = 0; edge < 30; edge += 1) {
      expect(await read()).toEqual({ problem: expect.stringContaining('within 0.05 s') });
    }
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(asked).toBe(2);
  });

  it('goes on after one reading that failed', async () => {
    let asked = 0;
    const { read } = watch(async () => {
      asked += 1;
      return asked % 2 === 1 ? { status: 503, body: '' } : { status: 200, body: '{"cluster_statuses":[]}' };
    });
    const found = [];
    for (let edge = 0; edge < 6; edge += 1) found.push('problem' in (await read()));
    expect(found).toEqual([true, false, true, false, true, false]);
  });
});
