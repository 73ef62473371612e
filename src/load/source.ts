import { percentile } from '../verdict/statistics.ts';
import { nextBodies } from './bodies.ts';
import type { LoadClient } from './client.ts';
import { runBlock } from './closed-loop.ts';
import type { BlockLoad } from './pairs.ts';
import { type BodyOptions, requestBody } from './prompts.ts';
import { type MeasuredBlock, measureBlock } from './summary.ts';
import { type TokenTally, tokensOf } from './tokens.ts';

/** What the requests of the pairs carry. Plain data, so that another process can send them too. */
export interface Workload {
  /** Keeps prompts apart from those of every other run. */
  runKey: string;
  model: string;
  /** The user's own; null for unique ones of `promptTokens`. */
  prompts: readonly string[] | null;
  promptTokens: number;
  /** Output tokens of every answer. */
  maxTokens: number;
}

/** One closed loop over the requests in flight that a block has. */
export interface SourceLoad extends Omit<BlockLoad, 'pair'> {
  /** Keeps the prompts of the block apart from those of all others. */
  part: string;
  rampMs: number;
  /** Cut off from the start of the block. */
  trimMs: number;
  silentMs?: number | undefined;
}

/** A block that was run, as sums and times alone: what several load clients can add up. */
export interface SourceResult {
  measured: MeasuredBlock;
  tokens: TokenTally;
  /** Latencies of all valid answers, those outside the window included, milliseconds. */
  answeredMs: readonly number[];
}

/**
 * What sends the requests of a block by one way: this process, or load clients in the cluster. A block that does not count,
 * because one of several clients was late or missing, is `{ invalid }` with one clause that says why.
 */
export interface LoadSource {
  run(load: SourceLoad, signal: AbortSignal): Promise<SourceResult | { invalid: string }>;
}

/** The next body of a workload, by its prompts in `part`. With `stream` its answer comes as server-sent events. */
export function bodiesOf(workload: Workload, part: string, { stream = false } = {}): () => Buffer {
  const { runKey, prompts, promptTokens } = workload;
  return nextBodies({ seed: `${runKey}/${part}`, prompts, promptTokens }, optionsOf(workload, stream));
}

/** The body of one request of the pairs. */
export function workloadBody(workload: Pick<Workload, 'model' | 'maxTokens'>, prompt: string): Buffer {
  return requestBody(prompt, optionsOf(workload, false));
}

function optionsOf({ model, maxTokens }: Pick<Workload, 'model' | 'maxTokens'>, stream: boolean): BodyOptions {
  return { api: 'completions', model, maxTokens, fixedLength: true, stream };
}

/** The load client of this process as a source. The caller closes the client. */
export function localSource(
  client: Pick<LoadClient, 'send'>,
  workload: Workload,
): { run(load: SourceLoad, signal: AbortSignal): Promise<SourceResult> } {
  return {
    async run({ part, trimMs, silentMs, ...load }, signal) {
      const nextBody = bodiesOf(workload, part);
      const limits = silentMs === undefined ? {} : { silentMs };
      const run = await runBlock({ client, nextBody, signal, ...load, ...limits });
      const valid = run.records.filter((record) => record.valid);
      return {
        measured: measureBlock(run, trimMs),
        tokens: tokensOf(run.records, workload.maxTokens),
        answeredMs: valid.map(({ endMs, sentMs }) => endMs - sentMs),
      };
    },
  };
}

/** The median latency of a block's valid answers, milliseconds; null without one. */
export function medianOf({ answeredMs }: Pick<SourceResult, 'answeredMs'>): number | null {
  return answeredMs.length > 0 ? percentile(answeredMs, 0.5) : null;
}
