import type { Manifest } from '../../clients/files/manifests.ts';
import type { ClusterInfo } from '../../clients/google/gke.ts';
import type { NodePoolInfo } from '../../clients/google/node-pool.ts';
import type { LLMInferenceService } from '../../clients/kubernetes/kinds.ts';
import type { KubeObject } from '../../clients/kubernetes/objects.ts';
import { humanDuration } from '../../lib/duration.ts';
import { Failure } from '../../lib/failure.ts';
import { grantCommand } from '../../lib/gate-files.ts';
import { containersIn, type PlannedPods } from '../../stack/planned-pods.ts';
import { chipsOf } from '../../tpu/machines.ts';
import { chipsAsked } from '../../tpu/placement.ts';
import { choosePool, isByDemand } from '../../tpu/pool-shape.ts';
import type { Demand, StageContext } from '../context.ts';
import { HOLDER_PRIORITY, holderSpec, PROVISIONING_API } from '../lease/demand/holders.ts';
import { isAllowedImage } from './guard-never.ts';
import type { Look } from './table.ts';

/** The pool whose nodes come by demand. Null for a resize, and for a pool that is not known or refused, which a line of its own reports. */
export function demandPool(
  cluster: ClusterInfo,
  { nodePool, capacity }: Pick<StageContext['inputs'], 'nodePool' | 'capacity'>,
): NodePoolInfo | null {
  try {
    const pool = choosePool(cluster, nodePool);
    return isByDemand(pool, capacity) ? pool : null;
  } catch {
    return null;
  }
}

/** How the nodes of a pool are to be got by demand: a holder asks for all chips of a machine, or for those of a replica. */
export function demandOn(
  pool: NodePoolInfo,
  manifest: Manifest,
  { scaleDownTimeoutMs }: Pick<StageContext['inputs'], 'scaleDownTimeoutMs'>,
): Demand {
  const { spec }: LLMInferenceService = manifest.object;
  const chips = chipsOf(pool.machineType) ?? (chipsAsked(spec?.template) || 1);
  return { chips, scaleDownMs: scaleDownTimeoutMs, queued: pool.queuedProvisioning };
}

/** The pods that hold the nodes, as those of a quota: they exist beside the replicas until these have replaced them. */
export function plannedHolders(
  pool: NodePoolInfo,
  manifest: Manifest,
  { inputs, runKey }: Pick<StageContext, 'inputs' | 'runKey'>,
  count: number,
): PlannedPods {
  const { holderImage: image, capacityQueue: queue, namespace } = inputs;
  const demand = demandOn(pool, manifest, inputs);
  const spec = holderSpec({ namespace, runKey, image, queue, pool, demand, nodes: count });
  const path = ['spec', 'template'];
  const containers = containersIn(spec, path);
  return {
    what: 'the pods that hold the nodes',
    count,
    spec,
    annotations: {},
    containers,
    manifest,
    path,
    isOpen: false,
  };
}

/** Replicas have this priority, unless their manifests name a class. */
const USUAL_PRIORITY = 0;
/** Pods below it bring no nodes (`expendable-pods-priority-cutoff` of the cluster autoscaler). */
const LOWEST_PRIORITY = -10;

/** Whether the pods that hold the nodes can be made, bring nodes, and give way to the replicas. */
export async function checkCapacity(
  { kube, inputs }: Pick<StageContext, 'kube' | 'inputs'>,
  { queued, scaleDownMs }: Demand,
): Promise<Look> {
  const { holderImage, guard, capacityQueue } = inputs;
  const isDefault = holderImage.startsWith('registry.k8s.io/pause:');
  if (!isDefault && !isAllowedImage(holderImage, guard.registries)) {
    throw refuse(
      'holder-image',
      `"holder-image" is ${holderImage}, of none of the allowed registries (${guard.registries.join(', ')}).`,
      'Add its repository to "allowed-registries", or leave the input out.',
    );
  }
  if (queued && !(await kube.serves(PROVISIONING_API, 'ProvisioningRequest'))) {
    throw refuse(
      'provisioning-missing',
      `The pool takes a ProvisioningRequest, and the cluster does not serve ${PROVISIONING_API}.`,
      'Update the cluster to GKE 1.32.2-gke.1652000 or later.',
    );
  }
  const priority = await readPriority(kube);
  if (priority === 'not-readable') {
    return { outcome: 'not-checked', seen: `PriorityClass ${HOLDER_PRIORITY} may not be read by this identity` };
  }
  if (!priority) {
    throw refuse(
      'holder-priority',
      `PriorityClass ${HOLDER_PRIORITY} does not exist: replicas could not replace the pods that hold the nodes.`,
      `Create it: ${grantCommand(['capacity'], { namespace: inputs.namespace })}`,
    );
  }
  const value = Number(priority.value);
  if (!(value < USUAL_PRIORITY && value >= LOWEST_PRIORITY)) {
    throw refuse(
      'holder-priority',
      `PriorityClass ${HOLDER_PRIORITY} has the value ${value}: from ${LOWEST_PRIORITY} to -1, pods bring nodes and give way to replicas.`,
      `Delete it, and create it as it ships: ${grantCommand(['capacity'], { namespace: inputs.namespace })}`,
    );
  }
  const by = queued ? 'a ProvisioningRequest and pods that hold the nodes' : 'pods that hold the nodes';
  const queue = capacityQueue === '' ? '' : `, in queue ${capacityQueue}`;
  return { seen: `by ${by}${queue}; the autoscaler has ${humanDuration(scaleDownMs)} to remove them afterwards` };
}

async function readPriority(kube: StageContext['kube']): Promise<KubeObject | null | 'not-readable'> {
  try {
    return await kube.get({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', name: HOLDER_PRIORITY });
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'kube-permission') throw error;
    return 'not-readable';
  }
}

function refuse(code: string, message: string, hint: string): Failure {
  return new Failure({ stage: 'preflight', code, message, hint });
}
