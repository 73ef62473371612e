import type { KubeObject, ObjectRef } from '../../../clients/kubernetes/objects.ts';
import { ACCELERATOR_LABEL, TOPOLOGY_LABEL, TPU_RESOURCE } from '../../../tpu/machines.ts';
import { labelsOf, POOL_LABEL } from '../../../tpu/node-labels.ts';
import type { Prepared } from '../../context.ts';
import { MANAGED_BY, RUN_ANNOTATION } from '../../deploy/marks.ts';

/** Marks the pods that hold nodes, with the key of their run. */
export const HOLD_LABEL = 'tpu-serving-gate/holds';
/** PriorityClass of these pods: `manifests/rbac/capacity.yaml` brings it. */
export const HOLDER_PRIORITY = 'tpu-serving-gate-holder';
export const PROVISIONING_API = 'autoscaling.x-k8s.io/v1';
/** GKE's class, the only one that its autoscaler serves for pools with queued provisioning. */
const PROVISIONING_CLASS = 'queued-provisioning.gke.io';
const QUEUED_TAINT = 'cloud.google.com/gke-queued';
const UID = 65_535;

export interface HolderOptions {
  namespace: string;
  runKey: string;
  image: string;
  /** Local queue of Kueue; empty without one. */
  queue: string;
  pool: Prepared['pool'];
  demand: NonNullable<Prepared['demand']>;
  /** Nodes to hold, one pod each. */
  nodes: number;
}

function holdName(runKey: string): string {
  return `tpu-gate-hold-${runKey}`;
}

/** Owns all that holds nodes for a run: with it go the holder pods. */
export function holdRef(namespace: string, runKey: string): ObjectRef<'PodTemplate'> {
  return { apiVersion: 'v1', kind: 'PodTemplate', name: holdName(runKey), namespace };
}

/** The request for nodes of a pool with queued provisioning. */
export function requestRef(namespace: string, runKey: string): ObjectRef<'ProvisioningRequest'> {
  return { apiVersion: PROVISIONING_API, kind: 'ProvisioningRequest', name: holdName(runKey), namespace };
}

/** Name of the pod that holds one node; `index` counts from 0. */
export function holderName(runKey: string, index: number): string {
  return `${holdName(runKey)}-${index}`;
}

/** The template of the holder pods, in the form that a ProvisioningRequest refers to. */
export function holderTemplate(options: HolderOptions): KubeObject {
  const { namespace, runKey } = options;
  return {
    ...{ apiVersion: 'v1', kind: 'PodTemplate' },
    metadata: {
      ...{ name: holdName(runKey), namespace, annotations: { [RUN_ANNOTATION]: runKey } },
      // GKE applies its admission of pods to the template then, such as tolerations for TPUs.
      labels: { ...MANAGED_BY, 'cloud.google.com/apply-warden-policies': 'true' },
    },
    template: { metadata: { labels: labelsOfHolder(options) }, spec: holderSpec(options) },
  };
}

/** One pod that takes all chips of one node and does nothing. It belongs to the template. */
export function holderPod(options: HolderOptions, template: KubeObject, index: number): KubeObject {
  const { namespace, runKey, queue, demand, nodes } = options;
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      ...{ name: holderName(runKey, index), namespace },
      labels: labelsOfHolder(options),
      annotations: {
        [RUN_ANNOTATION]: runKey,
        // The autoscaler leaves a node alone while such a pod is on it.
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
        ...(demand.queued
          ? {
              'autoscaling.x-k8s.io/consume-provisioning-request': holdName(runKey),
              'autoscaling.x-k8s.io/provisioning-class-name': PROVISIONING_CLASS,
            }
          : {}),
        ...(queue === '' ? {} : { 'kueue.x-k8s.io/pod-group-total-count': String(nodes) }),
      },
      ownerReferences: [ownedBy(template)],
    },
    spec: holderSpec(options),
  };
}

/** Asks for all nodes at once; GKE brings all of them or none. */
export function provisioningRequest(
  { namespace, runKey, nodes }: Pick<HolderOptions, 'namespace' | 'runKey' | 'nodes'>,
  template: KubeObject,
  seconds: number,
): KubeObject {
  return {
    ...{ apiVersion: PROVISIONING_API, kind: 'ProvisioningRequest' },
    metadata: {
      ...{ name: holdName(runKey), namespace, annotations: { [RUN_ANNOTATION]: runKey }, labels: { ...MANAGED_BY } },
      ownerReferences: [ownedBy(template)],
    },
    spec: {
      provisioningClassName: PROVISIONING_CLASS,
      // The nodes go by then, however the run ends.
      parameters: { maxRunDurationSeconds: String(seconds) },
      podSets: [{ count: nodes, podTemplateRef: { name: holdName(runKey) } }],
    },
  };
}

function ownedBy({ apiVersion, kind, metadata }: KubeObject) {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' };
}

function labelsOfHolder({ runKey, queue }: HolderOptions): Record<string, string> {
  return {
    ...MANAGED_BY,
    ...{ [HOLD_LABEL]: runKey, 'sidecar.istio.io/inject': 'false' },
    // Pods of one group are admitted together.
    ...(queue === '' ? {} : { 'kueue.x-k8s.io/queue-name': queue, 'kueue.x-k8s.io/pod-group-name': holdName(runKey) }),
  };
}

/** What a holder pod is. */
export function holderSpec({ pool, demand, image, runKey }: HolderOptions): Record<string, unknown> {
  const label = labelsOf(pool);
  const selected = [POOL_LABEL, ACCELERATOR_LABEL, TOPOLOGY_LABEL, ...(pool.flexStart ? [FLEX_START_LABEL] : [])];
  const resources = { [TPU_RESOURCE]: String(demand.chips), cpu: '10m', memory: '16Mi' };
  return {
    nodeSelector: Object.fromEntries(selected.flatMap((name) => (label(name) ? [[name, label(name)]] : []))),
    tolerations: tolerations(pool.taints, demand.queued),
    // One pod to a node, however many chips a machine has.
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { [HOLD_LABEL]: runKey } } },
        ],
      },
    },
    ...{ priorityClassName: HOLDER_PRIORITY, restartPolicy: 'Always', terminationGracePeriodSeconds: 0 },
    ...{ automountServiceAccountToken: false, enableServiceLinks: false },
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: UID, runAsGroup: UID },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        ...{ name: 'hold', image, imagePullPolicy: 'IfNotPresent' },
        resources: { requests: resources, limits: resources },
        securityContext: {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  };
}

const FLEX_START_LABEL = 'cloud.google.com/gke-flex-start';

/** For the taints of the pool, in Kubernetes' words, and for those that GKE adds by itself. */
function tolerations(taints: Prepared['pool']['taints'], queued: boolean): Record<string, string>[] {
  const own = taints
    .filter(({ key }) => key !== TPU_RESOURCE && key !== QUEUED_TAINT)
    .map(({ key, value }) => (value === '' ? { key, operator: 'Exists' } : { key, operator: 'Equal', value }));
  return [
    { key: TPU_RESOURCE, operator: 'Exists', effect: 'NoSchedule' },
    ...(queued ? [{ key: QUEUED_TAINT, operator: 'Exists', effect: 'NoSchedule' }] : []),
    ...own,
  ];
}
