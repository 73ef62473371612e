import { Failure } from '../lib/failure.ts';
import type { ClusterInfo } from './gke.ts';

export interface KubeEndpoint {
  server: string;
  caPem: string | null;
  kind: 'dns' | 'ip';
}

/**
 * Which endpoint of the control plane to use: DNS when asked for or when the IP endpoints are off, else the IP with the
 * cluster's own CA. The DNS endpoint has a public certificate.
 */
export function kubeEndpoint(cluster: ClusterInfo, dns: boolean | 'auto'): KubeEndpoint {
  const useDns = dns === true || (dns === 'auto' && !cluster.ipEndpointEnabled);
  if (useDns) {
    if (!cluster.dnsEndpoint) {
      throw refuse(
        'no-dns-endpoint',
        `Cluster ${cluster.name} publishes no DNS endpoint.`,
        'Set "dns-endpoint: false".',
      );
    }
    if (!cluster.dnsEndpoint.allowsExternalTraffic) {
      throw refuse(
        'dns-endpoint-closed',
        `The DNS endpoint of ${cluster.name} does not allow external traffic.`,
        `Run: gcloud container clusters update ${cluster.name} --enable-dns-access, or set "dns-endpoint: false".`,
      );
    }
    return { server: `https://${cluster.dnsEndpoint.host}`, caPem: null, kind: 'dns' };
  }
  if (!cluster.ipEndpoint || !cluster.caPem) {
    throw refuse(
      'no-ip-endpoint',
      `Cluster ${cluster.name} publishes no IP endpoint with a certificate.`,
      'Set "dns-endpoint: true".',
    );
  }
  return { server: `https://${cluster.ipEndpoint}`, caPem: cluster.caPem, kind: 'ip' };
}

function refuse(code: string, message: string, hint: string): Failure {
  return new Failure({ stage: 'preflight', code, message, hint, blame: 'config' });
}
