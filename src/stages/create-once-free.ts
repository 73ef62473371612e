import { describe, type KubeObject, refOf } from '../clients/kubernetes/objects.ts';
import type { Failure } from '../lib/failure.ts';
import { poll } from '../lib/poll.ts';
import type { StageName } from '../report/model.ts';
import type { StageContext } from './context.ts';

const EVERY_MS = 1_000;
/** What belongs to an object that was deleted goes some seconds after it. */
const LIMIT_MS = 2 * 60_000;

/**
 * Creates an object, once a namesake that is going has gone. Throws the Failure of `onTaken`, which gets the object in
 * words, where it does not go within two minutes.
 */
export function createOnceFree(
  { kube, clock, signal, emit }: Pick<StageContext, 'kube' | 'clock' | 'signal' | 'emit'>,
  object: KubeObject,
  { stage, onTaken }: { stage: StageName; onTaken: (what: string) => Failure },
): Promise<KubeObject> {
  const what = describe(refOf(object));
  return poll<KubeObject>({
    ...{ stage, what: `room for ${what}`, everyMs: EVERY_MS, limitMs: LIMIT_MS, clock, signal },
    onWait: (status) => emit({ type: 'waiting', stage, ...status }),
    probe: async () => {
      const made = await kube.create(object);
      return made ? { done: made } : { waiting: 'another of that name is there' };
    },
    onTimeout: () => onTaken(what),
  });
}
