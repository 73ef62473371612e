import { describe, expect, it } from 'vitest';
import { type EnvoyHost, hostsBetween, parseClusters } from '../../../../src/clients/serving/envoy.ts';

const host = (address: string, port: number, stats: Record<string, string | undefined>) => ({
  address: { socket_address: { address, port_value: port } },
  stats: Object.entries(stats).map(([name, value]) => (value === undefined ? { name } : { name, value })),
  health_status: { eds_health_status: 'HEALTHY' },
});

describe('the clusters of an Envoy', () => {
  it('are read host by host, counters of 0 included, which carry no value', () => {
    const text = JSON.stringify({
      cluster_statuses: [
        {
          name: 'outbound|9002||qwen-epp-service.ns.svc.cluster.local',
          host_statuses: [host('10.8.0.7', 9002, { cx_connect_fail: '88', rq_error: '88', rq_total: undefined })],
        },
        { name: 'BlackHoleCluster' },
        { name: 'agent', host_statuses: [{ address: { pipe: { path: './etc/istio/XDS' } } }] },
      ],
    });
    expect(parseClusters(text)).toEqual([
      {
        cluster: 'outbound|9002||qwen-epp-service.ns.svc.cluster.local',
        host: '10.8.0.7:9002',
        ...{ requests: 0, errors: 88, connectFailures: 88 },
      },
      { cluster: 'agent', host: ':0', requests: 0, errors: 0, connectFailures: 0 },
    ]);
  });

  it.each(['', 'upstream connect error', '{}'])('are none in %j', (text) => {
    expect(() => parseClusters(text)).toThrow('the answer of the Envoy is not its clusters');
  });
});

describe('the counters of an Envoy between two readings', () => {
  const of = (cluster: string, address: string, requests: number, errors = 0, connectFailures = 0): EnvoyHost => ({
    ...{ cluster, host: address, requests, errors, connectFailures },
  });

  it('are differences for each host of each cluster; a new host began at 0', () => {
    expect(
      hostsBetween(
        [of('pool', 'a', 10, 1), of('svc', 'a', 3)],
        [of('pool', 'a', 15, 2, 1), of('svc', 'a', 3), of('pool', 'b', 4)],
      ),
    ).toEqual([
      { ...of('pool', 'a', 5, 1, 1), reset: false },
      { ...of('svc', 'a', 0), reset: false },
      { ...of('pool', 'b', 4), reset: false },
    ]);
  });

  it('are never below 0: a cluster that was made anew counts from 0 for all of its hosts', () => {
    expect(
      hostsBetween(
        [of('pool', 'a', 1_000, 5), of('pool', 'b', 2), of('svc', 'a', 7)],
        [of('pool', 'a', 12, 3), of('pool', 'b', 9), of('svc', 'a', 8)],
      ),
    ).toEqual([
      { ...of('pool', 'a', 12, 3), reset: true },
      { ...of('pool', 'b', 9), reset: true },
      { ...of('svc', 'a', 1), reset: false },
    ]);
  });

  it('are unknown for a host that has left, whatever it counted in the end', () => {
    expect(hostsBetween([of('pool', 'a', 10), of('pool', 'b', 1)], [of('pool', 'b', 3)])).toEqual([
      { ...of('pool', 'b', 2), reset: false },
      { ...of('pool', 'a', 0), reset: true },
    ]);
  });
});
