import { parse, stringify } from 'yaml';
import type { KubeObject } from '../protocol.ts';
import { namesOf } from './kserve-names.ts';
import { type Presets, RUN_AS, withDownload } from './kserve-preset.ts';
import { configFlagOf } from './picker-config.ts';

/**
 * What the presets of KServe v0.20 (config/llmisvcconfig) say with TLS on, as far as it matters to a pod's life. Of the
 * script that starts vLLM only its last command is here; what comes before looks for network cards and versions.
 */

const SECURED = { ...RUN_AS, seccompProfile: { type: 'RuntimeDefault' } };
const SLEEP = { preStop: { exec: { command: ['/bin/sleep', '15'] } } };
const TLS_MOUNT = { mountPath: '/var/run/kserve/tls', name: 'tls-certs', readOnly: true };
const STORAGE_INITIALIZER = 'kserve/storage-initializer:latest';

function workload({ metadata, spec }: KubeObject): Record<string, unknown> {
  const model = spec.model.name ?? metadata.name;
  const tensor = spec.parallelism?.tensor;
  const probe = { httpGet: { path: '/health', port: 8000, scheme: 'HTTPS' } };
  return {
    containers: [
      {
        name: 'main',
        image: 'ghcr.io/llm-d/llm-d-cuda:v0.8.0',
        imagePullPolicy: 'IfNotPresent',
        // What follows `--` goes to vLLM: a user's args add to the preset here, where ODH v0.15 lets them replace it.
        command: [
          '/bin/bash',
          '-c',
          [
            `eval "exec vllm serve /mnt/models`,
            `--served-model-name "${model}" "publishers/${metadata.namespace}/models/${model}"`,
            '--port 8000',
            ...(tensor === undefined ? [] : [`--tensor-parallel-size ${tensor}`]),
            '--enable-ssl-refresh',
            '--ssl-certfile /var/run/kserve/tls/tls.crt',
            '--ssl-keyfile /var/run/kserve/tls/tls.key',
            `\${VLLM_ADDITIONAL_ARGS}`,
            '$@"',
          ].join(' \\\n  '),
          '--',
        ],
        env: [
          { name: 'HOME', value: '/home' },
          { name: 'VLLM_LOGGING_LEVEL', value: 'INFO' },
          { name: 'HF_HUB_CACHE', value: '/models' },
        ],
        ports: [{ containerPort: 8000, protocol: 'TCP' }],
        securityContext: { ...SECURED, readOnlyRootFilesystem: false },
        lifecycle: SLEEP,
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'FallbackToLogsOnError',
        livenessProbe: { ...probe, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 10 },
        readinessProbe: { ...probe, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2 },
        startupProbe: { ...probe, failureThreshold: 60, periodSeconds: 10 },
        volumeMounts: [
          { mountPath: '/home', name: 'home' },
          { mountPath: '/tmp', name: 'tmp-dir' },
          { mountPath: '/dev/shm', name: 'dshm' },
          { mountPath: '/models', name: 'model-cache' },
          TLS_MOUNT,
        ],
      },
    ],
    terminationGracePeriodSeconds: 60,
    volumes: [
      { name: 'home', emptyDir: {} },
      { name: 'dshm', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } },
      { name: 'model-cache', emptyDir: {} },
      { name: 'tmp-dir', emptyDir: {} },
      { name: 'tls-certs', secret: { secretName: namesOf(metadata.name).certificates } },
    ],
  };
}

/**
 * The picker's flags are in `command`, so that a user's args add to them. The preset's tokenizer sidecar is left out:
 * the controller takes it away from a picker without precise-prefix-cache-scorer, and leaves the sidecar's download.
 */
