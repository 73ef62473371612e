import type { KubeClient } from '../../../clients/kubernetes/client.ts';
import type { KubeObject } from '../../../clients/kubernetes/objects.ts';
import { Failure } from '../../../lib/failure.ts';
import type { StageContext } from '../../context.ts';
import { createOnceFree } from '../../create-once-free.ts';
import type { ReadyStack } from '../../ready/ready.ts';
import { loadJob, loadJobRef, loadObjects } from './job.ts';

/** Without a limit on the run, its load clients end after this time. */
const LONGEST_SECONDS = 6 * 3_600;
const SPARE_SECONDS = 60;

/** Where load clients are to be: the namespace of a stack, near its gateway. */
export interface LoadPlace {
  namespace: string;
  route: ReadyStack['route'];
}

/** Makes the Job of the load clients with all that it needs, recorded in the lease. Throws a Failure where another run has it. */
export async function startJob(
  context: StageContext,
  { namespace, route: near }: LoadPlace,
  shards: number,
): Promise<void> {
  const { inputs, runKey, prompts = null, loadScript, own } = context;
  const { loadImage, loadQueue, pairDurationMs } = inputs;
  if (!loadScript) throw new Error('the program of the load clients was not read');
  const options = { namespace, runKey, gateway: near.gateway };
  const job = await make(
    context,
    loadJob({
      ...{ ...options, shards, pairDurationMs, image: loadImage, queue: loadQueue, ownPrompts: prompts !== null },
      deadlineSeconds: deadlineSeconds(context),
    }),
  );
  own?.(loadJobRef(namespace), job.metadata.uid ?? '');
  for (const object of loadObjects(options, job, { script: loadScript, prompts, endpoint: near.endpoint })) {
    await make(context, object);
  }
}

/** Deletes the Job; its pods and what belongs to it go with it. Does nothing without a Job. */
export async function removeJob({ kube }: { kube: KubeClient }, namespace: string): Promise<void> {
  await kube.remove(loadJobRef(namespace));
}

/** The Job ends by itself soon after the run would, so that a run that dies leaves no load behind. */
function deadlineSeconds({ clock, endsMs }: Pick<StageContext, 'clock' | 'endsMs'>): number {
  if (endsMs === undefined) return LONGEST_SECONDS;
  return Math.min(LONGEST_SECONDS, Math.ceil((endsMs - clock.now()) / 1_000) + SPARE_SECONDS);
}

const make = (context: StageContext, object: KubeObject): Promise<KubeObject> =>
  createOnceFree(context, object, {
    stage: 'benchmark',
    onTaken: (what) =>
      new Failure({
        ...{ stage: 'benchmark', code: 'load-job-exists' },
        message: `${what} is there already: another run measures in this namespace, or has not finished its release.`,
        hint: 'Wait for that run. A Job of a run that died ends by its own deadline; delete it to be faster.',
      }),
  });
