import type { Pod } from '../../../clients/kubernetes/kinds.ts';
import { type KubeObject, type ObjectRef, refOf } from '../../../clients/kubernetes/objects.ts';
import { Failure } from '../../../lib/failure.ts';
import { OUTAGE_MS, poll } from '../../../lib/poll.ts';
import { isAlive, isFinished } from '../../../stack/pods.ts';
import type { Prepared, StageContext } from '../../context.ts';
import { createOnceFree } from '../../create-once-free.ts';
import { BASE_NODES_LIMIT_MS, nodesOfBase } from '../lease-state.ts';
import { poolNodes, type TpuNode } from '../nodes.ts';
import {
  HOLD_LABEL,
  type HolderOptions,
  holderName,
  holderPod,
  holderTemplate,
  holdRef,
  provisioningRequest,
} from './holders.ts';
import { conditionsOf, failedRequest, refusedByGke, requestText } from './provisioning.ts';
import { type ScaleUp, scaleUpOf } from './scale-up.ts';

/** Holders that were deleted go within some seconds. */
const OLD_HOLDERS_LIMIT_MS = 2 * 60_000;

/** Refusals that no wait heals. */
const FINAL: ReadonlySet<string> = new Set(['gke-reservation', 'gke-node-permission', 'gke-org-policy']);

/** What a caller learns while the nodes come. */
export interface Told {
  /** Called with each object that the run has made, to be recorded in the lease. */
  own: (ref: ObjectRef, uid: string) => void;
  /** Called once, when the first node is held: money is spent from then on. */
  onFirst: () => void;
  /** Called with the reason where the nodes of the base stack do not come. */
  onShort: (reason: string) => void;
}

/**
 * Gets nodes by demand: one pod for each node takes all of its chips, which makes the pool's autoscaler bring the nodes.
 * Returns the nodes that are held. The pods have a lower priority than replicas, which replace them without a moment in
 * which the chips are free. Throws a Failure where the nodes do not come within `limitMs` milliseconds.
 */
export async function holdNodes(
  context: StageContext,
  prepared: Prepared,
  limitMs: number,
  told: Told,
): Promise<TpuNode[]> {
  const { clock, emit, inputs, kube, signal } = context;
  const options = holderOptions(context, prepared);
  await awaitOldHolders(context, prepared);
  const template = await make(context, holderTemplate(options));
  told.own(refOf(template), template.metadata.uid ?? '');
  if (options.demand.queued) {
    const seconds = Math.ceil((inputs.timeoutMs + options.demand.scaleDownMs) / 1_000);
    const request = await make(context, provisioningRequest(options, template, seconds));
    told.own(refOf(request), request.metadata.uid ?? '');
  }
  const seen = { enoughSinceMs: null as number | null, registered: 0, first: false, why: null as ScaleUp | null };
  const announced = new Set<string>();
  const { pool, nodes: wanted } = prepared;
  const enough = wanted - nodesOfBase(prepared);
  return poll({
    stage: 'lease',
    what: `${wanted} nodes of ${pool.name}, which its autoscaler brings`,
    everyMs: inputs.pollIntervalMs,
    ...{ limitMs, bearsMs: OUTAGE_MS, clock, signal },
    onWait: (status) => emit({ type: 'waiting', stage: 'lease', ...status }),
    probe: async () => {
      const pods = await holders(context, options);
      await replaceMissing(context, options, template, pods);
      const nodes = await poolNodes(kube, pool.name);
      const names = new Set(pods.filter(isAlive).map(({ spec }) => spec?.nodeName));
      const held = nodes.filter(({ name, ready, chips }) => names.has(name) && ready && chips > 0);
      seen.registered = held.length;
      if (held.length > 0 && !seen.first) {
        seen.first = true;
        told.onFirst();
      }
      for (const { name, chips } of held) {
        if (announced.has(name)) continue;
        announced.add(name);
        emit({ type: 'fact', stage: 'lease', text: `node ${name} is held, ${chips} chips` });
      }
      if (held.length >= wanted) return { done: held };
      seen.enoughSinceMs = held.length < enough ? null : (seen.enoughSinceMs ?? clock.now());
      const request = options.demand.queued ? await conditionsOf(kube, options) : null;
      const ended = request && failedRequest(context, prepared, request, held.length);
      if (ended) throw ended;
      seen.why = await scaleUpOf(
        kube,
        options,
        pods.filter(({ spec }) => !spec?.nodeName),
      );
      const failure = seen.why.failed === null ? null : refusedByGke(context, prepared, seen.why.failed, held.length);
      if (failure && FINAL.has(failure.code)) throw failure;
      if (seen.enoughSinceMs !== null && clock.now() - seen.enoughSinceMs >= Math.min(BASE_NODES_LIMIT_MS, limitMs)) {
        told.onShort(`${held.length} of ${wanted} nodes of ${pool.name} are held: ${seen.why.text}`);
        await dropPending(context, pods);
        return { done: held };
      }
      const how = request ? `${requestText(request)}; ` : '';
      // With a node for each, only their start is awaited.
      const soon = pods.length >= wanted && pods.every(({ spec }) => spec?.nodeName);
      return { waiting: `${held.length} of ${wanted} nodes held; ${how}${seen.why.text}`, soon };
    },
    onTimeout: (last) => late(context, prepared, { ...seen, last }),
  });
}

