import { namesOf } from './kserve-names.ts';
import { type Presets, RUN_AS, withDownload } from './kserve-preset.ts';

/**
 * What the well-known LLMInferenceServiceConfigs of ODH v0.15 say, as far as it matters to a pod's life: shapes,
 * ports, flags, TLS files, probes and mounts.
 */

/** `kserve-config-llm-template`. Its args are one script for `bash -c`, so that a user's args replace the script. */
function workloadPreset(service: string, model: string): Record<string, unknown> {
  const probe = { httpGet: { path: '/health', port: 8000, scheme: 'HTTPS' }, periodSeconds: 10 };
  return {
    containers: [
      {
        name: 'main',
        image: 'ghcr.io/llm-d/llm-d-dev:v0.2.2',
        imagePullPolicy: 'IfNotPresent',
        command: ['/bin/bash', '-c'],
        args: [
          [
            `eval "vllm serve /mnt/models --served-model-name '${model}' --port 8000 \${VLLM_ADDITIONAL_ARGS}`,
            '--enable-ssl-refresh',
            '--ssl-certfile /var/run/kserve/tls/tls.crt --ssl-keyfile /var/run/kserve/tls/tls.key"',
          ].join(' \\\n  '),
        ],
        env: [
          { name: 'HOME', value: '/home' },
          { name: 'VLLM_LOGGING_LEVEL', value: 'INFO' },
          { name: 'HF_HUB_CACHE', value: '/models' },
        ],
        ports: [{ containerPort: 8000, protocol: 'TCP' }],
        securityContext: { ...RUN_AS, readOnlyRootFilesystem: false },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'FallbackToLogsOnError',
        livenessProbe: { ...probe, initialDelaySeconds: 120, timeoutSeconds: 10, failureThreshold: 3 },
        readinessProbe: { ...probe, initialDelaySeconds: 10, timeoutSeconds: 5, failureThreshold: 60 },
        volumeMounts: [
          { mountPath: '/home', name: 'home' },
          { mountPath: '/dev/shm', name: 'dshm' },
          { mountPath: '/models', name: 'model-cache' },
          { mountPath: '/var/run/kserve/tls', name: 'tls-certs', readOnly: true },
        ],
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    volumes: [
      { name: 'home', emptyDir: {} },
      { name: 'dshm', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } },
      { name: 'model-cache', emptyDir: {} },
      { name: 'tls-certs', secret: { secretName: namesOf(service).certificates } },
    ],
  };
}

/** `kserve-config-llm-scheduler`: the endpoint picker. */
function schedulerPreset(service: string, namespace: string): Record<string, unknown> {
  const names = namesOf(service);
  const probe = {
    grpc: { port: 9003, service: 'envoy.service.ext_proc.v3.ExternalProcessor' },
    periodSeconds: 10,
    failureThreshold: 3,
    timeoutSeconds: 1,
  };
  return {
    serviceAccountName: names.schedulerAccount,
    containers: [
      {
        name: 'main',
        image: 'ghcr.io/llm-d/llm-d-inference-scheduler:v0.4.0',
        imagePullPolicy: 'IfNotPresent',
        args: [
          ...['--pool-name', names.pool, '--pool-namespace', namespace],
          ...['--pool-group', 'inference.networking.x-k8s.io', '--zap-encoder', 'json'],
          ...['--grpc-port', '9002', '--grpc-health-port', '9003', '--secure-serving'],
          ...['--model-server-metrics-scheme', 'https', '--cert-path', '/var/run/kserve/tls'],
        ],
        ports: [
          { containerPort: 9002, name: 'grpc', protocol: 'TCP' },
          { containerPort: 9003, name: 'grpc-health', protocol: 'TCP' },
          { containerPort: 9090, name: 'metrics', protocol: 'TCP' },
          { containerPort: 5557, name: 'zmq', protocol: 'TCP' },
        ],
        livenessProbe: { ...probe, initialDelaySeconds: 5 },
        readinessProbe: { ...probe, initialDelaySeconds: 30 },
        resources: { requests: { cpu: '256m', memory: '500Mi' } },
        securityContext: { ...RUN_AS, readOnlyRootFilesystem: true },
        volumeMounts: [{ mountPath: '/var/run/kserve/tls', name: 'tls-certs', readOnly: true }],
      },
    ],
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    volumes: [{ name: 'tls-certs', secret: { secretName: names.certificates } }],
  };
}

/** The scheduling profile that the controller gives a picker that has none: prefix affinity before load. */
const PICKER_CONFIG = `
apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
plugins:
- type: single-profile-handler
- type: prefix-cache-scorer
- type: load-aware-scorer
- type: max-score-picker
schedulingProfiles:
- name: default
  plugins:
  - pluginRef: prefix-cache-scorer
    weight: 2.0
  - pluginRef: load-aware-scorer
    weight: 1.0
  - pluginRef: max-score-picker
`;

const STORAGE_INITIALIZER = 'quay.io/opendatahub/kserve-storage-initializer:v0.15-latest';

export const ODH_V015: Presets = {
  workload: ({ metadata, spec }) => workloadPreset(metadata.name, spec.model.name ?? metadata.name),
  scheduler: ({ metadata }) => schedulerPreset(metadata.name, metadata.namespace as string),
  schedulerAnnotations: {},
  pickerConfig: PICKER_CONFIG,
  adjustConfig: () => {},
  withModel: (podSpec, uri) => withDownload(podSpec, { image: STORAGE_INITIALIZER, uri, container: 'main' }),
};
