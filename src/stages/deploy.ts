import type { Manifest } from '../clients/manifests.ts';
import { describe, type ObjectRef, refOf } from '../clients/objects.ts';
import { Failure } from '../lib/failure.ts';
import { poll } from '../lib/poll.ts';
import { type Prepared, pickerSelector, type StageContext, workloadSelector } from './context.ts';
import { atManifest } from './manifest-failure.ts';
import { marked, RUN_ANNOTATION } from './ownership.ts';

const RETIRE_LIMIT_MS = 5 * 60_000;

/**
 * Deletes Pattern 1 if it is there and waits until its pods are gone (they hold TPUs and its route competes on the
 * gateway), then applies the manifests in file order by server-side apply. Runs while the nodes come up.
 */
export async function deploy(context: StageContext, prepared: Prepared): Promise<{ retired: number; applied: number }> {
  const retired = await retire(context, prepared.retire);
  for (const manifest of prepared.manifests) {
    context.signal.throwIfAborted();
    await applyOne(context, manifest);
  }
  return { retired, applied: prepared.manifests.length };
}

async function retire(context: StageContext, refs: ObjectRef[]): Promise<number> {
  const { emit } = context;
  const removed: ObjectRef[] = [];
  for (const ref of refs) {
    context.signal.throwIfAborted();
    if (!(await removeRetired(context, ref))) continue;
    removed.push(ref);
    emit({ type: 'fact', stage: 'deploy', text: `retired ${describe(ref)}` });
  }
  for (const ref of removed) {
    if (ref.kind === 'LLMInferenceService') await awaitGone(context, ref);
  }
  return removed.length;
}

/** False when it was not there. A refusal is a warning: Kubernetes refuses also what does not exist. */
async function removeRetired({ kube, emit }: StageContext, ref: ObjectRef): Promise<boolean> {
  try {
    return await kube.remove(ref);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'kube-permission') throw error;
    emit({ type: 'warning', text: `${describe(ref)} was not retired, if it is there at all: ${error.message}` });
    return false;
  }
}

async function awaitGone(context: StageContext, service: ObjectRef): Promise<void> {
  const { kube, emit, inputs } = context;
  const namespace = service.namespace ?? inputs.namespace;
  await poll({
    stage: 'deploy',
    what: `the end of ${service.name}`,
    everyMs: inputs.pollIntervalMs,
    limitMs: RETIRE_LIMIT_MS,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => emit({ type: 'waiting', stage: 'deploy', ...status }),
    probe: async () => {
      const object = await kube.get(service);
      const selectors = [workloadSelector(service.name), pickerSelector(service.name)];
      const pods = (
        await Promise.all(selectors.map((labelSelector) => kube.list('v1', 'Pod', { namespace, labelSelector })))
      ).flatMap((list) => list ?? []);
      if (!object && pods.length === 0) return { done: true };
      return { waiting: `${object ? 'service and ' : ''}${pods.length} pods left` };
    },
    onTimeout: (seen) =>
      new Failure({
        stage: 'deploy',
        code: 'retire-timeout',
        message: `${service.name} was deleted but is not gone: ${seen}.`,
        hint: `Look for finalizers: kubectl get llminferenceservice ${service.name} -n ${namespace} -o yaml`,
        blame: 'cluster',
      }),
  });
}

/** A service that an earlier run left behind goes first: an update of it would need a spare TPU node for each new pod. */
async function clearLeftover(context: StageContext, ref: ObjectRef): Promise<void> {
  const existing = await context.kube.get(ref);
  const run = existing?.metadata.annotations?.[RUN_ANNOTATION];
  if (run === undefined || run === context.runKey) return;
  context.emit({ type: 'warning', text: `${describe(ref)} was left behind by run ${run} and is removed` });
  await context.kube.remove(ref);
  await awaitGone(context, ref);
}

async function applyOne(context: StageContext, manifest: Manifest): Promise<void> {
  const { object } = manifest;
  try {
    if (object.kind === 'LLMInferenceService') await clearLeftover(context, refOf(object));
    const ours = await marked(context.kube, object, refOf(object), context.runKey);
    await context.kube.apply(ours, { force: context.inputs.forceConflicts });
  } catch (error) {
    throw atManifest(error, 'deploy', manifest);
  }
  context.emit({
    type: 'fact',
    stage: 'deploy',
    text: `applied ${describe(refOf(object))}`,
  });
}