function holderOptions({ inputs, runKey }: StageContext, prepared: Prepared): HolderOptions {
  const { pool, demand, nodes, service } = prepared;
  if (!demand) throw new Error(`nodes of ${pool.name} do not come by demand`);
  const { holderImage: image, capacityQueue: queue } = inputs;
  return { namespace: service.namespace, runKey, image, queue, pool, demand, nodes };
}

/** Holders of a dead run keep the nodes that are there until they are gone: beside them, others would bring more nodes. */
async function awaitOldHolders(context: StageContext, { leftover, service: { namespace } }: Prepared): Promise<void> {
  if (!leftover?.demand) return;
  const { clock, emit, signal } = context;
  await poll<true>({
    ...{ stage: 'lease', what: `the pods that held nodes for ${leftover.holder} to end` },
    ...{ everyMs: context.inputs.pollIntervalMs, limitMs: OLD_HOLDERS_LIMIT_MS, bearsMs: OUTAGE_MS, clock, signal },
    onWait: (status) => emit({ type: 'waiting', stage: 'lease', ...status }),
    probe: async () => {
      const left = await holders(context, { namespace: leftover.namespace || namespace, runKey: leftover.runKey });
      return left.length === 0 ? { done: true } : { waiting: `${left.length} pods left` };
    },
  });
}

async function holders(
  { kube }: StageContext,
  { namespace, runKey }: Pick<HolderOptions, 'namespace' | 'runKey'>,
): Promise<Pod[]> {
  return (await kube.list('v1', 'Pod', { namespace, labelSelector: `${HOLD_LABEL}=${runKey}` })) ?? [];
}

/** Makes the holders that are not there: at first all of them, later those that somebody evicted or deleted. */
async function replaceMissing(
  { kube, signal }: StageContext,
  options: HolderOptions,
  template: KubeObject,
  pods: readonly Pod[],
): Promise<void> {
  for (const pod of pods.filter(isFinished)) await kube.remove(refOf(pod as KubeObject), { uid: pod.metadata.uid });
  const there = new Set(pods.map(({ metadata }) => metadata.name));
  for (let index = 0; index < options.nodes; index += 1) {
    signal.throwIfAborted();
    if (!there.has(holderName(options.runKey, index))) await kube.create(holderPod(options, template, index));
  }
}

/** Deletes holders without a node: a node that came for one later would have no use. */
async function dropPending({ kube }: StageContext, pods: readonly Pod[]): Promise<void> {
  for (const pod of pods.filter(({ spec }) => !spec?.nodeName)) {
    await kube.remove(refOf(pod as KubeObject), { uid: pod.metadata.uid });
  }
}

/**
 * Holds the nodes again that replicas have left, all but `used` of them: an autoscaler would take empty ones away while the
 * rest is measured. Does nothing for a pool whose nodes a resize brought.
 */
export async function holdAgain(context: StageContext, prepared: Prepared, used: number): Promise<void> {
  if (!prepared.demand) return;
  const options = holderOptions(context, { ...prepared, nodes: Math.max(0, prepared.nodes - used) });
  const template = await context.kube.get(holdRef(options.namespace, options.runKey));
  if (template) await replaceMissing(context, options, template, await holders(context, options));
}

const make = (context: StageContext, object: KubeObject): Promise<KubeObject> =>
  createOnceFree(context, object, {
    stage: 'lease',
    onTaken: (what) =>
      new Failure({
        ...{ stage: 'lease', code: 'holders-exist' },
        message: `${what} is there already, and does not go.`,
        hint: `Delete it when no run needs it: kubectl delete ${object.kind} ${object.metadata.name} -n ${object.metadata.namespace}`,
      }),
  });

function late(
  context: StageContext,
  prepared: Prepared,
  { registered, why, last }: { registered: number; why: ScaleUp | null; last: string },
): Failure {
  const failed = why?.failed ?? null;
  const known = failed === null ? null : refusedByGke(context, prepared, failed, registered);
  if (known) return known;
  const { pool, nodes } = prepared;
  return new Failure({
    stage: 'lease',
    code: 'nodes-timeout',
    message: `The autoscaler of node pool ${pool.name} did not bring ${nodes} nodes in time; last seen: ${last}.`,
    hint: 'Look at its events: kubectl get events -A --field-selector source=cluster-autoscaler; raise "lease-timeout" if capacity may still come.',
    evidence: { seen: last, asked: nodes, got: registered },
  });
}
