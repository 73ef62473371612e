import { errorText, Failure } from '../../lib/failure.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { ARM_LABEL, armObjects, type WayKind, wayManifests, wayValue } from './way-objects.ts';
import { awaitWay } from './way-probe.ts';

/** The one-replica arm: a way to each of the running replicas through the same gateway. */
export interface ReplicaWays {
  /** By name; the value of the way header that leads to each. */
  replicas: readonly { pod: string; way: string }[];
  /** Whether requests to one replica pass the endpoint picker, as those to all do. */
  isPickerShared: boolean;
  /** How it was made, for the report. */
  description: string;
}

/** The replicas in the order in which they have ways: by name, so that a later process knows them too. */
export function waysTo({ replicas }: Pick<ReadyStack, 'replicas'>): string[] {
  return replicas.map(({ metadata }) => metadata.name).sort();
}

/** The gateway did not take the route, or the namespace does not take its objects. */
export const REFUSALS: ReadonlySet<string> = new Set([
  'one-replica-route',
  'kube-permission',
  'admission-refused',
  'namespace-quota',
  'kube-refused',
]);

/**
 * Puts each running replica behind a temporary InferencePool and HTTPRoute on the service's own gateway, so that both arms
 * share gateway, path, headers, endpoint picker, TLS, flags, pods and time, and no TPU stands idle. Where the pool is not
 * taken, a Service stands in for it. Throws a Failure with a code of `REFUSALS` where neither is.
 */
export async function openReplicaWays(
  context: StageContext,
  prepared: Prepared,
  stack: ReadyStack,
  modelId: string,
): Promise<ReplicaWays> {
  const pods = waysTo(stack);
  const wayOf = (replica: number) => wayValue(context.runKey, replica, prepared.isBase);
  if (pods.length === 0) throw new Failure({ stage: 'benchmark', code: 'no-replica', message: 'No replica is ready.' });
  await Promise.all(pods.map((pod, replica) => labelPod(context, prepared, pod, wayOf(replica))));
  const poolSpec = await poolSpecOf(context, stack);
  if (poolSpec) {
    try {
      return await openAs('pool', poolSpec);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof Failure && REFUSALS.has(error.code))) throw error;
      const text = `One replica cannot be reached through the endpoint picker: ${error.message}`;
      context.emit({ type: 'fact', stage: 'benchmark', text });
    }
  }
  return openAs('service', null);

  async function openAs(kind: WayKind, spec: Record<string, unknown> | null): Promise<ReplicaWays> {
    await someAtOnce(pods.keys(), async (replica) => {
      const objects = wayManifests(context, prepared, stack, { replica, poolSpec: spec });
      for (const object of objects) await context.kube.apply(object, { force: true });
    });
    const ways = pods.map((pod, replica) => ({ pod, way: wayOf(replica) }));
    const marked: boolean[] = [];
    const open = async (replica: number) => {
      const { way } = ways[replica] as (typeof ways)[number];
      marked.push(await awaitWay(context, prepared, stack, { replica, way, modelId }));
    };
    // The first shows what refuses all.
    await open(0);
    await someAtOnce([...pods.keys()].slice(1), open);
    const isPickerShared = kind === 'pool' && marked.every(Boolean);
    return { replicas: ways, isPickerShared, description: descriptionOf(kind, isPickerShared, pods.length) };
  }
}

function descriptionOf(kind: WayKind, isPickerShared: boolean, replicas: number): string {
  const behind = kind === 'pool' ? 'a temporary InferencePool and HTTPRoute' : 'a temporary Service and HTTPRoute';
  const picker = isPickerShared
    ? 'through the same endpoint picker'
    : 'without the mark of the endpoint picker, so all replicas were measured by these ways too';
  return `each of the ${replicas} replicas in turn, behind ${behind} on the same gateway, ${picker}`;
}

async function poolSpecOf({ kube }: StageContext, { route }: ReadyStack): Promise<Record<string, unknown> | null> {
  if (!route.pool) return null;
  const { apiVersion, namespace, name } = route.pool;
  const pool = await kube.get({ apiVersion, kind: 'InferencePool', namespace, name });
  return (pool?.spec as Record<string, unknown> | undefined) ?? null;
}

async function labelPod(
  { kube }: Pick<StageContext, 'kube'>,
  { service }: Pick<Prepared, 'service'>,
  pod: string,
  value: string | null,
): Promise<void> {
  const ref = { apiVersion: 'v1', kind: 'Pod', name: pod, namespace: service.namespace };
  await kube.mergePatch(ref, { metadata: { labels: { [ARM_LABEL]: value } } });
}

/** Removes what `openReplicaWays` added. Problems are warnings: nothing of it costs money. */
export async function closeReplicaWays(
  context: StageContext,
  prepared: Prepared,
  pods: readonly string[],
): Promise<void> {
  const { kube, emit } = context;
  const steps: (() => Promise<unknown>)[] = [
    ...armObjects(prepared, context.runKey).map((ref) => () => kube.remove(ref)),
    ...pods.map((pod) => () => labelPod(context, prepared, pod, null)),
  ];
  await someAtOnce(steps, async (step) => {
    if (context.signal.aborted) return;
    try {
      await step();
    } catch (error) {
      if (context.signal.aborted) return;
      emit({ type: 'warning', text: `the one-replica arm was not removed: ${errorText(error)}` });
    }
  });
}

/** Writes that may be under way at once. The verdict waits for them, so they do not wait for each other. */
const MOST_AT_ONCE = 16;

/** Works through items, some at once. Throws the first error once nothing is under way any more. */
async function someAtOnce<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const errors: unknown[] = [];
  const worker = async () => {
    while (left.length > 0 && errors.length === 0) {
      await work(left.shift() as T).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, worker));
  if (errors.length > 0) throw errors[0];
}
