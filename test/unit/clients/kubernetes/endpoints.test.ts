import { describe, expect, it } from 'vitest';
import type { ClusterInfo } from '../../../../src/clients/google/gke.ts';
import { kubeEndpoints } from '../../../../src/clients/kubernetes/endpoints.ts';

const CLUSTER: ClusterInfo = {
  name: 'llmd',
  status: 'RUNNING',
  version: '1.33.4-gke.1',
  ipEndpoint: '34.1.2.3',
  ipEndpointEnabled: true,
  caPem: 'PEM',
  dnsEndpoint: { host: 'gke-1.europe-west4.gke.goog', allowsExternalTraffic: true },
  nodePools: [],
  enforcesPolicies: true,
};
const IP = { server: 'https://34.1.2.3', caPem: 'PEM', kind: 'ip' };
const DNS = { server: 'https://gke-1.europe-west4.gke.goog', caPem: null, kind: 'dns' };

const CLOSED = { host: 'h', allowsExternalTraffic: false };

describe('the endpoints of the control plane', () => {
  it.each<[string, Partial<ClusterInfo>, boolean | 'auto', unknown[]]>([
    ['the IP, then DNS, by themselves', {}, 'auto', [IP, DNS]],
    ['the IP alone when asked for', {}, false, [IP]],
    ['the IP when asked for although it is said to be off', { ipEndpointEnabled: false }, false, [IP]],
    ['DNS alone when asked for', {}, true, [DNS]],
    ['DNS when the IP endpoints are off', { ipEndpointEnabled: false }, 'auto', [DNS]],
    ['DNS when the IP has no certificate', { caPem: null }, 'auto', [DNS]],
    ['DNS when there is no IP', { ipEndpoint: null }, 'auto', [DNS]],
    ['the IP when there is no DNS', { dnsEndpoint: null }, 'auto', [IP]],
    ['the IP when DNS is closed to the outside', { dnsEndpoint: CLOSED }, 'auto', [IP]],
  ])('are %s', (_, change, dns, endpoints) => {
    expect(kubeEndpoints({ ...CLUSTER, ...change }, dns)).toEqual(endpoints);
  });

  it.each<[string, Partial<ClusterInfo>, boolean | 'auto', string]>([
    ['no-dns-endpoint', { dnsEndpoint: null }, true, 'Set "dns-endpoint: false".'],
    ['dns-endpoint-closed', { dnsEndpoint: CLOSED }, true, '--enable-dns-access'],
    ['dns-endpoint-closed', { ipEndpointEnabled: false, dnsEndpoint: CLOSED }, 'auto', '--enable-dns-access'],
    ['no-ip-endpoint', { ipEndpoint: null }, false, 'Set "dns-endpoint: true".'],
    ['no-ip-endpoint', { caPem: null }, false, 'Set "dns-endpoint: true".'],
  ])('are refused as %s: %j', (code, change, dns, hint) => {
    expect(() => kubeEndpoints({ ...CLUSTER, ...change }, dns)).toThrow(
      expect.objectContaining({ code, blame: 'config', hint: expect.stringContaining(hint) }),
    );
  });
});
