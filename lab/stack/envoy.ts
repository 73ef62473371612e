import type { KubeObject } from '../protocol.ts';
import { XDS_PORT } from './istio.ts';

/** Where its admin listens on loopback; istio-proxy's is there too. */
export const ADMIN_PORT = 15_000;
/** istio-proxy's agent serves the pod's probes here. */
const STATUS_PORT = 15_021;

/**
 * How istio-proxy names its statistics for Prometheus, from `envoy_bootstrap.json` of istio/istio. Envoy's own tags give
 * other names: `envoy_cluster_upstream_rq_xx` in place of `envoy_cluster_upstream_rq` with a `response_code_class`.
 */
const STATS_TAGS = {
  cluster_name: '^cluster(\\.(.+);)',
  http_conn_manager_prefix: '^http\\.(((?:[_.[:digit:]\\w]*|[_\\[\\]aAbBcCdDeEfF[:digit:]\\w\\:]*));\\.)',
  response_code: '_rq(_(\\d{3}))$',
  response_code_class: '_rq(_(\\dxx))$',
  listener_address: '^listener\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)',
};

/**
 * What istio-proxy's agent would write for this pod: everything but the status listener comes from istiod, over one
 * delta stream.
 */
export function envoyBootstrap(pod: KubeObject, podIp: string): string {
  const { namespace, name, labels = {} } = pod.metadata;
  const gateway = labels['gateway.networking.k8s.io/gateway-name'] as string;
  const workload = labels['service.istio.io/canonical-name'] ?? gateway;
  return JSON.stringify({
    node: {
      id: `router~${podIp}~${name}.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `${gateway}.${namespace}`,
      metadata: {
        NAMESPACE: namespace,
        NAME: name,
        INSTANCE_IPS: podIp,
        CLUSTER_ID: 'Kubernetes',
        LABELS: labels,
        SERVICE_ACCOUNT: pod.spec.serviceAccountName,
        WORKLOAD_NAME: workload,
        ISTIO_VERSION: '1.31.0',
      },
    },
    admin: { address: address('127.0.0.1', ADMIN_PORT) },
    stats_config: {
      use_all_default_tags: false,
      stats_tags: Object.entries(STATS_TAGS).map(([tag_name, regex]) => ({ tag_name, regex })),
    },
    dynamic_resources: {
      lds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' },
      cds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' },
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
      },
    },
    static_resources: {
      clusters: [
        {
          ...staticCluster('xds-grpc', XDS_PORT),
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        },
        staticCluster('agent', ADMIN_PORT),
      ],
      listeners: [statusListener(podIp)],
    },
  });
}

function address(host: string, port: number) {
  return { socket_address: { address: host, port_value: port } };
}

function staticCluster(name: string, port: number) {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address('127.0.0.1', port) } }] }],
    },
  };
}

function statusListener(podIp: string) {
  const route = {
    match: { path: '/healthz/ready' },
    route: { cluster: 'agent', prefix_rewrite: '/ready' },
  };
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'agent',
    route_config: { virtual_hosts: [{ name: 'backend', domains: ['*'], routes: [route] }] },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  return {
    name: 'status',
    address: address(podIp, STATUS_PORT),
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
}
