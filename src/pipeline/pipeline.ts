import type { Manifest } from '../clients/files/manifests.ts';
import type { ClusterInfo, GkeClient } from '../clients/google/gke.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { KubeObject } from '../clients/kubernetes/objects.ts';
import type { ClusterEvidence } from '../diagnosis/evidence.ts';
import { type Failure, type FailureStage, toFailure } from '../lib/failure.ts';
import { orAbort, systemClock } from '../lib/poll.ts';
import type { RequestRecord } from '../load/types.ts';
import { finishReport } from '../report/fold.ts';
import type { Report } from '../report/model.ts';
import { preflightCounts, USUAL_MS } from '../report/wording.ts';
import { benchmark, type Measured } from '../stages/benchmark/benchmark.ts';
import type { BaseContext, Kept, LeaseState, Prepared, StageContext } from '../stages/context.ts';
import { deploy } from '../stages/deploy/deploy.ts';
import { awaitNodes, isSmaller, leaseContext, requestNodes, takePool } from '../stages/lease/lease.ts';
import { lostNodes, nodesLost } from '../stages/lease/lost-nodes.ts';
import type { TpuNode } from '../stages/lease/nodes.ts';
import { keepPool } from '../stages/lease/pool-lease.ts';
import { budgetMs, overBudget } from '../stages/preflight/budget.ts';
import { checkOffline } from '../stages/preflight/offline.ts';
import { preflight } from '../stages/preflight/preflight.ts';
import { preflightTable, type Table } from '../stages/preflight/table.ts';
import { awaitReady } from '../stages/ready/ready.ts';
import { keep } from '../stages/release/keep-stack.ts';
import { verify } from '../stages/verify/verify.ts';
import { sincePass } from '../verdict/compare.ts';
import { overallVerdict } from '../verdict/overall.ts';
import { servedVerdict } from '../verdict/served.ts';
import { diagnose } from './diagnose.ts';
import { currentStage, firstFailureStopsBoth, interrupted, stage } from './stage.ts';

/** What the files of the workspace say; each of them is a line of preflight. */
export interface Files {
  manifests: Manifest[];
  retire: KubeObject[];
  prompts: readonly string[] | null;
  baseline: Report | null;
  /** The result of the last run that passed. */
  lastPass: Report | null;
}

/** The cluster, once credentials have been accepted. */
export interface World {
  gke: GkeClient;
  kube: KubeClient;
  cluster: ClusterInfo;
  /** Who the gate is. */
  identity: string;
}

export interface PipelineInput {
  /** The first thing that preflight does: no call is made. Answers null when a line has failed. */
  load: (table: Table) => Promise<Files | null>;
  /** The first call. */
  connect: () => Promise<World>;
  /** Called before the first call that can cost money. */
  saveLease: (state: LeaseState) => void;
  /** Called once it is known that a stack that stays will be deployed; answers where that is announced. */
  announce?: () => Promise<Kept['deployment']>;
}

export interface PipelineResult {
  report: Report;
  /** What the cluster said of a run that did not pass; null when it was not asked. */
  evidence: ClusterEvidence | null;
  records: RequestRecord[];
  originMs: number;
}

