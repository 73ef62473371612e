import type { Manifest } from '../../clients/files/manifests.ts';
import type { ClusterInfo, GkeClient } from '../../clients/google/gke.ts';
import type { NodePoolInfo } from '../../clients/google/node-pool.ts';
import type { LLMInferenceService } from '../../clients/kubernetes/kinds.ts';
import { Failure } from '../../lib/failure.ts';
import type { ServiceRef } from '../../stack/refs.ts';
import { evidenceAt } from '../../stack/service.ts';
import { chipsOf, machineOf, TPU_RESOURCE } from '../../tpu/machines.ts';
import { chipsAsked, otherDevices, type Placement, placementOn } from '../../tpu/placement.ts';
import { checkPool, poolNotes, provisioningText } from '../../tpu/pool-shape.ts';
import type { Look } from './table.ts';

export async function checkClusterState(cluster: ClusterInfo): Promise<Look> {
  if (cluster.status !== 'RUNNING' && cluster.status !== 'RECONCILING') {
    throw new Failure({
      stage: 'preflight',
      code: 'cluster-not-running',
      message: `Cluster ${cluster.name} is ${cluster.status}.`,
      hint: 'Wait until it is RUNNING.',
    });
  }
  return { seen: `${cluster.name} is ${cluster.status}, version ${cluster.version ?? 'unknown'}` };
}

/**
 * The permissions in Google Cloud by trying each: reading is what brought us here, the others are tried without effect.
 * Of an identity that only reads, the resize is not tried.
 */
export async function checkGooglePermissions(gke: GkeClient, readOnly = false, byDemand = false): Promise<Look> {
  if (byDemand) {
    await gke.listOperations();
    return { seen: 'clusters.get, operations.list; the pool is not resized, so clusters.update is not needed' };
  }
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

/** Whether the pool can be resized and released, and holds the replicas. */
export function checkShape(
  pool: NodePoolInfo,
  sizes: { nodes: number; restingNodes: number; runMs: number; byDemand?: boolean },
  manifest: Manifest,
  service: ServiceRef,
  unread: readonly string[] = [],
): Look {
  const { nodes, restingNodes, runMs, byDemand = false } = sizes;
  checkPool(pool, nodes, restingNodes, byDemand);
  checkDevices(pool, manifest, { service, unread });
  const unknown = checkPlacement(pool, manifest, service);
  checkFit(pool, nodes, manifest, service);
  const { spec }: LLMInferenceService = manifest.object;
  if (chipsAsked(spec?.template) === null) unknown.push(`the amount of ${TPU_RESOURCE}`);
  if (unread.length > 0) unknown.push(`what the base ${unread.join(', ')} adds to the pods`);
  const notes = poolNotes(pool, runMs);
  const chips = chipsOf(pool.machineType);
  if (chips === null) return unknownMachines(pool, [...notes, ...unknown.map((each) => `${each} is not known`)]);
  const seen = `${pool.name}: ${pool.machineType}${provisioningText(pool)}, ${nodes} × ${chips} chips for ${service.replicas} replicas, ${restingNodes} at rest${byDemand ? ', by demand' : ''}`;
  const told = [seen, ...notes].join('; ');
  if (unknown.length > 0) {
    return {
      outcome: 'not-checked',
      seen: `${told}; whether its nodes fit is not known for ${unknown.join(', ')}`,
      remedy: 'See that new nodes of the pool meet it: kubectl describe a pod that waits names what does not.',
    };
  }
  return notes.length > 0 ? { outcome: 'warning', seen: told } : { seen };
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

/** Refuses placement rules that no node of the pool meets. Returns those that cannot be judged yet. */
function checkPlacement(pool: NodePoolInfo, manifest: Manifest, service: ServiceRef): string[] {
  const { spec }: LLMInferenceService = manifest.object;
  const { misfits, unknown } = placementOn(pool, spec?.template);
  const [first] = misfits;
  if (!first) return unknown;
  const says = misfits.map((each) => each.says).join('; ');
  throw new Failure({
    stage: 'preflight',
    code: 'pool-mismatch',
    message: `The pods of ${service.name} would find no node of ${pool.name}: ${says}.`,
    hint: [...new Set(misfits.map(fixOf))].join(' '),
    evidence: {
      ...evidenceAt(manifest, ['spec', 'template', first.field], first.says),
      locations: misfits.flatMap(
        (each) => evidenceAt(manifest, ['spec', 'template', each.field], each.says).locations as unknown[],
      ),
    },
  });
}

function fixOf({ field, taint }: Placement['misfits'][number]): string {
  return taint
    ? `Set in spec.template.tolerations: {key: ${taint}, operator: Exists}.`
    : `Correct spec.template.${field}, or name another "node-pool".`;
}

/** Refuses replicas that ask for no chips, or for other devices. */
function checkDevices(
  pool: NodePoolInfo,
  manifest: Manifest,
  { service, unread }: { service: ServiceRef; unread: readonly string[] },
): void {
  const { spec }: LLMInferenceService = manifest.object;
  const devices = otherDevices(spec?.template);
  const none = chipsAsked(spec?.template) === 0 && unread.length === 0;
  if (devices.length === 0 && !none) return;
  const message =
    devices.length > 0
      ? `A replica of ${service.name} asks for ${devices.join(' and ')}, and a node of ${pool.name} has ${TPU_RESOURCE} alone: it would find no node.`
      : `A replica of ${service.name} asks for no ${TPU_RESOURCE}: it may run on any node, and the leased ones would stay empty.`;
  const chips = chipsOf(pool.machineType);
  throw new Failure({
    stage: 'preflight',
    code: 'pool-mismatch',
    message,
    hint: `Set requests and limits of ${TPU_RESOURCE} in container main to ${chips === null ? 'the chips of a node' : `"${chips}"`}${devices.length > 0 ? `, and remove ${devices.join(' and ')}` : ''}.`,
    evidence:
      devices.length > 0
        ? evidenceAt(manifest, new RegExp(devices[0]?.replace(/[.]/g, '\\.') ?? ''), message)
        : evidenceAt(manifest, ['spec', 'template', 'containers', 0, 'resources'], message),
  });
}

function checkFit(pool: NodePoolInfo, nodes: number, manifest: Manifest, service: ServiceRef): void {
  const machine = machineOf(pool.machineType);
  const { spec }: LLMInferenceService = manifest.object;
  const asked = chipsAsked(spec?.template) ?? 0;
  if (machine === null || asked === 0) return;
  const { chips } = machine;
  if (asked !== chips) {
    throw new Failure({
      stage: 'preflight',
      code: 'pool-mismatch',
      message: `A replica of ${service.name} asks for ${asked} chips, and a ${pool.machineType} has ${chips}: GKE gives a pod all chips of its node or none.`,
      hint: `Set requests and limits of ${TPU_RESOURCE} to "${chips}", or name a pool of other machines.`,
      evidence: evidenceAt(manifest, /google\.com\/tpu: *["']?\d/, `${asked} chips on a machine of ${chips}`),
    });
  }
  if (nodes * chips < service.replicas * asked) {
    throw new Failure({
      stage: 'preflight',
      code: 'pool-too-small',
      message: `${service.replicas} replicas of ${asked} chips do not fit on ${nodes} ${nodes === 1 ? 'node' : 'nodes'} of ${chips}.`,
      hint: `Set "nodes" to ${Math.ceil((service.replicas * asked) / chips)}, or leave it out.`,
    });
  }
}
