import type { Manifest } from '../../clients/files/manifests.ts';
import type { ClusterInfo, GkeClient, NodePoolInfo } from '../../clients/google/gke.ts';
import type { LLMInferenceService } from '../../clients/kubernetes/kinds.ts';
import { Failure } from '../../lib/failure.ts';
import type { ServiceRef } from '../../stack/refs.ts';
import { evidenceAt, mainOf } from '../../stack/service.ts';
import { ACCELERATOR_LABEL, chipsOf, machineOf, TOPOLOGY_LABEL, TPU_RESOURCE } from '../../tpu/machines.ts';
import { checkPool, poolNotes } from '../../tpu/pool-shape.ts';
import type { Look } from './table.ts';

export async function checkClusterState(cluster: ClusterInfo): Promise<Look> {
  if (cluster.status !== 'RUNNING' && cluster.status !== 'RECONCILING') {
    throw new Failure({
      stage: 'preflight',
      code: 'cluster-not-running',
      message: `Cluster ${cluster.name} is ${cluster.status}.`,
      hint: 'Wait until it is RUNNING.',
      blame: 'cluster',
    });
  }
  return { seen: `${cluster.name} is ${cluster.status}, version ${cluster.version ?? 'unknown'}` };
}

/**
 * The permissions in Google Cloud by trying each: reading is what brought us here, the others are tried without effect.
 * Of an identity that only reads, the resize is not tried.
 */
export async function checkGooglePermissions(gke: GkeClient, readOnly = false): Promise<Look> {
  if (readOnly) {
    await gke.listOperations();
    const seen = `clusters.get, operations.list; clusters.update is another identity's ("read-only")`;
    return { outcome: 'not-checked', seen };
  }
  const [, resizes] = await Promise.all([gke.listOperations(), gke.tryResizePermission()]);
  if (resizes) return { seen: 'clusters.get, clusters.update, operations.list' };
  return {
    outcome: 'not-checked',
    seen: 'clusters.get, operations.list; whether clusters.update is there, the API did not tell',
  };
}

/** Whether the pool can be resized, given back, and holds the replicas. */
export function checkShape(
  pool: NodePoolInfo,
  sizes: { nodes: number; restingNodes: number; runMs: number },
  manifest: Manifest,
  service: ServiceRef,
): Look {
  const { nodes, restingNodes, runMs } = sizes;
  checkPool(pool, nodes, restingNodes);
  checkFit(pool, nodes, manifest, service);
  checkTaints(pool, manifest, service);
  const notes = poolNotes(pool, runMs);
  const chips = chipsOf(pool.machineType);
  if (chips === null) return unknownMachines(pool, notes);
  const seen = `${pool.name}: ${pool.machineType}${pool.spot ? ' on spot' : ''}, ${nodes} × ${chips} chips for ${service.replicas} replicas, ${restingNodes} at rest`;
  return notes.length > 0 ? { outcome: 'warning', seen: `${seen}; ${notes.join('; ')}` } : { seen };
}

/** A family that came after this version of the gate, or before it: accepted, and said not to be checked. */
function unknownMachines({ name, machineType }: NodePoolInfo, notes: readonly string[]): Look {
  const seen = `${name}: the gate has no facts about ${machineType ?? 'its machines'}, so chips and hosts are not checked`;
  return {
    outcome: 'not-checked',
    seen: [seen, ...notes].join('; '),
    remedy: 'Check by hand that a replica asks for all chips of a node, and that a slice is one host.',
  };
}

/** GKE spells the effects of a pool's taints in its own way, and puts google.com/tpu on TPU nodes whatever the pool says. */
function checkTaints(pool: NodePoolInfo, manifest: Manifest, service: ServiceRef): void {
  const { spec }: LLMInferenceService = manifest.object;
  const tolerations = spec?.template?.tolerations ?? [];
  const tolerated = ({ key, value }: NodePoolInfo['taints'][number]) =>
    tolerations.some(
      (one) =>
        (one.key === undefined || one.key === '' || one.key === key) &&
        (one.operator === 'Exists' || (one.value ?? '') === value),
    );
  const hard = pool.taints.filter(({ effect }) => !/PREFER/i.test(effect));
  const [first] = hard.filter((taint) => !tolerated(taint));
  if (!first) return;
  const shown = `${first.key}${first.value ? `=${first.value}` : ''}`;
  throw new Failure({
    stage: 'preflight',
    code: 'pool-mismatch',
    message: `The pods of ${service.name} do not tolerate the taint ${shown} of node pool ${pool.name}: they would find no node.`,
    hint: `Add to spec.template.tolerations: {key: ${first.key}, operator: Exists}.`,
    blame: 'change',
    evidence: evidenceAt(manifest, ['spec', 'template', 'tolerations'], `no toleration for ${shown}`),
  });
}

function checkFit(pool: NodePoolInfo, nodes: number, manifest: Manifest, service: ServiceRef): void {
  const machine = machineOf(pool.machineType);
  const object: LLMInferenceService = manifest.object;
  const { resources } = mainOf(object) ?? {};
  const asked = Number({ ...resources?.limits, ...resources?.requests }[TPU_RESOURCE] ?? 0);
  const selector = object.spec?.template?.nodeSelector ?? {};
  const wrong = [
    misfit(selector, ACCELERATOR_LABEL, machine?.accelerator ?? null),
    misfit(selector, TOPOLOGY_LABEL, pool.tpuTopology ?? machine?.hostTopology ?? null),
  ].filter((each) => each !== null);
  if (wrong.length > 0) {
    throw new Failure({
      stage: 'preflight',
      code: 'pool-mismatch',
      message: `The pods of ${service.name} would find no node of ${pool.name}: ${wrong.join('; ')}.`,
      hint: 'Correct spec.template.nodeSelector, or name another "node-pool".',
      blame: 'change',
      evidence: evidenceAt(manifest, ['spec', 'template', 'nodeSelector'], wrong.join('; ')),
    });
  }
  if (machine === null || asked === 0) return;
  const { chips } = machine;
  if (asked !== chips) {
    throw new Failure({
      stage: 'preflight',
      code: 'pool-mismatch',
      message: `A replica of ${service.name} asks for ${asked} chips, and a ${pool.machineType} has ${chips}: GKE gives a pod all chips of its node or none.`,
      hint: `Set requests and limits of ${TPU_RESOURCE} to "${chips}", or name a pool of other machines.`,
      blame: 'change',
      evidence: evidenceAt(manifest, /google\.com\/tpu: *["']?\d/, `${asked} chips on a machine of ${chips}`),
    });
  }
  if (nodes * chips < service.replicas * asked) {
    throw new Failure({
      stage: 'preflight',
      code: 'pool-too-small',
      message: `${service.replicas} replicas of ${asked} chips do not fit on ${nodes} ${nodes === 1 ? 'node' : 'nodes'} of ${chips}.`,
      hint: `Set "nodes" to ${Math.ceil((service.replicas * asked) / chips)}, or leave it out.`,
      blame: 'config',
    });
  }
}

/** What a node selector has of a label that the pool's nodes have otherwise; null where they fit or nothing is known. */
function misfit(selector: Readonly<Record<string, string>>, label: string, given: string | null): string | null {
  const wanted = selector[label];
  return given !== null && wanted !== undefined && wanted !== given
    ? `${label} is ${wanted}, the pool's is ${given}`
    : null;
}
