import { describe, type ObjectRef } from '../../clients/kubernetes/objects.ts';
import { Failure } from '../../lib/failure.ts';
import { OUTAGE_MS, poll } from '../../lib/poll.ts';
import type { StageName } from '../../report/model.ts';
import type { StageContext } from '../context.ts';

/** Deletions take seconds; one that takes this long is held by a finalizer or by a pod that does not end. */
export const GONE_LIMIT_MS = 5 * 60_000;

/**
 * Waits until a deleted object is gone. `uid` is the one that was deleted: a namesake that has been made since counts
 * as its end. `remains` says what else must have gone, or null. On the limit the failure names the finalizers that hold
 * it.
 */
export async function awaitDeletion(
  context: StageContext,
  stage: StageName,
  ref: ObjectRef,
  options: { uid?: string | undefined; remains?: () => Promise<string | null> } = {},
): Promise<void> {
  const { kube, emit, inputs } = context;
  let finalizers: string[] = [];
  await poll({
    stage,
    what: `the end of ${describe(ref)}`,
    everyMs: inputs.pollIntervalMs,
    limitMs: GONE_LIMIT_MS,
    bearsMs: OUTAGE_MS,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => emit({ type: 'waiting', stage, ...status }),
    probe: async () => {
      const found = await kube.get(ref);
      const isThere = found !== null && (options.uid === undefined || found.metadata.uid === options.uid);
      finalizers = (isThere ? found.metadata.finalizers : undefined) ?? [];
      const rest = (await options.remains?.()) ?? null;
      if (!isThere && rest === null) return { done: true };
      return {
        waiting: [isThere ? `${ref.kind} is still there` : null, rest].filter((text) => text !== null).join(', '),
      };
    },
    onTimeout: (seen) =>
      new Failure({
        stage,
        code: 'retire-timeout',
        message: `${describe(ref)} was deleted but is not gone: ${seen}${finalizers.length > 0 ? `, held by the finalizers ${finalizers.join(', ')}` : ''}.`,
        hint:
          finalizers.length > 0
            ? 'The controller that set them has to remove them: look whether it runs.'
            : `Look at it: kubectl get ${ref.kind.toLowerCase()} ${ref.name}${ref.namespace ? ` -n ${ref.namespace}` : ''} -o yaml`,
        evidence: { finalizers },
      }),
  });
}
