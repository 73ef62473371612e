import { startEndpointThread } from '../../clients/runner/endpoint-thread.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { ceilingAt } from '../../load/ceiling.ts';
import { runFixedSource } from '../../load/fixed-source.ts';
import { runOpenSource } from '../../load/open-source.ts';
import { shardsFor } from '../../load/shard/messages.ts';
import { localSource } from '../../load/source.ts';
import { createWayClients } from '../../load/ways.ts';
import type { LoadOrigin } from '../../report/model.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { openClusterLoad } from './cluster/cluster-load.ts';
import { type Loader, targetOf, untilValid, workloadFor } from './loader.ts';

type Near = Pick<ReadyStack, 'route' | 'tunnel'>;

/** Opens what the input `load-from` names, in the namespace of a stack and near its gateway. */
export async function openLoader(
  context: StageContext,
  { service: { namespace } }: Pick<Prepared, 'service'>,
  near: Near,
): Promise<Loader> {
  const { loadFrom, loadImage } = context.inputs;
  if (loadFrom === 'cluster') return clusterLoader(context, namespace, near, null);
  if (near.tunnel) {
    // Load through a tunnel would measure the tunnel.
    if (loadFrom === 'runner' || loadImage === '') throw noWayForLoad(near);
    return clusterLoader(context, namespace, near, `The runner cannot reach the gateway: ${near.tunnel.reason}.`);
  }
  return loadFrom === 'auto' ? autoLoader(context, namespace, near) : runnerLoader(context);
}

function noWayForLoad({ route }: Near): Failure {
  return new Failure({
    ...{ stage: 'benchmark', code: 'load-image-missing' },
    message: `The runner cannot reach the gateway at ${route.origin}, so only load clients in the cluster can measure.`,
    hint: 'Give "load-from: auto" with the input "load-image".',
  });
}

/** This process. Its own meter finds out when it is too slow, which is a veto. */
export function runnerLoader(context: StageContext): Loader {
  const clients = createWayClients();
  const { signal, inputs } = context;
  return {
    source: (target, ways) =>
      localSource(clients.to(targetOf(target, ways), inputs.maxTokens), workloadFor(context, target)),
    async open(load, target, way) {
      const to = { target: targetOf(target, way === null ? [] : [way]), workload: workloadFor(context, target) };
      const result = await runOpenSource(load, to, signal);
      signal.throwIfAborted();
      return result;
    },
    async fixed(load, target) {
      const result = await runFixedSource({ ...load, model: target.model.modelId }, targetOf(target, []), signal);
      signal.throwIfAborted();
      return result;
    },
    fit: async () => {},
    origin: () => ({ from: 'runner', asked: inputs.loadFrom, clients: 1, reason: null, tunnel: null }),
    close: () => clients.close(),
  };
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
      const [where, workload] = [targetOf(target, ways), workloadFor(context, target)];
      return { run: (block, stop) => load.run(block, { target: where, workload }, stop) };
    },
    open(given, target, way) {
      const to = { target: targetOf(target, way === null ? [] : [way]), workload: workloadFor(context, target) };
      return untilValid(context, (suffix) => load.open({ ...given, part: `${given.part}${suffix}` }, to, signal));
    },
    fixed: (given, target) => load.fixed({ ...given, model: target.model.modelId }, targetOf(target, []), signal),
    fit: (ratePerSecond) => load.fit(ratePerSecond),
    origin: (): LoadOrigin => ({
      ...{ from: 'cluster', asked: inputs.loadFrom, clients: load.clients(), reason },
      tunnel: tunnel?.reason ?? null,
    }),
    close: () => load.close(),
  };
}

/**
 * This process for as long as it stays below half of its own ceiling, then load clients in the cluster. The ceiling is
 * measured once, after the first warm-up.
 */
function autoLoader(context: StageContext, namespace: string, near: Near): Loader {
  const { inputs, emit } = context;
  let inner = runnerLoader(context);
  let ceiling: number | null | undefined;
  let isTold = false;
  return {
    // The blocks before the change of the loader are warm-ups.
    source: (target, ways) => ({ run: (block, signal) => inner.source(target, ways).run(block, signal) }),
    open: (...given) => inner.open(...given),
    fixed: (...given) => inner.fixed(...given),
    async fit(ratePerSecond) {
      if (inner.origin().from === 'cluster') return inner.fit(ratePerSecond);
      if (ceiling === undefined) ceiling = await ownCeiling(context);
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
    close: () => inner.close(),
  };
}

/** What this process can send, requests per second; null with a warning where that cannot be measured. */
async function ownCeiling({ loadScript, emit, signal }: StageContext): Promise<number | null> {
  try {
    const thread = await startEndpointThread(loadScript ?? '');
    try {
      const ceiling = await ceilingAt(thread.port, signal);
      signal.throwIfAborted();
      emit({ type: 'fact', stage: 'benchmark', text: `the runner is able to send ${ceiling.toFixed(0)} req/s` });
      return ceiling > 0 ? ceiling : null;
    } finally {
      await thread.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    emit({ type: 'warning', text: `What the runner can send could not be measured: ${errorText(error)}` });
    return null;
  }
}
