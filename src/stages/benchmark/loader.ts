import { Failure } from '../../lib/failure.ts';
import { type LoadSource, localSource, type SourceLoad, type SourceResult, type Workload } from '../../load/source.ts';
import { createWayClients, type WayTarget } from '../../load/ways.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import type { VerifiedModel } from '../verify/verify.ts';
import { openClusterLoad } from './cluster/cluster-load.ts';
import { COMPLETIONS, REQUEST_DEADLINE_MS } from './load-client.ts';
import { WAY_HEADER } from './way-objects.ts';

/** A stack that is sent requests. */
interface Target {
  stack: Pick<ReadyStack, 'route'>;
  model: Pick<VerifiedModel, 'modelId'>;
}

/** What sends the requests of the pairs and their warm-ups: this process, or load clients in the cluster. */
export interface Loader {
  /** Requests to a stack by ways of it, by the values of the way header; several take turns. */
  source(target: Target, ways: readonly string[]): LoadSource;
  /**
   * Makes sure of twice the power that a rate needs, requests per second. Called between blocks. Throws a Failure where that
   * cannot be had.
   */
  fit(ratePerSecond: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens what the input `load-from` names, in the namespace of a stack and near its gateway. */
export async function openLoader(
  context: StageContext,
  { service }: Pick<Prepared, 'service'>,
  { route }: Pick<ReadyStack, 'route'>,
): Promise<Loader> {
  if (context.inputs.loadFrom === 'runner') return runnerLoader(context);
  const load = await openClusterLoad(context, { namespace: service.namespace, route });
  return {
    source: (target, ways) => {
      const [where, workload] = [targetOf(target, ways), workloadFor(context, target)];
      return { run: (block, signal) => load.run(block, { target: where, workload }, signal) };
    },
    fit: (ratePerSecond) => load.fit(ratePerSecond),
    close: () => load.close(),
  };
}

/** This process. Its own meter finds out when it is too slow, which is a veto. */
function runnerLoader(context: StageContext): Loader {
  const clients = createWayClients();
  return {
    source: (target, ways) =>
      localSource(clients.to(targetOf(target, ways), context.inputs.maxTokens), workloadFor(context, target)),
    fit: async () => {},
    close: () => clients.close(),
  };
}

function targetOf({ stack }: Target, ways: readonly string[]): WayTarget {
  const { endpoint, hostname } = stack.route;
  return { endpoint, hostname, path: COMPLETIONS, wayHeader: WAY_HEADER, ways, deadlineMs: REQUEST_DEADLINE_MS };
}

function workloadFor({ runKey, prompts, inputs }: StageContext, { model }: Target): Workload {
  const { promptTokens, maxTokens } = inputs;
  return { runKey, model: model.modelId, prompts: prompts ?? null, promptTokens, maxTokens };
}

/** Blocks that load clients started too late, one after another, before the run ends. */
const MOST_RETAKES = 2;

/** Runs a block until it counts. `again` is called before each further try, once the requests of the last have ended. */
export async function runUntilValid(
  context: Pick<StageContext, 'emit' | 'signal'>,
  source: LoadSource,
  load: SourceLoad,
  again: () => Promise<void> = async () => {},
): Promise<SourceResult> {
  for (let tries = 0; ; tries += 1) {
    // A prompt that was sent before would be answered from a cache.
    const part = tries === 0 ? load.part : `${load.part}/again-${tries}`;
    const result = await source.run({ ...load, part }, context.signal);
    context.signal.throwIfAborted();
    if (!('invalid' in result)) return result;
    if (tries === MOST_RETAKES) throw blocksInvalid(result.invalid);
    context.emit({ type: 'warning', text: `A block does not count and is measured again: ${result.invalid}.` });
    await again();
  }
}

function blocksInvalid(reason: string): Failure {
  return new Failure({
    stage: 'benchmark',
    code: 'load-not-together',
    message: `The load clients in the cluster did not start a block together in ${MOST_RETAKES + 1} tries: ${reason}.`,
    hint: 'Look whether the nodes of the load clients or the API server are overloaded, or measure with "load-from: runner".',
  });
}