/** The whole story: what is known for free, nodes and manifests side by side, ready, proven, measured, judged. */
export async function runPipeline(given: BaseContext, input: PipelineInput): Promise<PipelineResult> {
  let measured: Measured | null = null;
  let world: World | null = null;
  let manifests: readonly Manifest[] = [];
  let service: Prepared['service'] | null = null;
  let budget: number | null = null;
  let endsMs = given.clock.now() + given.inputs.timeoutMs;
  let watch: { pool: string; spot: boolean; nodes: readonly TpuNode[] } | null = null;
  let held: LeaseState | null = null;
  const lost = new AbortController();
  const over = new AbortController();
  const base: BaseContext = { ...given, signal: AbortSignal.any([given.signal, lost.signal]) };
  try {
    const { context, prepared: planned } = await stage(base, 'preflight', 'Preflight', null, null, async () => {
      const { report } = base;
      const table = preflightTable(report.preflight, base.signal);
      try {
        const files = await input.load(table);
        if (files) {
          manifests = files.manifests;
          await checkOffline(table, files.manifests, base.inputs);
        }
        // A manifest that is refused is sent to nobody, not even for a dry run.
        table.settle();
        if (!files) throw new Error('every file was read, and there are none');
        if (files.lastPass) report.sincePass = sincePass(files.lastPass, report);
        world = await table.check('identity', 'Identity', async () => {
          const opened = await input.connect();
          return { value: opened, seen: opened.identity };
        });
        table.settle();
        const { gke, kube, cluster } = world as unknown as World;
        const { prompts, baseline } = files;
        const opened: StageContext = { ...base, gke, kube, prompts, baseline };
        const found = await preflight(opened, cluster, files.manifests, files.retire, table);
        service = found.service;
        budget = budgetMs(opened, found);
        if (files.lastPass) report.sincePass = sincePass(files.lastPass, report);
        const counts = preflightCounts(report.preflight);
        return [{ context: opened, prepared: found }, `${counts}; ${planText(found)}`];
      } finally {
        for (const line of report.preflight) base.emit({ type: 'checked', stage: 'preflight', ...line });
      }
    });
    if (base.inputs.mode === 'preflight') {
      const reasons = [`${preflightCounts(base.report.preflight)}. Nothing was leased, deployed or measured.`];
      const end = finishReport(base.report, { verdict: 'pass', reasons, finishedAt: now() });
      return done(base, null, null, end);
    }

    const deployment = base.inputs.keep ? ((await input.announce?.()) ?? null) : null;
    const stopSibling = new AbortController();
    const sibling = { ...context, signal: AbortSignal.any([context.signal, stopSibling.signal]) };
    const leased = Promise.withResolvers<Prepared>();
    const cleared = Promise.withResolvers<void>();
    const nodes = stage(
      sibling,
      'lease',
      leaseTitle(planned),
      USUAL_MS.lease,
      context.inputs.leaseTimeoutMs,
      async () => {
        const { leaseTimeoutMs } = context.inputs;
        const { prepared, state } = await takePool(sibling, planned, input.saveLease);
        const kept = { ...context, signal: AbortSignal.any([base.signal, over.signal]) };
        const onRenewed = (renewedAt: string) => {
          // One that was under way when the stack was stamped as kept must not take that back.
          if (!over.signal.aborted) input.saveLease({ ...state, renewedAt });
        };
        // In real time, as the times in the lease are.
        void keepPool({ ...leaseContext(kept), clock: systemClock }, state, {
          onRenewed,
          onLost: (failure) => lost.abort(failure),
        });
        held = state;
        leased.resolve(prepared);
        if (isSmaller(context, prepared)) await orAbort(cleared.promise, sibling.signal);
        stopInTime(budget, lost, over.signal, context);
        if (budget !== null) endsMs = Math.min(endsMs, context.clock.now() + budget);
        const began = context.clock.now();
        const operation = await requestNodes(sibling, prepared, leaseTimeoutMs);
        const leftMs = Math.max(0, leaseTimeoutMs - (context.clock.now() - began));
        const ready = await awaitNodes(sibling, prepared, operation, leftMs);
        watch = { pool: prepared.pool.name, spot: prepared.pool.spot, nodes: ready };
        const chips = ready.reduce((sum, node) => sum + node.chips, 0);
        return [ready, `${ready.length} nodes, ${chips} chips`];
      },
    );
    nodes.catch(leased.reject);
    // Before the pool is ours, what is deployed may be somebody else's measurement.
    const prepared = await leased.promise;
    const applied = stage(sibling, 'deploy', `Deploy ${prepared.service.name}`, null, null, async () => {
      const {
        retired,
        applied: count,
        pruned,
      } = await deploy(sibling, prepared, async () => {
        cleared.resolve();
        if (isSmaller(context, prepared)) await nodes;
      });
      const rest = [
        retired > 0 ? `, ${retired} of what was there retired` : '',
        pruned > 0 ? `, ${pruned} pruned` : '',
      ];
      return [count, `${count} objects applied${rest.join('')}`];
    });
    await firstFailureStopsBoth([nodes, applied], stopSibling);

    const stack = await stage(
      context,
      'ready',
      `Wait for ${replicaText(prepared.service.replicas)}`,
      USUAL_MS.ready,
      context.inputs.readyTimeoutMs,
      async () => {
        const found = await awaitReady(context, prepared);
        return [
          found,
          `${replicaText(found.replicas.length)} and the endpoint picker ready at ${found.route.endpoint}`,
        ];
      },
    );
    context.report.plan.gateway = `${stack.route.gateway.namespace}/${stack.route.gateway.name}`;
    context.report.environment.inferencePoolGroup = stack.route.pool?.apiVersion.split('/')[0] ?? null;

    const model = await stage(context, 'verify', 'Verify the service and its routing', null, null, async () => {
      const found = await verify(context, prepared, stack);
      const passed = context.report.checks.filter(({ outcome }) => outcome === 'pass').length;
      return [found, `${passed} of ${context.report.checks.length} checks passed`];
    });

    if (base.inputs.keep) {
      const { checks } = base.report;
      const gone = await goneNodes(context.kube, watch);
      if (gone) throw gone('verify');
      const { verdict, reasons } = servedVerdict(checks);
      base.report.verdict = verdict;
      const evidence = verdict === 'pass' ? null : await diagnose(base, world, { service, manifests }, null);
      if (verdict !== 'fail' && held) {
        // The signs of life end here: the lease is stamped with an end of its own.
        over.abort();
        const kept = await keep(context, prepared, held, deployment);
        input.saveLease(kept.state);
        base.report.release = kept.release;
      }
      return done(base, null, evidence, finishReport(base.report, { verdict, reasons, finishedAt: now() }));
    }

    measured = await stage(context, 'benchmark', 'Measure one replica against all', null, null, async () => {
      const result = await benchmark({ ...context, endsMs }, prepared, stack, model);
      const { speedup } = result.benchmark;
      const text = speedup
        ? `${speedup.value.toFixed(2)}× (${speedup.low.toFixed(2)}–${speedup.high.toFixed(2)})`
        : 'no ratio';
      return [result, `${text} after ${result.benchmark.pairs.length} pairs`];
    });
    const gone = await goneNodes(context.kube, watch);
    if (gone) throw gone('benchmark');
    context.report.benchmark = measured.benchmark;
    context.report.runbook = measured.runbook;
    const { verdict, reasons } = overallVerdict(context.report.checks, measured.benchmark, context.report.target);
    base.report.verdict = verdict;
    const evidence = verdict === 'pass' ? null : await diagnose(base, world, { service, manifests }, null);
    return done(base, measured, evidence, finishReport(base.report, { verdict, reasons, finishedAt: now() }));
  } catch (error) {
    const kube = (world as World | null)?.kube ?? null;
    const failure = interrupted(base, error) ?? (await explained(base, kube, watch, error));
    const evidence = await diagnose(base, world, { service, manifests }, failure);
    const end = { verdict: 'error' as const, reasons: [failure.message], finishedAt: now(), failure };
    return done(base, measured, evidence, finishReport(base.report, end));
  } finally {
    over.abort();
  }
}

