import type { KubeClient } from '../clients/kubernetes/client.ts';
import { atStage, Failure, type FailureStage, isAbort, toFailure } from '../lib/failure.ts';
import type { Report } from '../report/model.ts';
import { STAGES } from '../report/wording.ts';
import { isScaledDown, lostNodes, nodesLost } from '../stages/lease/lost-nodes.ts';
import type { Run } from './run.ts';

/** What ended the run: an interrupt, a limit, lost nodes, or the failure itself. */
export async function failureOf(run: Run, error: unknown): Promise<Failure> {
  return interruption(run, error) ?? (await explained(run, error));
}

/** Throws when nodes that the run leased are gone. */
export async function checkNodes(run: Run, kube: KubeClient, stage: FailureStage): Promise<void> {
  const failure = await lostAt(run, kube, stage);
  if (failure) throw failure;
}

/** Why a run ended from outside; null where nothing ended it. */
function interruption({ context, report }: Run, error: unknown): Failure | null {
  if (!context.signal.aborted && !isAbort(error)) return null;
  const reason: unknown = context.signal.reason;
  if (reason instanceof Failure) return atStage(reason, currentStage(report()));
  return new Failure({
    stage: currentStage(report()),
    code: 'interrupted',
    message: 'The run was interrupted before it had a result.',
    hint: 'Nothing is wrong with the change; run it again.',
    cause: error,
  });
}

/** The failure; a node that went away explains what failed after it. */
async function explained(run: Run, error: unknown): Promise<Failure> {
  const failure = toFailure(error, currentStage(run.report()));
  const kube = run.known.world?.kube;
  if (!kube || failure.code === 'node-preempted' || failure.code === 'node-lost') return failure;
  return (await lostAt(run, kube, failure.stage, error)) ?? failure;
}

/** Throws when nodes that the run leased are gone. Looks once in an interval of polls, however often it is called. */
export function nodeWatch(run: Run, kube: KubeClient): () => Promise<void> {
  const { clock, inputs } = run.context;
  let nextMs = clock.now();
  return async () => {
    if (clock.now() < nextMs) return;
    nextMs = clock.now() + inputs.pollIntervalMs;
    await checkNodes(run, kube, currentStage(run.report()));
  };
}

/** A failure for the nodes that the run has lost, if any; null also when they cannot be listed. */
async function lostAt({ known }: Run, kube: KubeClient, stage: FailureStage, cause?: unknown): Promise<Failure | null> {
  if (!known.leased) return null;
  const { pool, spot, nodes } = known.leased;
  const lost = await lostNodes(kube, pool, nodes).catch(() => []);
  if (lost.length === 0) return null;
  const since = nodes.reduce(
    (first, { createdAt }) => (createdAt < first ? createdAt : first),
    nodes[0]?.createdAt ?? '',
  );
  const scaledDown = known.service !== null && (await isScaledDown(kube, known.service.namespace, since));
  return nodesLost(lost, { spot, stage, scaledDown, cause });
}

/** The last stage that began. */
export function currentStage(report: Report): FailureStage {
  const begun = STAGES.filter((name) => report.stages.find(({ stage: entry }) => entry === name)?.startedAt);
  return (begun.at(-1) as FailureStage | undefined) ?? 'preflight';
}
