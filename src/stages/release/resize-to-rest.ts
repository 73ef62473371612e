import type { GkeClient, GkeOperation } from '../../clients/google/gke.ts';
import { isOperationConflict } from '../../clients/google/operation-conflict.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { type Clock, poll } from '../../lib/poll.ts';
import type { Emit } from '../../progress/events.ts';
import type { LeaseState } from '../context.ts';

export interface ResizeContext {
  gke: GkeClient;
  clock: Clock;
  signal: AbortSignal;
  emit: Emit;
  pollIntervalMs: number;
  /** For what is to be done. */
  limitMs: number;
}

/** Refusals that no further try will heal. */
const FINAL: ReadonlySet<string> = new Set(['gke-permission', 'gke-not-found', 'bad-endpoint']);
/** google.rpc.Code of a refusal for want of a right, whatever its reason is. A token that is refused is another code. */
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/** Whether the identity may not resize: by a permission, a perimeter, a policy, or an unknown reason. */
function isDenied(error: unknown): boolean {
  if (!(error instanceof Failure) || error.code === 'gke-busy') return false;
  return error.code === 'gke-permission' || error.evidence.grpcCode === PERMISSION_DENIED;
}

/**
 * Judges refusals: final is what the API has said twice in the same words. Once may be an odd answer on the way, and a
 * release that ends early leaves nodes behind.
 */
export function refusals(): (error: unknown) => boolean {
  let last: string | null = null;
  return (error) => {
    const isRefusal =
      error instanceof Failure &&
      (FINAL.has(error.code) || isDenied(error)) &&
      error.evidence.grpcCode !== UNAUTHENTICATED;
    if (!isRefusal) {
      last = null;
      return false;
    }
    const isFinal = last === error.message;
    last = error.message;
    return isFinal;
  };
}

/**
 * Sets the pool to its resting size and follows the operation to its good end. Until the limit, whatever can pass is
 * tried again: a scale-up that still runs refuses the scale-down, an API has a bad minute, an operation ends in an error.
 */
export async function resizeToRest(context: ResizeContext, lease: LeaseState): Promise<void> {
  const { gke, emit } = context;
  let operation: GkeOperation | null = null;
  let cancelled = false;
  let lastError: string | null = null;
  const isFinal = refusals();
  await poll({
    stage: 'release',
    what: `node pool ${lease.nodePool} to be set to ${lease.restingNodes}`,
    everyMs: context.pollIntervalMs,
    limitMs: context.limitMs,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => emit({ type: 'waiting', stage: 'release', ...status }),
    probe: async () => {
      try {
        if (!operation) {
          operation = await gke.setNodePoolSize(lease.nodePool, lease.restingNodes);
          const text = `resize to ${lease.restingNodes} requested, operation ${operation.name}`;
          emit({ type: 'fact', stage: 'release', text });
        } else {
          operation = await gke.getOperation(operation.name);
        }
        if (operation.status !== 'DONE') {
          const before = lastError === null ? '' : ` (the one before ended in an error: ${lastError})`;
          return { waiting: `operation ${operation.status}${before}` };
        }
        if (!operation.error) return { done: true };
        lastError = operation.error;
        operation = null;
        return { waiting: `the operation ended in an error (${lastError}); it is asked again` };
      } catch (error) {
        context.signal.throwIfAborted();
        if (isFinal(error)) {
          if (isDenied(error) && (await isAtRest(context, lease))) {
            return { done: true };
          }
          throw error;
        }
        if (isOperationConflict(error) && !cancelled) {
          cancelled = true;
          await cancelScaleUp(context, lease);
        }
        return { waiting: errorText(error) };
      }
    },
  });
}

/**
 * Whether the pool is at its resting size already and no resize of it runs. An identity that may not resize has not
 * resized: there is nothing to release then, and no reason for alarm. False when that cannot be read.
 */
async function isAtRest({ gke, signal, emit }: ResizeContext, lease: LeaseState): Promise<boolean> {
  try {
    const pool = await gke.getNodePool(lease.nodePool);
    if (pool.initialNodeCount !== lease.restingNodes || (await resizesOf(gke, lease)).length > 0) return false;
    emit({ type: 'fact', stage: 'release', text: `${lease.nodePool} is set to ${lease.restingNodes} nodes already` });
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** Resizes of the pool that are not done. */
async function resizesOf(gke: GkeClient, { nodePool }: LeaseState): Promise<GkeOperation[]> {
  return (await gke.listOperations()).filter(
    ({ status, type, targetLink }) =>
      status !== 'DONE' && type === 'SET_NODE_POOL_SIZE' && targetLink.endsWith(`/nodePools/${nodePool}`),
  );
}

/** GKE documents cancelling as best effort, and a resize may refuse it; waiting for its end is the way that always works. */
async function cancelScaleUp(context: ResizeContext, lease: LeaseState): Promise<void> {
  try {
    const running = await resizesOf(context.gke, lease);
    for (const { name } of running) {
      await context.gke.cancelOperation(name);
      context.emit({ type: 'fact', stage: 'release', text: `asked to cancel operation ${name}` });
    }
  } catch (error) {
    context.emit({
      type: 'fact',
      stage: 'release',
      text: `the running resize cannot be cancelled: ${errorText(error)}`,
    });
  }
}
