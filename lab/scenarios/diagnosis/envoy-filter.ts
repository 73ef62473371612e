import { GATEWAY } from './shared.ts';

/** Overrides ext_proc of the gateway's routes without a gRPC service, and has it buffer bodies. */
export const ENVOY_FILTER = {
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name: 'ext-proc-body', namespace: GATEWAY.namespace },
  spec: {
    workloadSelector: { labels: { 'gateway.networking.k8s.io/gateway-name': GATEWAY.name } },
    configPatches: [
      {
        applyTo: 'HTTP_ROUTE',
        match: { context: 'GATEWAY' },
        patch: {
          operation: 'MERGE',
          value: {
            typed_per_filter_config: {
              'envoy.filters.http.ext_proc': {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute',
                overrides: { processing_mode: { request_body_mode: 'BUFFERED' } },
              },
            },
          },
        },
      },
    ],
  },
};
