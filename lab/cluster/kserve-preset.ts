import type { KubeObject } from '../protocol.ts';
import { mergePodSpec } from './strategic-merge.ts';

type PodSpec = Record<string, unknown>;

/** What a controller's presets and its own defaults say of the pods of a service. */
export interface Presets {
  /** `kserve-config-llm-template`. */
  workload(service: KubeObject): PodSpec;
  /** `kserve-config-llm-scheduler`: the endpoint picker. */
  scheduler(service: KubeObject): PodSpec;
  schedulerAnnotations: Record<string, string>;
  /** The EndpointPickerConfig of a picker that has none. */
  pickerConfig: string;
  /** Brings the configuration of the picker's container to the picker's version, in place. */
  adjustConfig(container: { args?: string[] }): void;
  /** Adds the download of the model to a workload's pod. */
  withModel(podSpec: PodSpec, uri: string): PodSpec;
}

export const RUN_AS = { allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: ['ALL'] } };

/** Adds a download: an init container, and a volume that the container reads; none where it is null. */
export function withDownload(
  podSpec: PodSpec,
  options: { image: string; uri: string; container: string | null },
): PodSpec {
  const { image, uri, container } = options;
  const mount = { mountPath: '/mnt/models', name: 'kserve-provision-location' };
  return mergePodSpec(podSpec, {
    initContainers: [
      {
        name: 'storage-initializer',
        image,
        args: [uri, '/mnt/models'],
        resources: { requests: { cpu: '100m', memory: '100Mi' }, limits: { cpu: '1', memory: '1Gi' } },
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts: [mount],
      },
    ],
    ...(container ? { containers: [{ name: container, volumeMounts: [{ ...mount, readOnly: true }] }] } : {}),
    volumes: [{ name: 'kserve-provision-location', emptyDir: {} }],
  });
}
