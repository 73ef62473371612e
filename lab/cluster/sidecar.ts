import type { KubeObject } from '../protocol.ts';

/**
 * The pod that Istio's injection webhook makes of a new pod: with a second container `istio-proxy` where the namespace
 * or the pod asks for it. (Istio's native sidecars would be init containers; the recorded cluster showed 2/2.)
 */
export function withSidecar(pod: KubeObject, namespace: KubeObject | undefined, proxyImage: string): KubeObject {
  if (!wantsSidecar(pod, namespace)) return pod;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata.labels,
        'security.istio.io/tlsMode': 'istio',
        'service.istio.io/canonical-revision': 'latest',
      },
      annotations: {
        ...pod.metadata.annotations,
        'istio.io/rev': 'default',
        'kubectl.kubernetes.io/default-container': pod.spec.containers[0].name,
        'kubectl.kubernetes.io/default-logs-container': pod.spec.containers[0].name,
        'sidecar.istio.io/status': JSON.stringify({ containers: ['istio-proxy'], revision: 'default' }),
      },
    },
    spec: {
      ...pod.spec,
      containers: [
        ...pod.spec.containers,
        {
          name: 'istio-proxy',
          image: proxyImage,
          args: ['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.cluster.local', '--proxyLogLevel=warning'],
          ports: [{ name: 'http-envoy-prom', containerPort: 15090, protocol: 'TCP' }],
          readinessProbe: { httpGet: { path: '/healthz/ready', port: 15021, scheme: 'HTTP' }, periodSeconds: 15 },
          resources: {
            requests: { cpu: '100m', memory: '128Mi' },
            limits: { cpu: '2', memory: '1Gi' },
          },
        },
      ],
    },
  };
}

function wantsSidecar(pod: KubeObject, namespace: KubeObject | undefined): boolean {
  const asked =
    pod.metadata.labels?.['sidecar.istio.io/inject'] ?? pod.metadata.annotations?.['sidecar.istio.io/inject'];
  if (pod.spec?.hostNetwork) return false;
  if (asked !== undefined) return asked === 'true';
  return namespace?.metadata.labels?.['istio-injection'] === 'enabled';
}
