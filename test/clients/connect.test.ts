import { describe, expect, it } from 'vitest';
import { kubeEndpoint } from '../../src/clients/connect.ts';
import type { ClusterInfo } from '../../src/clients/gke.ts';

const CLUSTER: ClusterInfo = {
  name: 'llmd',
  status: 'RUNNING',
  version: '1.33.4-gke.1',
  ipEndpoint: '34.1.2.3',
  ipEndpointEnabled: true,
  caPem: 'PEM',
  dnsEndpoint: { host: 'gke-1.europe-west4.gke.goog', allowsExternalTraffic: true },
  nodePools: [],
};
const IP = { server: 'https://34.1.2.3', caPem: 'PEM', kind: 'ip' };
const DNS = { server: 'https://gke-1.europe-west4.gke.goog', caPem: null, kind: 'dns' };

describe('the endpoint of the control plane', () => {
  it.each<[string, Partial<ClusterInfo>, boolean | 'auto', unknown]>([
    ['the IP by itself', {}, 'auto', IP],
    ['the IP when asked for', {}, false, IP],
    ['DNS when asked for', {}, true, DNS],
    ['DNS when the IP endpoints are off', { ipEndpointEnabled: false }, 'auto', DNS],
    ['the IP when there is no DNS', { dnsEndpoint: null }, 'auto', IP],
  ])('is %s', (_, change, dns, endpoint) => {
    expect(kubeEndpoint({ ...CLUSTER, ...change }, dns)).toEqual(endpoint);
  });

  it.each<[string, Partial<ClusterInfo>, boolean | 'auto', string]>([
    ['no-dns-endpoint', { dnsEndpoint: null }, true, 'Set "dns-endpoint: false".'],
    ['dns-endpoint-closed', { dnsEndpoint: { host: 'h', allowsExternalTraffic: false } }, true, '--enable-dns-access'],
    [
      'dns-endpoint-closed',
      { ipEndpointEnabled: false, dnsEndpoint: { host: 'h', allowsExternalTraffic: false } },
      'auto',
      '--enable-dns-access',
    ],
    ['no-ip-endpoint', { ipEndpoint: null }, false, 'Set "dns-endpoint: true".'],
    ['no-ip-endpoint', { caPem: null }, 'auto', 'Set "dns-endpoint: true".'],
  ])('is refused as %s: %j', (code, change, dns, hint) => {
    expect(() => kubeEndpoint({ ...CLUSTER, ...change }, dns)).toThrow(
      expect.objectContaining({ code, blame: 'config', hint: expect.stringContaining(hint) }),
    );
  });
});
