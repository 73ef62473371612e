import type { ClusterInfo } from '../clients/gke.ts';
import type { Manifest } from '../clients/manifests.ts';
import { describe, type KubeObject, type ObjectRef, refOf } from '../clients/objects.ts';
import { Failure } from '../lib/failure.ts';
import type { Prepared, ServiceRef, StageContext } from './context.ts';
import { isExpired, leaseRef, readLease } from './lease-record.ts';
import { allAtManifests, atManifest } from './manifest-failure.ts';
import { poolNodes, TPU_RESOURCE, type TpuNode } from './nodes.ts';
import { RUN_ANNOTATION } from './ownership.ts';
import { poolLeased } from './pool-lease.ts';
import { checkPool, chipsOf, choosePool, poolNotes } from './pool-shape.ts';

/** Refusals that concern one manifest and say nothing of the others. */
const OF_A_MANIFEST: ReadonlySet<string> = new Set([
  'manifest-refused',
  'kind-unknown',
  'admission-refused',
  'kube-permission',
]);

export const SERVICE_GROUP = 'serving.kserve.io';

/**
 * Everything that can be known for free: cluster and pool, manifests against what the cluster serves (a server-side
 * dry run with strict validation), the size to return to. Spends nothing and changes nothing.
 */
export async function preflight(
  context: StageContext,
  cluster: ClusterInfo,
  manifests: Manifest[],
  retire: KubeObject[],
): Promise<Prepared> {
  const { inputs, kube, report } = context;
  if (cluster.status !== 'RUNNING' && cluster.status !== 'RECONCILING') {
    throw new Failure({
      stage: 'preflight',
      code: 'cluster-not-running',
      message: `Cluster ${cluster.name} is ${cluster.status}.`,
      hint: 'Wait until it is RUNNING.',
      blame: 'cluster',
    });
  }
  const service = await serviceOf(context, manifests);
  const pool = choosePool(cluster, inputs.nodePool);
  const nodes = inputs.nodes ?? service.replicas;
  const present = await poolNodes(kube, pool.name);
  const sizeBefore = pool.initialNodeCount;
  const restingNodes = inputs.restingNodes === 'before' ? sizeBefore : inputs.restingNodes;
  checkPool(pool, nodes, restingNodes);
  for (const text of poolNotes(pool, inputs.timeoutMs)) context.emit({ type: 'warning', text });
  const retired = withNamespace(retire.map(refOf), inputs.namespace);
  await checkService(context, service, retired);
  const leased = await otherLease(context, pool.name);
  // While another run has the pool, the pods on its nodes are that run's, and go with it.
  if (!leased && restingNodes < present.length) await checkPoolIsFree(context, present, [service, ...retired]);
  if (present.length !== sizeBefore) {
    context.emit({
      type: 'warning',
      text: `node pool ${pool.name} was last set to ${sizeBefore} but has ${present.length} nodes now`,
    });
  }
  const versions = await kube.versionsOf(SERVICE_GROUP);
  if (versions.length === 0) {
    throw new Failure({
      stage: 'preflight',
      code: 'kserve-missing',
      message: `The cluster serves no API of ${SERVICE_GROUP}: KServe's LLMInferenceService is not installed.`,
      hint: 'Install KServe v0.17 or later, or the Open Data Hub build of v0.15.',
      blame: 'cluster',
    });
  }
  const refused: Failure[] = [];
  for (const manifest of manifests) {
    try {
      // A foreign manager's fields are judged at the apply itself, where taking over is a choice.
      await kube.apply(manifest.object, { dryRun: true, force: true });
    } catch (error) {
      const failure = atManifest(error, 'preflight', manifest);
      // A cluster that does not answer would be asked again for each of them.
      if (!(failure instanceof Failure) || !OF_A_MANIFEST.has(failure.code)) throw failure;
      refused.push(failure);
    }
  }
  if (refused.length > 0) throw allAtManifests(refused);
  report.plan = {
    ...report.plan,
    nodePool: pool.name,
    nodes,
    namespace: service.namespace,
    service: service.name,
    replicas: service.replicas,
  };
  report.environment = {
    ...report.environment,
    machineType: pool.machineType,
    chipsPerNode: chipsOf(pool.machineType),
    tpuTopology: pool.tpuTopology,
    kubernetesVersion: await kube.version(),
    serviceApiVersion: service.apiVersion,
    vllmImage: imageOf(manifests),
  };
  const kept = new Set(
    manifests.filter(({ object }) => !isService(object)).map(({ object }) => describe(refOf(object))),
  );
  return {
    pool,
    nodes,
    sizeBefore,
    restingNodes,
    service,
    manifests,
    retire: retired.filter((ref) => !kept.has(describe(ref))),
  };
}