function scheduler({ metadata, spec }: KubeObject): Record<string, unknown> {
  const names = namesOf(metadata.name);
  const probe = { periodSeconds: 10, failureThreshold: 3, successThreshold: 1, timeoutSeconds: 1 };
  const podSpec = {
    serviceAccountName: names.schedulerAccount,
    containers: [
      {
        name: 'main',
        image: 'ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.9.0',
        imagePullPolicy: 'IfNotPresent',
        command: [
          ...['/app/epp', '--pool-name', names.pool, '--pool-namespace', metadata.namespace as string],
          ...['--zap-encoder', 'json', '--grpc-port', '9002', '--grpc-health-port', '9003'],
          ...['--enable-cert-reload=true', '--secure-serving=true', '--model-server-metrics-scheme=https'],
          '--cert-path=/var/run/kserve/tls',
        ],
        env: [
          {
            name: 'SSL_CERT_DIR',
            value: '/var/run/kserve/tls:/var/run/secrets/kubernetes.io/serviceaccount:/etc/pki/tls/certs',
          },
        ],
        ports: [
          { containerPort: 9002, name: 'grpc', protocol: 'TCP' },
          { containerPort: 9003, name: 'grpc-health', protocol: 'TCP' },
          { containerPort: 9090, name: 'metrics', protocol: 'TCP' },
          { containerPort: 5557, name: 'zmq', protocol: 'TCP' },
        ],
        lifecycle: SLEEP,
        livenessProbe: { ...probe, grpc: { port: 9003, service: 'liveness' }, initialDelaySeconds: 5 },
        readinessProbe: { ...probe, grpc: { port: 9003, service: 'readiness' }, initialDelaySeconds: 30 },
        resources: { limits: { cpu: '6', memory: '16Gi' }, requests: { cpu: '1', memory: '2Gi' } },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'FallbackToLogsOnError',
        securityContext: { ...SECURED, readOnlyRootFilesystem: true },
        volumeMounts: [TLS_MOUNT, { mountPath: '/tmp/tokenizer', name: 'tokenizer-uds' }],
      },
    ],
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 60,
    volumes: [
      { name: 'tls-certs', secret: { secretName: names.certificates } },
      ...['tokenizer-uds', 'tokenizer-tmp', 'tokenizer-cache'].map((name) => ({ name, emptyDir: {} })),
    ],
  };
  return withDownload(podSpec, { image: STORAGE_INITIALIZER, uri: spec.model.uri as string, container: null });
}

const PICKER_CONFIG = `
apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
plugins:
- type: single-profile-handler
- type: queue-scorer
- type: kv-cache-utilization-scorer
- type: prefix-cache-scorer
- type: no-hit-lru-scorer
- type: max-score-picker
schedulingProfiles:
- name: default
  plugins:
  - pluginRef: queue-scorer
    weight: 2
  - pluginRef: kv-cache-utilization-scorer
    weight: 2
  - pluginRef: prefix-cache-scorer
    weight: 3
  - pluginRef: no-hit-lru-scorer
    weight: 2
  - pluginRef: max-score-picker
`;

interface Plugin {
  type: string;
  parameters?: Record<string, unknown>;
}

/** Writes the configuration anew, with sorted keys, and without the parameters that picker v0.9 has no more. */
function adjustConfig(container: { args?: string[] }): void {
  const args = container.args ?? [];
  const at = configFlagOf(args);
  if (at === undefined) return;
  let config: { plugins?: Plugin[] };
  try {
    config = parse(args[at + 1] ?? '');
  } catch {
    // What is no YAML is left alone.
    return;
  }
  if (config === null || typeof config !== 'object') return;
  for (const plugin of config.plugins ?? []) {
    if (plugin.type !== 'prefix-cache-scorer' || !plugin.parameters) continue;
    const { prefixMatchInfoProducerName: kept } = plugin.parameters;
    if (kept === undefined) delete plugin.parameters;
    else plugin.parameters = { prefixMatchInfoProducerName: kept };
  }
  args[at + 1] = stringify(config, { sortMapEntries: true, indentSeq: false });
}

export const V020: Presets = {
  workload,
  scheduler,
  schedulerAnnotations: { 'app.kubernetes.io/version': '0.9.0' },
  pickerConfig: PICKER_CONFIG,
  adjustConfig,
  withModel: (podSpec, uri) => withDownload(podSpec, { image: STORAGE_INITIALIZER, uri, container: 'main' }),
};
