import type { KubeObject } from '../../protocol.ts';
import { nowIso } from '../objects.ts';
import { component } from './objects.ts';

/** The Istio gateway that serves inference: its class, the Gateway, already programmed, and the Deployment and Service behind it. */
export function gatewayObjects(gateway: { namespace: string; name: string; host: string; port: number }): KubeObject[] {
  const { namespace, name, host, port } = gateway;
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    reason,
    message,
    observedGeneration: 1,
    lastTransitionTime: nowIso(),
  });
  const labels = { 'gateway.networking.k8s.io/gateway-name': name };
  return [
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: 'istio' },
      spec: { controllerName: 'istio.io/gateway-controller', description: 'The default Istio GatewayClass' },
      status: { conditions: [condition('Accepted', 'Accepted', 'Handled by Istio controller')] },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name, namespace },
      spec: {
        gatewayClassName: 'istio',
        listeners: [{ name: 'http', port, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }],
      },
      status: {
        addresses: [{ type: 'IPAddress', value: host }],
        conditions: [
          condition('Accepted', 'Accepted', 'Resource accepted'),
          condition('Programmed', 'Programmed', 'Resource programmed, assigned to service(s)'),
        ],
        listeners: [
          {
            name: 'http',
            attachedRoutes: 0,
            supportedKinds: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }],
            conditions: [
              condition('Accepted', 'Accepted', 'No errors found'),
              condition('Conflicted', 'NoConflicts', 'No errors found'),
              condition('Programmed', 'Programmed', 'No errors found'),
              condition('ResolvedRefs', 'ResolvedRefs', 'No errors found'),
            ].map((one) => (one.type === 'Conflicted' ? { ...one, status: 'False' } : one)),
          },
        ],
      },
    },
    component(namespace, `${name}-istio`, { name: 'istio-proxy', image: 'docker.io/istio/proxyv2:1.27.3' }, labels),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `${name}-istio`, namespace, labels },
      spec: {
        type: 'LoadBalancer',
        selector: labels,
        ports: [{ name: 'http', port, protocol: 'TCP', targetPort: port }],
      },
      status: { loadBalancer: { ingress: [{ ip: host }] } },
    },
  ];
}