/** Another run's lease of the pool that has not run out. Ends the run at once where it may not wait. */
async function otherLease(context: StageContext, pool: string): Promise<boolean> {
  const { inputs, kube, emit } = context;
  const found = await kube.get(leaseRef(inputs.leaseNamespace, pool));
  const record = found && readLease(found);
  if (!record || record.runKey === context.runKey || isExpired(record, Date.now())) return false;
  const failure = poolLeased(pool, record, null);
  if (inputs.onBusy === 'stop') throw failure;
  emit({ type: 'warning', text: `${failure.message} It is waited for.` });
  return true;
}

/** A service of the same name that somebody else runs is not the gate's to change; one that a dead run left behind is. */
async function checkService(context: StageContext, service: ServiceRef, retired: ObjectRef[]): Promise<void> {
  const { apiVersion, name, namespace } = service;
  const existing = await context.kube.get({ apiVersion, kind: 'LLMInferenceService', name, namespace });
  if (!existing || existing.metadata.annotations?.[RUN_ANNOTATION] !== undefined) return;
  if (retired.some((ref) => isService(ref) && ref.name === name && ref.namespace === namespace)) return;
  throw new Failure({
    stage: 'preflight',
    code: 'service-exists',
    message: `LLMInferenceService ${name} in ${namespace} exists already, and no run of the gate made it.`,
    hint: 'Name it in the input "retire" if it may be deleted for the measurement, or give the one under test another name or namespace.',
    blame: 'config',
  });
}

/** The nodes go at the end, so nobody else's TPU pods may run on them. Best effort: it needs to list pods everywhere. */
async function checkPoolIsFree(
  context: StageContext,
  nodes: TpuNode[],
  own: { name: string; namespace?: string | undefined }[],
): Promise<void> {
  const strangers: string[] = [];
  try {
    for (const node of nodes) {
      const pods = (await context.kube.list('v1', 'Pod', { fieldSelector: `spec.nodeName=${node.name}` })) ?? [];
      strangers.push(
        ...pods
          .filter((pod) => usesTpu(pod) && !isOurs(pod, own))
          .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      );
    }
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'kube-permission') throw error;
    context.emit({
      type: 'warning',
      text: 'who else uses the pool cannot be seen: listing pods of all namespaces is refused',
    });
    return;
  }
  if (strangers.length === 0) return;
  throw new Failure({
    stage: 'preflight',
    code: 'pool-in-use',
    message: `The node pool serves others, and its nodes go when the run ends: ${strangers.slice(0, 3).join(', ')}${strangers.length > 3 ? ` and ${strangers.length - 3} more` : ''}.`,
    hint: 'Use another pool, or set "resting-nodes" to the number of nodes that must stay.',
    blame: 'config',
  });
}

/** Pods that have ended stay listed, and hold nothing. */
function usesTpu(pod: KubeObject): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return false;
  const containers = (pod.spec?.containers ?? []) as { resources?: { requests?: Record<string, unknown> } }[];
  return containers.some(({ resources }) => resources?.requests?.[TPU_RESOURCE] !== undefined);
}

function isService({ kind }: { kind: string }): boolean {
  return kind === 'LLMInferenceService';
}

/** By the label that KServe puts on the pods of a service. */
function isOurs(pod: KubeObject, own: { name: string; namespace?: string | undefined }[]): boolean {
  const service = pod.metadata.labels?.['app.kubernetes.io/name'];
  return own.some(({ name, namespace }) => name === service && namespace === pod.metadata.namespace);
}

async function serviceOf(context: StageContext, manifests: Manifest[]): Promise<ServiceRef> {
  const services = manifests.filter(({ object }) => isService(object));
  const [only] = services;
  if (!only || services.length > 1) {
    throw new Failure({
      stage: 'preflight',
      code: 'service-ambiguous',
      message: `The manifests hold ${services.length} LLMInferenceServices; the gate measures exactly one.`,
      hint: 'Point the input "manifests" at a folder or kustomization with one.',
      blame: 'change',
    });
  }
  const { object } = only;
  const replicas = Number(object.spec?.replicas ?? 1);
  if (!Number.isInteger(replicas) || replicas < 2) {
    throw new Failure({
      stage: 'preflight',
      code: 'too-few-replicas',
      message: `${object.metadata.name} has ${replicas} replica; a speed-up over one replica needs at least 2.`,
      hint: 'Set spec.replicas (Pattern 3 has 3).',
      blame: 'change',
    });
  }
  return {
    apiVersion: object.apiVersion,
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? context.inputs.namespace,
    replicas,
  };
}

function imageOf(manifests: Manifest[]): string | null {
  const service = manifests.find(({ object }) => isService(object))?.object;
  const containers = (service?.spec?.template?.containers ?? []) as { name?: string; image?: string }[];
  return containers.find(({ name }) => name === 'main')?.image ?? null;
}

function withNamespace(refs: ObjectRef[], namespace: string): ObjectRef[] {
  return refs.map((ref) => ({ ...ref, namespace: ref.namespace ?? namespace }));
}
