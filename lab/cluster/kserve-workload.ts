import { applyPodTemplateDefaults } from '../kube/defaults.ts';
import { copyJson } from '../kube/frozen.ts';
import type { KubeObject, PemPair } from '../protocol.ts';
import { componentLabels, namesOf, schedulerLabels, workloadLabels, workloadSelector } from './kserve-names.ts';
import { presetsOf } from './kserve-presets.ts';
import type { KserveTraits } from './kserve-versions.ts';
import { type Labels, ownedBy } from './objects.ts';
import { configTextOf } from './picker-config.ts';
import { mergePodSpec } from './strategic-merge.ts';

/** URI schemes that the storage initializer downloads. */
const DOWNLOADED = /^(hf|s3|gs|https?):\/\//;

/** Why this controller cannot run the service, in the words that its condition will have; null when it can. */
export function workloadProblem(service: KubeObject): string | null {
  const uri = (service.spec?.model?.uri ?? '') as string;
  if (service.spec?.worker) return 'failed to reconcile multi node workload: no LeaderWorkerSet in this cluster';
  if (service.spec?.prefill)
    return 'failed to reconcile prefill workload: disaggregated serving is not set up in this cluster';
  return DOWNLOADED.test(uri) ? null : `failed to reconcile main workload: unsupported schema in model URI: ${uri}`;
}

/** The model servers. */
export function workloadDeployment(service: KubeObject, traits: KserveTraits): KubeObject {
  const { name } = service.metadata;
  const presets = presetsOf(traits);
  const model = service.spec.model as { uri: string; name?: string };
  const podSpec = presets.withModel(
    mergePodSpec(presets.workload(service), copyJson(service.spec.template ?? {})),
    model.uri,
  );
  return deployment(service, namesOf(name).workload, workloadLabels(name), podSpec, service.spec.replicas ?? 1);
}

/** The endpoint picker, or null when the service has none of its own. */
export function schedulerDeployment(
  service: KubeObject,
  current: KubeObject | undefined,
  traits: KserveTraits,
): KubeObject | null {
  const scheduler = schedulerOf(service);
  if (!scheduler) return null;
  const { name } = service.metadata;
  const presets = presetsOf(traits);
  const podSpec = mergePodSpec(presets.scheduler(service), copyJson(scheduler.template ?? {}));
  const containers = podSpec.containers as { name: string; args?: string[] }[];
  const main = containers.find((container) => container.name === 'main');
  // Looks for the flag as a word of its own, so `--config-text=…` is not seen: that is what the controller does.
  const configured = ['--config-text', '-config-text', '--config-file', '-config-file'].some((flag) =>
    main?.args?.includes(flag),
  );
  if (main && !configured) {
    // What runs already stays, across controller upgrades, unless the service says something itself.
    const running = current?.spec?.template?.spec?.containers?.find((one: { name: string }) => one.name === 'main');
    const inline = scheduler.config?.inline;
    const text = inline
      ? JSON.stringify(inline, null, 2)
      : (configTextOf((running?.args ?? []) as string[]) ?? presets.pickerConfig);
    main.args = [...(main.args ?? []), '--config-text', text];
  }
  if (main) presets.adjustConfig(main);
  const labels = { ...scheduler.labels, ...schedulerLabels(name) };
  const result = deployment(service, namesOf(name).scheduler, labels, podSpec, scheduler.replicas ?? 1);
  if (traits.pickerStrategy === 'Recreate') result.spec.strategy = { type: 'Recreate' };
  result.spec.template.metadata.annotations = { ...presets.schedulerAnnotations, ...scheduler.annotations };
  return result;
}

interface Scheduler {
  template?: Record<string, unknown>;
  config?: { inline?: unknown };
  replicas?: number;
  labels?: Labels;
  annotations?: Labels;
  pool?: { ref?: { name?: string }; spec?: Record<string, unknown> };
}

/** The service's own scheduler; undefined without one, or when it uses somebody else's pool. */
export function schedulerOf(service: KubeObject): Scheduler | undefined {
  const scheduler = service.spec?.router?.scheduler as Scheduler | undefined;
  return scheduler?.pool?.ref?.name ? undefined : scheduler;
}

function deployment(
  service: KubeObject,
  name: string,
  labels: Labels,
  podSpec: Record<string, unknown>,
  replicas: number,
): KubeObject {
  const template = { metadata: { labels }, spec: podSpec };
  applyPodTemplateDefaults(template);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: child(service, name, labels),
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template,
      // Defaults of the API server; the controller sets none, and a strategy patched in by hand is reverted.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
  };
}

export function workloadService(service: KubeObject): KubeObject {
  const { name } = service.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: child(service, namesOf(name).workloadService, componentLabels(name, 'llminferenceservice-workload')),
    spec: {
      type: 'ClusterIP',
      selector: workloadSelector(name),
      ports: [{ name: 'https', protocol: 'TCP', appProtocol: 'https', port: 8000, targetPort: 8000 }],
    },
  };
}

export function schedulerService(service: KubeObject): KubeObject {
  const { name } = service.metadata;
  const ports = { grpc: 9002, 'grpc-health': 9003, metrics: 9090, zmq: 5557 };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: child(service, namesOf(name).schedulerService, schedulerLabels(name)),
    spec: {
      type: 'ClusterIP',
      selector: schedulerLabels(name),
      ports: Object.entries(ports).map(([port, number]) => ({
        name: port,
        protocol: 'TCP',
        port: number,
        targetPort: port,
      })),
    },
  };
}

export function schedulerAccount(service: KubeObject): KubeObject {
  const { name } = service.metadata;
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: child(service, namesOf(name).schedulerAccount, schedulerLabels(name)),
  };
}

/** The Secret with the certificate that workload and scheduler serve with. */
export function certificates(
  service: KubeObject,
  tls: PemPair,
  caPem: string,
  { expiration }: KserveTraits,
): KubeObject {
  const { name } = service.metadata;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const tenYears = new Date(Date.parse(service.metadata.creationTimestamp as string) + 10 * 365 * 86_400_000);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...child(service, namesOf(name).certificates, componentLabels(name, 'llminferenceservice-workload')),
      annotations: { [expiration]: tenYears.toISOString().replace(/\.\d+Z$/, 'Z') },
    },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(tls.cert), 'tls.key': base64(tls.key), 'ca.crt': base64(caPem) },
  };
}

/** Metadata of an object that belongs to the service. */
export function child(service: KubeObject, name: string, labels: Labels): KubeObject['metadata'] {
  return { name, namespace: service.metadata.namespace as string, labels, ownerReferences: ownedBy(service) };
}
