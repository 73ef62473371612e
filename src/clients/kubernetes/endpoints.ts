import { Failure } from '../../lib/failure.ts';
import type { ClusterInfo } from '../google/gke.ts';

export interface KubeEndpoint {
  server: string;
  caPem: string | null;
  kind: 'dns' | 'ip';
}

/**
 * The endpoints of the control plane to try, in order. `true`: DNS alone. `false`: the IP with the cluster's own CA.
 * `auto`: the IP where it is on, then DNS where it admits external traffic, since authorised networks make the IP silent.
 * The DNS endpoint has a public certificate. Throws a Failure when there is none to try.
 */
export function kubeEndpoints(cluster: ClusterInfo, dns: boolean | 'auto'): KubeEndpoint[] {
  const byIp: KubeEndpoint[] =
    cluster.ipEndpoint && cluster.caPem
      ? [{ server: `https://${cluster.ipEndpoint}`, caPem: cluster.caPem, kind: 'ip' }]
      : [];
  const byDns: KubeEndpoint[] = cluster.dnsEndpoint
    ? [{ server: `https://${cluster.dnsEndpoint.host}`, caPem: null, kind: 'dns' }]
    : [];
  if (dns === false) {
    if (byIp.length > 0) return byIp;
    throw refuse(
      'no-ip-endpoint',
      `Cluster ${cluster.name} publishes no IP endpoint with a certificate.`,
      'Set "dns-endpoint: true".',
    );
  }
  const open = cluster.dnsEndpoint?.allowsExternalTraffic === true ? byDns : [];
  const usable = dns === 'auto' && cluster.ipEndpointEnabled ? [...byIp, ...open] : open;
  if (usable.length > 0) return usable;
  if (byDns.length === 0) {
    throw refuse('no-dns-endpoint', `Cluster ${cluster.name} publishes no DNS endpoint.`, 'Set "dns-endpoint: false".');
  }
  throw refuse(
    'dns-endpoint-closed',
    `The DNS endpoint of ${cluster.name} does not allow external traffic.`,
    `Run: gcloud container clusters update ${cluster.name} --enable-dns-access, or set "dns-endpoint: false".`,
  );
}

function refuse(code: string, message: string, hint: string): Failure {
  return new Failure({ stage: 'preflight', code, message, hint });
}
