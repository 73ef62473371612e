import type { Manifest } from '../../clients/files/manifests.ts';
import type { ClusterInfo, GkeClient, NodePoolInfo } from '../../clients/google/gke.ts';
import { Failure } from '../../lib/failure.ts';
import { evidenceAt, mainOf } from '../../stack/service.ts';
import { checkPool, chipsOf, poolNotes } from '../../tpu/pool-shape.ts';
import type { ServiceRef } from '../context.ts';
import { TPU_RESOURCE } from '../lease/nodes.ts';
import type { Look } from './table.ts';

/** Topology of one host by its chips. Source: Google's page on TPU v6e machine types. */
const HOST_TOPOLOGY: Readonly<Record<number, string>> = { 1: '1x1', 4: '2x2', 8: '2x4' };
const ACCELERATOR = 'cloud.google.com/gke-tpu-accelerator';
const TOPOLOGY = 'cloud.google.com/gke-tpu-topology';

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

/** The permissions in Google Cloud by trying each: reading is what brought us here, the others are tried without effect. */
export async function checkGooglePermissions(gke: GkeClient): Promise<Look> {
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
  const seen = `${pool.name}: ${pool.machineType ?? 'unknown machines'}${pool.spot ? ' on spot' : ''}, ${nodes} × ${chips ?? '?'} chips for ${service.replicas} replicas, ${restingNodes} at rest`;
  return notes.length > 0 ? { outcome: 'warning', seen: `${seen}; ${notes.join('; ')}` } : { seen };
}

/** GKE spells the effects of a pool's taints in its own way, and puts google.com/tpu on TPU nodes whatever the pool says. */
function checkTaints(pool: NodePoolInfo, manifest: Manifest, service: ServiceRef): void {
  const tolerations = (manifest.object.spec?.template?.tolerations ?? []) as {
    key?: string;
    operator?: string;
    value?: string;
  }[];
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
  const chips = chipsOf(pool.machineType);
  const { resources } = mainOf(manifest.object) ?? {};
  const asked = Number({ ...resources?.limits, ...resources?.requests }[TPU_RESOURCE] ?? 0);
  const selector = (manifest.object.spec?.template?.nodeSelector ?? {}) as Record<string, string>;
  const topology = pool.tpuTopology ?? HOST_TOPOLOGY[chips ?? 0] ?? null;
  const family = /^ct6e-/.test(pool.machineType ?? '') ? 'tpu-v6e-slice' : null;
  const wrong = [
    family && selector[ACCELERATOR] !== undefined && selector[ACCELERATOR] !== family
      ? `${ACCELERATOR} is ${selector[ACCELERATOR]}, the pool's is ${family}`
      : null,
    topology && selector[TOPOLOGY] !== undefined && selector[TOPOLOGY] !== topology
      ? `${TOPOLOGY} is ${selector[TOPOLOGY]}, the pool's is ${topology}`
      : null,
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
  if (chips === null || asked === 0) return;
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
