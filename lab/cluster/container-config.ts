import { type ContainerSpec, containerEvent, type KeyRef, type PodContext, setWaiting } from './pod-context.ts';
import type { ContainerRecord } from './pod-status.ts';
import { CONFIG_MAPS, SECRETS } from './resources.ts';

const RETRY_AFTER = 10;

/** Waits until everything that the container's environment refers to exists; says what is missing meanwhile. */
export async function waitForConfig(
  context: PodContext,
  container: ContainerSpec,
  record: ContainerRecord,
): Promise<void> {
  for (;;) {
    const problem = configProblem(context, container);
    if (problem === null) return;
    containerEvent(context, record, 'Warning', 'Failed', `Error: ${problem}`);
    setWaiting(context, record, 'CreateContainerConfigError', problem);
    await context.clock.pause(RETRY_AFTER, context.signal);
  }
}

/** Waits until every Secret and ConfigMap that the pod mounts exists. */
export async function waitForVolumes(context: PodContext): Promise<void> {
  for (;;) {
    const problem = volumeProblem(context) ?? (isReplica(context) ? context.scenario.cluster.unmounted : null);
    if (problem === null) return;
    context.event(context.pod, 'Warning', 'FailedMount', problem, { host: context.pod.spec.nodeName as string });
    await context.clock.pause(RETRY_AFTER, context.signal);
  }
}

function isReplica({ pod }: PodContext): boolean {
  return pod.metadata.labels?.['kserve.io/component'] === 'workload';
}

function configProblem(context: PodContext, container: ContainerSpec): string | null {
  for (const { valueFrom } of container.env ?? []) {
    const problem =
      keyProblem(context, 'secret', valueFrom?.secretKeyRef) ??
      keyProblem(context, 'configmap', valueFrom?.configMapKeyRef);
    if (problem) return problem;
  }
  for (const { secretRef, configMapRef } of container.envFrom ?? []) {
    if (secretRef && !secretRef.optional && !find(context, 'secret', secretRef.name))
      return missing('secret', secretRef.name);
    if (configMapRef && !configMapRef.optional && !find(context, 'configmap', configMapRef.name)) {
      return missing('configmap', configMapRef.name);
    }
  }
  return null;
}

function keyProblem(context: PodContext, kind: 'secret' | 'configmap', ref: KeyRef | undefined): string | null {
  if (!ref || ref.optional) return null;
  const object = find(context, kind, ref.name);
  if (!object) return missing(kind, ref.name);
  if (ref.key in { ...object.data, ...object.stringData }) return null;
  const named = kind === 'secret' ? 'Secret' : 'ConfigMap';
  return `couldn't find key ${ref.key} in ${named} ${context.pod.metadata.namespace}/${ref.name}`;
}

function volumeProblem(context: PodContext): string | null {
  for (const volume of context.pod.spec.volumes ?? []) {
    const [kind, name, optional] = volume.secret
      ? (['secret', volume.secret.secretName, volume.secret.optional] as const)
      : (['configmap', volume.configMap?.name, volume.configMap?.optional] as const);
    if (name && !optional && !find(context, kind, name)) {
      return `MountVolume.SetUp failed for volume "${volume.name}" : ${missing(kind, name)}`;
    }
  }
  return null;
}

const missing = (kind: 'secret' | 'configmap', name: string) => `${kind} "${name}" not found`;

function find({ store, pod }: PodContext, kind: 'secret' | 'configmap', name: string) {
  return store.get(kind === 'secret' ? SECRETS : CONFIG_MAPS, pod.metadata.namespace, name);
}
