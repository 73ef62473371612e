import type { KubeObject } from '../../protocol.ts';

const NAME = 'qwen2-3b-pattern1';

/**
 * Pattern 1 as it was recorded: its own manifest (`half`, no `exec`, long initial delays instead of a startup probe),
 * the EnvoyFilter beside it and its three NetworkPolicies, holes included. It is here to be retired.
 */
export function patternOneObjects(
  namespace: string,
  gateway: { namespace: string; name: string },
  version: 'v1alpha1' | 'v1alpha2',
): KubeObject[] {
  const fromGateway = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': gateway.namespace } },
    podSelector: { matchLabels: { 'gateway.networking.k8s.io/gateway-name': gateway.name } },
  };
  const workload = { matchLabels: { 'app.kubernetes.io/name': NAME } };
  const tcp = (...ports: number[]) => ports.map((port) => ({ protocol: 'TCP', port }));
  return [
    llmInferenceService(namespace, version),
    envoyFilter(namespace, gateway),
    networkPolicy(namespace, 'allow-gateway-to-vllm', {
      podSelector: workload,
      policyTypes: ['Ingress'],
      ingress: [
        { from: [fromGateway], ports: tcp(8000) },
        { from: [{ namespaceSelector: {}, podSelector: {} }], ports: tcp(8000) },
      ],
    }),
    networkPolicy(namespace, 'allow-epp-scheduler', {
      podSelector: { matchLabels: { 'app.kubernetes.io/component': 'router-scheduler' } },
      policyTypes: ['Ingress'],
      ingress: [{ from: [fromGateway], ports: tcp(9002, 9003, 9090) }],
    }),
    networkPolicy(namespace, 'allow-vllm-egress', { podSelector: workload, policyTypes: ['Egress'], egress: [{}] }),
  ];
}

function llmInferenceService(namespace: string, version: string): KubeObject {
  const probe = (path: string) => ({
    httpGet: { path, port: 8000, scheme: 'HTTPS' },
    initialDelaySeconds: 240,
  });
  const chips = { 'google.com/tpu': '4' };
  return {
    apiVersion: `serving.kserve.io/${version}`,
    kind: 'LLMInferenceService',
    metadata: { name: NAME, namespace },
    spec: {
      model: { uri: 'hf://Qwen/Qwen2.5-3B-Instruct', name: 'Qwen/Qwen2.5-3B-Instruct' },
      replicas: 1,
      router: { route: {}, gateway: {}, scheduler: {} },
      template: {
        nodeSelector: {
          'cloud.google.com/gke-tpu-accelerator': 'tpu-v6e-slice',
          'cloud.google.com/gke-tpu-topology': '2x2',
        },
        tolerations: [{ key: 'google.com/tpu', operator: 'Equal', value: 'present', effect: 'NoSchedule' }],
        imagePullSecrets: [{ name: 'redhat-pull-secret' }],
        containers: [
          {
            name: 'main',
            image: 'registry.redhat.io/rhaiis/vllm-tpu-rhel9:3.2.5',
            args: [
              [
                'python3 -m vllm.entrypoints.openai.api_server',
                '--model=/mnt/models --dtype=half --max-model-len=2048 --tensor-parallel-size=4',
                '--disable-log-requests',
                '--ssl-certfile=/var/run/kserve/tls/tls.crt --ssl-keyfile=/var/run/kserve/tls/tls.key\n',
              ].join(' \\\n  '),
            ],
            env: [
              { name: 'TPU_CHIPS_PER_HOST_BOUNDS', value: '2,2,1' },
              { name: 'TPU_HOST_BOUNDS', value: '1,1,1' },
              { name: 'PJRT_DEVICE', value: 'TPU' },
              { name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: 'hf-token', key: 'HF_TOKEN' } } },
            ],
            resources: { limits: chips, requests: chips },
            livenessProbe: { ...probe('/health'), periodSeconds: 30, timeoutSeconds: 30, failureThreshold: 5 },
            readinessProbe: { ...probe('/v1/models'), periodSeconds: 10, timeoutSeconds: 10 },
          },
        ],
      },
    },
  };
}

function envoyFilter(namespace: string, gateway: { namespace: string; name: string }): KubeObject {
  const mode = {
    request_header_mode: 'SEND',
    response_header_mode: 'SEND',
    request_body_mode: 'BUFFERED',
    response_body_mode: 'NONE',
  };
  const patch = (rule: number) => ({
    applyTo: 'HTTP_ROUTE',
    match: {
      context: 'GATEWAY',
      routeConfiguration: { vhost: { route: { name: `${namespace}.${NAME}-kserve-route.${rule}` } } },
    },
    patch: {
      operation: 'MERGE',
      value: {
        typed_per_filter_config: {
          'envoy.filters.http.ext_proc': {
            '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute',
            overrides: { processing_mode: mode },
          },
        },
      },
    },
  });
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'inference-pool-route-body-forwarding', namespace: 'opendatahub' },
    spec: {
      workloadSelector: { labels: { 'gateway.networking.k8s.io/gateway-name': gateway.name } },
      configPatches: [patch(0), patch(1)],
    },
  };
}

function networkPolicy(namespace: string, name: string, spec: Record<string, unknown>): KubeObject {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace }, spec };
}
