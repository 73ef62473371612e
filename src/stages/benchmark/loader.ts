import { Failure } from '../../lib/failure.ts';
import type { FixedLoad, FixedResult } from '../../load/fixed-source.ts';
import type { OpenLoad, OpenResult } from '../../load/open-source.ts';
import type { LoadSource, SourceLoad, SourceResult, Workload } from '../../load/source.ts';
import type { WayTarget } from '../../load/ways.ts';
import type { LoadOrigin } from '../../report/model.ts';
import type { StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import type { VerifiedModel } from '../verify/verify.ts';
import { COMPLETIONS, requestDeadlineMs } from './load-client.ts';
import { WAY_HEADER } from './way-objects.ts';

/** A stack that is sent requests. */
export interface LoadTarget {
  stack: Pick<ReadyStack, 'route'>;
  model: Pick<VerifiedModel, 'modelId'>;
}

/** What sends all requests that are timed: this process, or load clients in the cluster. */
export interface Loader {
  /** Requests to a stack by ways of it, by the values of the way header; several take turns. */
  source(target: LoadTarget, ways: readonly string[]): LoadSource;
  /** An open loop by one way, or by the route of the service where that is null. Throws when the run is aborted. */
  open(load: OpenLoad, target: LoadTarget, way: string | null): Promise<OpenResult>;
  /** A fixed number of requests by the route of the service. Throws when the run is aborted. */
  fixed(load: Omit<FixedLoad, 'model'>, target: LoadTarget): Promise<FixedResult>;
  /**
   * Makes sure of twice the power that a rate needs, requests per second. Called between blocks. Throws a Failure where that
   * cannot be had.
   */
  fit(ratePerSecond: number): Promise<void>;
  /** Where the requests come from by now. */
  origin(): LoadOrigin;
  /** Requests per second that it can send, by its own measurement; of several load clients, the slowest. Null without one. */
  ceilingPerSecond(): number | null;
  close(): Promise<void>;
}

/** Where requests to a stack go. */
export function targetOf(
  { inputs }: Pick<StageContext, 'inputs'>,
  { stack }: Pick<LoadTarget, 'stack'>,
  ways: readonly string[],
): WayTarget {
  const { endpoint, hostname } = stack.route;
  const deadlineMs = requestDeadlineMs(inputs);
  return { endpoint, hostname, path: COMPLETIONS, wayHeader: WAY_HEADER, ways, deadlineMs };
}

/** What requests to a stack carry. */
export function workloadFor({ runKey, prompts, inputs }: StageContext, { model }: LoadTarget): Workload {
  const { promptTokens, maxTokens } = inputs;
  return { runKey, model: model.modelId, prompts: prompts ?? null, promptTokens, maxTokens };
}

/** Loads that load clients started too late, one after another, before the run ends. */
const MOST_RETAKES = 2;

/** Runs a block until it counts. `again` is called before each further try, once the requests of the last have ended. */
export function runUntilValid(
  context: Pick<StageContext, 'emit' | 'signal'>,
  source: LoadSource,
  load: SourceLoad,
  again: () => Promise<void> = async () => {},
): Promise<SourceResult> {
  return untilValid(context, (suffix) => source.run({ ...load, part: `${load.part}${suffix}` }, context.signal), again);
}

/** Takes a load until it counts. `take` is given what to add to the name of its prompts. */
export async function untilValid<T extends object>(
  context: Pick<StageContext, 'emit' | 'signal'>,
  take: (suffix: string) => Promise<T | { invalid: string }>,
  again: () => Promise<void> = async () => {},
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    // A prompt that was sent before would be answered from a cache.
    const result = await take(tries === 0 ? '' : `/again-${tries}`);
    context.signal.throwIfAborted();
    if (!isInvalid(result)) return result;
    if (tries === MOST_RETAKES) throw blocksInvalid(result.invalid);
    context.emit({ type: 'warning', text: `A block does not count and is measured again: ${result.invalid}.` });
    await again();
  }
}

function isInvalid(result: object): result is { invalid: string } {
  return 'invalid' in result;
}

function blocksInvalid(reason: string): Failure {
  return new Failure({
    stage: 'benchmark',
    code: 'load-not-together',
    message: `The load clients in the cluster did not start a block together in ${MOST_RETAKES + 1} tries: ${reason}.`,
    hint: 'Look whether the nodes of the load clients or the API server are overloaded, or measure with "load-from: runner".',
  });
}
