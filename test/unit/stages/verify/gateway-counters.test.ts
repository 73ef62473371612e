import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import {
  type GatewaySnapshot,
  gatewayBetween,
  gatewaySnapshot,
} from '../../../../src/stages/verify/gateway-counters.ts';
import { stageContext } from '../fakes.ts';

const EPP = 'outbound|9002||qwen-epp-service.ns.svc.cluster.local';
const POOL = 'outbound|54321||qwen-ip-1a2b.ns.svc.cluster.local';
const stack = {
  route: {
    gateway: { namespace: 'gateways', name: 'inference' },
    pool: { apiVersion: 'v1', namespace: 'ns', name: 'qwen', picker: 'qwen-epp-service' },
  },
  replicas: ['10.8.0.4', '10.8.0.5'].map((podIP, index) => ({ metadata: { name: `pod-${index}` }, status: { podIP } })),
  port: 8000,
} as never;

const counted = (cluster: string, host: string, requests: number, change = {}) => ({
  ...{ cluster, host, requests, errors: 0, connectFailures: 0 },
  ...change,
});
const proxies = (...hosts: ReturnType<typeof counted>[][]): GatewaySnapshot => ({
  proxies: hosts.map((each, index) => ({ pod: `gateway-${index}`, hosts: each })),
});

describe('the counters of a gateway between two moments', () => {
  it('are summed over its proxies, for the endpoint picker and for each replica', () => {
    const before = proxies([counted(EPP, '10.8.0.9:9002', 5), counted(POOL, '10.8.0.4:8000', 7)], []);
    const after = proxies(
      [counted(EPP, '10.8.0.9:9002', 15), counted(POOL, '10.8.0.4:8000', 11), counted(POOL, '10.8.0.5:8000', 6)],
      [counted(EPP, '10.8.0.9:9002', 3, { errors: 2, connectFailures: 2 }), counted('other', '10.8.0.99:8000', 50)],
    );
    expect(gatewayBetween(before, after, stack)).toEqual({
      problem: null,
      proxies: 2,
      picker: { requests: 13, errors: 2, connectFailures: 2 },
      perPod: [
        { pod: 'pod-0', requests: 4 },
        { pod: 'pod-1', requests: 6 },
      ],
    });
  });

  it('tell nothing of the picker where no proxy knows it, and of nothing where the proxies changed', () => {
    const of = (hosts: ReturnType<typeof counted>[]) => proxies(hosts);
    const others = [counted('outbound|9002||qwen-epp-service-2.ns.svc.cluster.local', '10.8.0.9:9002', 5)];
    expect(gatewayBetween(of(others), of(others), stack)).toMatchObject({ problem: null, picker: null });
    expect(gatewayBetween(of([]), proxies([], []), stack)).toMatchObject({
      problem: expect.stringContaining('changed'),
    });
    expect(gatewayBetween({ problem: 'forbidden' }, of([]), stack)).toMatchObject({
      problem: 'forbidden',
      picker: null,
    });
  });
});

describe('counters that started again meanwhile', () => {
  it.each([
    ['of the endpoint picker', counted(EPP, '10.8.0.9:9002', 500), counted(EPP, '10.8.0.9:9002', 160)],
    ['of a replica', counted(POOL, '10.8.0.5:8000', 500), counted(POOL, '10.8.0.5:8000', 30)],
  ])('%s are no evidence, and never a number below 0', (_, before, after) => {
    expect(gatewayBetween(proxies([before]), proxies([after]), stack)).toEqual({
      ...{ proxies: 0, picker: null, perPod: [] },
      problem: expect.stringContaining('started again'),
    });
  });

  it('of others do not matter', () => {
    const of = (requests: number) => proxies([counted(POOL, '10.8.0.4:8000', 7), counted('other', 'x:1', requests)]);
    expect(gatewayBetween(of(500), of(3), stack)).toMatchObject({ problem: null });
  });
});

describe('a look at the counters of a gateway', () => {
  const pods = [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'gateway-0', namespace: 'gateways' } }];
  const look = async (kube: Partial<KubeClient>) =>
    gatewaySnapshot(stageContext({ kube: { list: async () => pods, ...kube } as KubeClient }).context, {
      namespace: 'gateways',
      name: 'inference',
    });

  it('asks each proxy for its clusters at its admin listener', async () => {
    const asked: unknown[] = [];
    const found = await look({
      portForward: async (target) => {
        asked.push(target);
        return { status: 200, body: '{"cluster_statuses":[]}' };
      },
    });
    expect(found).toEqual({ proxies: [{ pod: 'gateway-0', hosts: [] }] });
    const path = '/clusters?format=json';
    expect(asked).toEqual([{ namespace: 'gateways', pod: 'gateway-0', scheme: 'http', port: 15_000, path }]);
  });

  it.each([
    ['is forbidden', { list: async () => Promise.reject(new Error('pods is forbidden')) }, 'pods is forbidden'],
    ['finds no proxy', { list: async () => [] }, 'no pod of gateway gateways/inference was found'],
    ['meets an error', { portForward: async () => ({ status: 503, body: '' }) }, 'HTTP 503'],
    ['meets something else', { portForward: async () => ({ status: 200, body: 'ok' }) }, 'JSON'],
  ])('that %s says so and throws nothing', async (_, kube, problem) => {
    expect(await look(kube)).toEqual({ problem: expect.stringContaining(problem) });
  });
});
