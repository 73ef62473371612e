import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { KubeObject } from '../protocol.ts';

const NAMESPACE = 'istio-system';
const CHART = 'istio/manifests/charts/istio-control/istio-discovery';
const TAG = '1.31-dev';
const PORTS = { grpc: 15_010, secureGrpc: 15_012, http: 15_080, https: 15_017, monitoring: 15_014 };

/** Where Envoy asks for its configuration, without TLS. */
export const XDS_PORT = PORTS.grpc;

/**
 * istiod, with the settings that a stock Envoy and a cluster without webhooks need, and without those that only a mesh
 * needs. Its account is the cluster's administrator; the role of its chart is a template of Helm's.
 */
export function istioObjects(assets: string): KubeObject[] {
  const metadata = (name: string) => ({ name, namespace: NAMESPACE });
  const labels = { app: 'istiod', istio: 'pilot' };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata('istiod') },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'istiod' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'istiod', namespace: NAMESPACE }],
    },
    // Nobody serves certificates to a stock Envoy, so there is no mutual TLS.
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata('istio'),
      data: { mesh: stringify({ rootNamespace: NAMESPACE, trustDomain: 'cluster.local', enableAutoMtls: false }) },
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('istio-sidecar-injector'), data: injection(assets) },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...metadata('istiod'), labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec() },
      },
    },
  ];
}

/** What istiod makes a gateway's Deployment, Service and account of. */
function injection(assets: string): Record<string, string> {
  const chart = (name: string) => readFileSync(join(assets, CHART, name), 'utf8');
  const { global, revision, sidecarInjectorWebhook, cni, env, gateways } = parse(
    chart('values.yaml'),
  )._internal_defaults_do_not_set;
  return {
    config: stringify({ policy: 'disabled', templates: { 'kube-gateway': chart('files/kube-gateway.yaml') } }),
    values: JSON.stringify({
      global: { ...global, hub: 'docker.io/istio', tag: TAG },
      revision,
      sidecarInjectorWebhook,
      pilot: { cni, env },
      gateways,
    }),
  };
}

function podSpec(): Record<string, unknown> {
  const env = {
    ENABLE_GATEWAY_API_INFERENCE_EXTENSION: 'true',
    // A stock Envoy refuses every cluster with the first filter, and every listener with the second.
    PILOT_ENABLE_METADATA_EXCHANGE: 'false',
    PILOT_ENABLE_ALPN_FILTER: 'false',
    POD_NAMESPACE: NAMESPACE,
    REVISION: 'default',
    CLUSTER_ID: 'Kubernetes',
    INJECTION_WEBHOOK_CONFIG_NAME: '',
    VALIDATION_WEBHOOK_CONFIG_NAME: '',
  };
  const mounts = { istio: '/etc/istio/config', 'istio-sidecar-injector': '/var/lib/istio/inject' };
  return {
    serviceAccountName: 'istiod',
    containers: [
      {
        name: 'discovery',
        image: `docker.io/istio/pilot:${TAG}`,
        args: [
          'discovery',
          `--grpcAddr=127.0.0.1:${PORTS.grpc}`,
          `--secureGRPCAddr=127.0.0.1:${PORTS.secureGrpc}`,
          `--httpAddr=127.0.0.1:${PORTS.http}`,
          `--httpsAddr=127.0.0.1:${PORTS.https}`,
          `--monitoringAddr=127.0.0.1:${PORTS.monitoring}`,
        ],
        env: [
          { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ...Object.entries(env).map(([name, value]) => ({ name, value })),
        ],
        readinessProbe: { httpGet: { host: '127.0.0.1', path: '/ready', port: PORTS.http }, periodSeconds: 3 },
        volumeMounts: Object.entries(mounts).map(([name, mountPath]) => ({ name, mountPath })),
        resources: { requests: { cpu: '100m', memory: '300Mi' } },
      },
    ],
    volumes: Object.keys(mounts).map((name) => ({ name, configMap: { name } })),
  };
}

/** The gateway of inference. istiod makes everything behind it. */
export function gatewayObject({ namespace, name }: { namespace: string; name: string }): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { namespace, name },
    spec: {
      gatewayClassName: 'istio',
      listeners: [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }],
    },
  };
}
