import { errorText } from '../../lib/failure.ts';
import { ceilingTimes, measureCeiling } from '../../load/ceiling.ts';
import { runFixedSource } from '../../load/fixed-source.ts';
import { type OpenTo, runOpenSource } from '../../load/open-source.ts';
import { shardsFor } from '../../load/shard/messages.ts';
import { localSource } from '../../load/source.ts';
import { createWayClients } from '../../load/ways.ts';
import type { LoadOrigin } from '../../report/model.ts';
import type { Prepared, StageContext } from '../context.ts';
import { imageMissing } from '../ready/reach.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { openClusterLoad } from './cluster/cluster-load.ts';
import { type Loader, type LoadTarget, targetOf, untilValid, workloadFor } from './loader.ts';

type Near = Pick<ReadyStack, 'route' | 'tunnel'>;

/**
 * Opens what the input `load-from` names, in the namespace of a stack and near its gateway. `measure` finds out what this
 * process can send.
 */
export async function openLoader(
  context: StageContext,
  { service: { namespace } }: Pick<Prepared, 'service'>,
  near: Near,
  measure: typeof measureCeiling = measureCeiling,
): Promise<Loader> {
  const { loadFrom, loadImage } = context.inputs;
  if (loadFrom === 'cluster') return clusterLoader(context, namespace, near, null);
  if (near.tunnel) {
    // Load through a tunnel would measure the tunnel.
    const { reason } = near.tunnel;
    if (loadFrom === 'runner' || loadImage === '') throw imageMissing('benchmark', near.route.origin, reason);
    return clusterLoader(context, namespace, near, `The runner cannot reach the gateway: ${reason}.`);
  }
  const runner = runnerLoader(context, measure);
  return loadFrom === 'auto' ? autoLoader(context, { namespace, near, runner }) : runner;
}

/** Where requests to a stack go by ways of it, and what they carry. */
function sentTo(context: StageContext, target: LoadTarget, ways: readonly string[]): OpenTo {
  return { target: targetOf(context, target, ways), workload: workloadFor(context, target) };
}

interface RunnerLoader extends Loader {
  /** Its ceiling once that is measured; null where it cannot be. */
  measured: Promise<number | null>;
}

/** This process. Its own meter finds out when it is too slow, which is a veto. */
export function runnerLoader(context: StageContext, measure: typeof measureCeiling): RunnerLoader {
  const clients = createWayClients();
  const { signal, inputs } = context;
  let ceilingPerSecond: number | null = null;
  const measured = noteCeiling(context, measure).then((perSecond) => {
    ceilingPerSecond = perSecond;
    return perSecond;
  });
  return {
    measured,
    source: (target, ways) => {
      const to = sentTo(context, target, ways);
      const source = localSource(clients.to(to.target, inputs.maxTokens), to.workload);
      return {
        async run(load, stop) {
          await measured;
          return source.run(load, stop);
        },
      };
    },
    async open(load, target, way) {
      const to = sentTo(context, target, way === null ? [] : [way]);
      await measured;
      const result = await runOpenSource(load, to, signal);
      signal.throwIfAborted();
      return result;
    },
    async fixed(load, target) {
      await measured;
      const result = await runFixedSource(
        { ...load, model: target.model.modelId },
        targetOf(context, target, []),
        signal,
      );
      signal.throwIfAborted();
      return result;
    },
    fit: async () => {},
    origin: () => ({ from: 'runner', asked: inputs.loadFrom, clients: 1, reason: null, tunnel: null }),
    ceilingPerSecond: () => ceilingPerSecond,
    async close() {
      await measured;
      await clients.close();
    },
  };
}

/** Short beside the wait for the ways to the replicas, beside which it is measured. */
const LONGEST_CEILING = { warmMs: 250, measureMs: 500 };

/** Measures what this machine can send before it sends anything to the stack. Never rejects: the run needs no ceiling. */
async function noteCeiling(
  { emit, signal, inputs }: StageContext,
  measure: typeof measureCeiling,
): Promise<number | null> {
  try {
    const times = ceilingTimes(inputs.pairDurationMs, LONGEST_CEILING);
    const perSecond = Math.round(await measure({ ...times, mostMs: LONGEST_CEILING.measureMs }, signal));
    if (signal.aborted || perSecond === 0) return null;
    const text = `the load generator can send ${perSecond} req/s from this machine`;
    emit({ type: 'fact', stage: 'benchmark', text });
    return perSecond;
  } catch (error) {
    emit({ type: 'warning', text: `What the load generator can send was not measured: ${errorText(error)}.` });
    return null;
  }
}

/** Load clients in the cluster. `reason`: why they were taken, as a sentence; null where the inputs name them. */
async function clusterLoader(
  context: StageContext,
  namespace: string,
  { route, tunnel }: Near,
  reason: string | null,
): Promise<Loader> {
  const { signal, inputs, emit } = context;
  if (reason !== null) emit({ type: 'fact', stage: 'benchmark', text: `load from inside the cluster: ${reason}` });
  const load = await openClusterLoad(context, { namespace, route });
  return {
    source: (target, ways) => {
      const to = sentTo(context, target, ways);
      return { run: (block, stop) => load.run(block, to, stop) };
    },
    open(given, target, way) {
      const to = sentTo(context, target, way === null ? [] : [way]);
      return untilValid(context, (suffix) => load.open({ ...given, part: `${given.part}${suffix}` }, to, signal));
    },
    fixed: (given, target) =>
      load.fixed({ ...given, model: target.model.modelId }, targetOf(context, target, []), signal),
    fit: (ratePerSecond) => load.fit(ratePerSecond),
    origin: (): LoadOrigin => ({
      ...{ from: 'cluster', asked: inputs.loadFrom, clients: load.clients(), reason },
      tunnel: tunnel?.reason ?? null,
    }),
    ceilingPerSecond: () => load.ceilingPerSecond(),
    close: () => load.close(),
  };
}

/**
 * This process for as long as it stays below half of its own ceiling, then load clients in the cluster.
 */
function autoLoader(
  context: StageContext,
  { namespace, near, runner }: { namespace: string; near: Near; runner: RunnerLoader },
): Loader {
  const { inputs, emit } = context;
  let inner: Loader = runner;
  let isTold = false;
  return {
    // The blocks before the change of the loader are warm-ups.
    source: (target, ways) => ({ run: (block, signal) => inner.source(target, ways).run(block, signal) }),
    open: (...given) => inner.open(...given),
    fixed: (...given) => inner.fixed(...given),
    async fit(ratePerSecond) {
      if (inner.origin().from === 'cluster') return inner.fit(ratePerSecond);
      const ceiling = await runner.measured;
      if (ceiling === null || shardsFor(ratePerSecond, ceiling) === 1) return;
      const reason = `The plan has ${ratePerSecond.toFixed(0)} req/s, more than half of the ${ceiling.toFixed(0)} req/s that the runner can send.`;
      if (inputs.loadImage === '') {
        const text = `${reason} The runner sends them, since load clients in the cluster need the input "load-image".`;
        if (!isTold) emit({ type: 'warning', text });
        isTold = true;
        return;
      }
      const next = await clusterLoader(context, namespace, near, reason);
      await inner.close();
      inner = next;
      await inner.fit(ratePerSecond);
    },
    origin: () => inner.origin(),
    ceilingPerSecond: () => inner.ceilingPerSecond(),
    close: () => inner.close(),
  };
}
