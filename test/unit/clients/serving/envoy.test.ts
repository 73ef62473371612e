import { describe, expect, it } from 'vitest';
import { parseClusters } from '../../../../src/clients/serving/envoy.ts';

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
    expect(() => parseClusters(text)).toThrow(SyntaxError);
  });
});