type Watched = { pool: string; spot: boolean; nodes: readonly TpuNode[] } | null;

/** Ends the run in time for the release to stay within the budget. */
function stopInTime(budget: number | null, stop: AbortController, over: AbortSignal, context: StageContext): void {
  if (budget === null) return;
  const { maxCostUsd } = context.inputs;
  context.clock.sleep(budget, over).then(
    () => stop.abort(overBudget(maxCostUsd ?? 0, budget)),
    () => {},
  );
}

/** A failure for the nodes that the run has lost, if any; null also when they cannot be looked at. */
async function goneNodes(
  kube: KubeClient,
  watch: Watched,
): Promise<((stage: FailureStage, cause?: unknown) => Failure) | null> {
  if (!watch) return null;
  const { pool, spot, nodes } = watch;
  const lost = await lostNodes(kube, pool, nodes).catch(() => []);
  return lost.length > 0 ? (stage, cause) => nodesLost(lost, { spot, stage, cause }) : null;
}

/** What ended the run; a node that went away explains what failed after it. */
async function explained(base: BaseContext, kube: KubeClient | null, watch: Watched, error: unknown): Promise<Failure> {
  const failure = toFailure(error, currentStage(base.report));
  const gone =
    kube && failure.code !== 'node-preempted' && failure.code !== 'node-lost' && (await goneNodes(kube, watch));
  return gone ? gone(failure.stage, error) : failure;
}

function done(
  context: BaseContext,
  measured: Measured | null,
  evidence: ClusterEvidence | null,
  report: Report,
): PipelineResult {
  Object.assign(context.report, report);
  return { report: context.report, evidence, records: measured?.records ?? [], originMs: measured?.originMs ?? 0 };
}

function replicaText(count: number): string {
  return count === 1 ? '1 replica' : `${count} replicas`;
}

function leaseTitle({ pool, sizeBefore, nodes }: Prepared): string {
  return `Lease node pool ${pool.name} ${sizeBefore} → ${nodes}`;
}

function planText({ nodes, pool, restingNodes }: Prepared): string {
  return `${nodes} ${nodes === 1 ? 'node' : 'nodes'} of ${pool.machineType ?? 'unknown type'}, back to ${restingNodes} afterwards`;
}

function now(): string {
  return new Date().toISOString();
}
