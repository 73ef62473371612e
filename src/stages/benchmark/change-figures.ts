import { createServingClient } from '../../clients/serving/client.ts';
import { mergedHistogram } from '../../load/histogram.ts';
import type { OpenResult } from '../../load/open-source.ts';
import { requestBody, sharedPrefixGroup } from '../../load/prompts.ts';
import { openSilenceMs } from '../../load/silence.ts';
import type { MeasuredBlock } from '../../load/summary.ts';
import type { ArmFigures, LatencyFigures, StackFigures } from '../../report/model.ts';
import { podSummary } from '../../stack/pods.ts';
import type { StageContext } from '../context.ts';
import { checkEndpoint } from '../ready/reach.ts';
import { atRest, cacheBetween, settled, snapshot } from '../verify/counters.ts';
import type { Arm } from './change-arms.ts';
import { latencyFigures, openLoopRate } from './latency.ts';
import { hasTime } from './load.ts';
import { WAY_HEADER } from './way-objects.ts';

/** What is measured of a stack beside the pairs; null where it is not known. */
export interface Measures {
  latency: Pick<LatencyFigures, 'ttftMs' | 'tpotMs' | 'e2eMs'> | null;
  hitRate: number | null;
}

type Arms = Record<Arm['name'], Arm>;

/** Blocks of the pairs have numbers from 0. */
const BLOCK = -300;
const GROUPS = 6;
const PER_GROUP = 6;
/** Blocks of the prefix cache that a common prefix fills; the half keeps its length off the edge of a block. */
const PREFIX_BLOCKS = 5.5;
const USUAL_BLOCK_TOKENS = 128;
const SUFFIX_TOKENS = 32;
const REQUEST_LIMIT_MS = 30_000;
/** What the prompts with common prefixes take at most, for all that is known before they are sent. */
const PREFIXES_MS = 60_000;

/**
 * Streamed answers of both stacks in an open loop at one rate, in the order base, head, head, base, and the prefix-cache hit
 * rate of prompts with common prefixes. Not part of the verdict: what cannot be had is null.
 */
export async function measureStacks(
  context: StageContext,
  arms: Arms,
  rates: Record<Arm['name'], number>,
): Promise<Record<Arm['name'], Measures>> {
  const { latencyDurationMs } = context.inputs;
  const found = { head: emptyMeasures(), base: emptyMeasures() };
  if (latencyDurationMs === 0 || !hasTime(context, 2 * latencyDurationMs + PREFIXES_MS)) return found;
  const streams: Record<Arm['name'], OpenResult[]> = { head: [], base: [] };
  const ratePerSecond = openLoopRate(Math.min(rates.head, rates.base), context.inputs.maxTokens);
  for (const [place, name] of (['base', 'head', 'head', 'base'] as const).entries()) {
    const result = await stream(context, arms[name], { ratePerSecond, place });
    if (result.silent) return found;
    streams[name].push(result);
  }
  for (const name of ['base', 'head'] as const) {
    found[name].latency = latencyFigures(joined(streams[name]));
    found[name].hitRate = await hitRateOf(context, arms[name]);
  }
  return found;
}

/** Of a stack of which nothing beside the pairs is known. */
export const emptyMeasures = (): Measures => ({ latency: null, hitRate: null });

/** One load after another as one. */
function joined(results: readonly OpenResult[]): Parameters<typeof latencyFigures>[0] {
  const sum = (figure: (result: OpenResult) => number) => results.reduce((total, each) => total + figure(each), 0);
  return {
    requests: sum(({ requests }) => requests),
    errors: sum(({ errors }) => errors),
    buffered: sum(({ buffered }) => buffered),
    e2eMs: results.flatMap(({ e2eMs }) => e2eMs),
    ttftMs: results.flatMap(({ ttftMs }) => ttftMs),
    tpotMs: results.flatMap(({ tpotMs }) => tpotMs),
    gaps: mergedHistogram(results.map(({ gaps }) => gaps.encoded())),
  };
}

/** Half of the time of one arm. */
function stream(
  { runKey, inputs }: StageContext,
  { name, loaded, ways }: Arm,
  { ratePerSecond, place }: { ratePerSecond: number; place: number },
): Promise<OpenResult> {
  const load = {
    ...{ arm: name, block: BLOCK - place, ratePerSecond, durationMs: inputs.latencyDurationMs / 2 },
    ...{ part: `change-stream/${place}`, streaming: true, limits: [], within: null },
    // Both arms are asked at the same moments.
    seed: `${runKey}/change-arrivals/${place < 2 ? 0 : 1}`,
    silentMs: openSilenceMs(ratePerSecond, inputs),
  };
  return loaded.loader.open(load, loaded, ways[place % ways.length]?.way ?? null);
}

/** By the counters of the replicas; null where these are not exported, or a request had no answer. */
async function hitRateOf(context: StageContext, arm: Arm): Promise<number | null> {
  const { prepared, stack, model } = arm.loaded;
  const before = await atRest(context, prepared, stack);
  const blockTokens = Math.max(USUAL_BLOCK_TOKENS, before.pods[0]?.counters?.blockSizeTokens ?? 0);
  const headers = { [WAY_HEADER]: arm.ways[0]?.way ?? '' };
  const { hostname } = stack.route;
  const client = createServingClient({ baseUrl: checkEndpoint(stack), hostname, headers, signal: context.signal });
  const options = { api: 'completions', model: model.modelId, maxTokens: 1, fixedLength: true } as const;
  const prefixTokens = Math.ceil(PREFIX_BLOCKS * blockTokens);
  let sent = 0;
  try {
    for (let group = 0; group < GROUPS; group += 1) {
      const seed = `${context.runKey}/change-prefix`;
      const { prompt } = sharedPrefixGroup({ seed, group, prefixTokens, suffixTokens: SUFFIX_TOKENS });
      for (let index = 0; index < PER_GROUP; index += 1) {
        const body: unknown = JSON.parse(requestBody(prompt(index), options).toString());
        const { status } = await client.post('/v1/completions', body, { limitMs: REQUEST_LIMIT_MS });
        if (status !== 200) return null;
        sent += 1;
      }
    }
  } catch {
    context.signal.throwIfAborted();
    return null;
  } finally {
    await client.close();
  }
  const cache = cacheBetween(before, await settled(context, prepared, stack, before, sent));
  return cache && cache.queries > 0 ? cache.hits / cache.queries : null;
}

/** All that is known of a stack, for the report. */
export async function stackFigures(
  { loaded: { context, prepared, stack }, contentHash }: Arm,
  {
    load,
    blocks,
    measures: { latency, hitRate },
  }: { load: ArmFigures; blocks: readonly MeasuredBlock[]; measures: Measures },
): Promise<StackFigures> {
  const sum = (part: 'sum' | 'count') => blocks.reduce((total, { tally }) => total + tally.promptTokens[part], 0);
  const ready = stack.replicas.flatMap((pod) => podSummary(pod, 'replica').readyAfterMs ?? []);
  const { pods } = await snapshot(context, prepared, stack);
  const sizes = new Set(pods.map(({ counters }) => counters?.kvCacheTokens ?? null));
  const [size = null] = sizes;
  return {
    service: prepared.service.name,
    contentHash,
    vllmImage: imageOf(stack.replicas[0]),
    load,
    ttftMs: latency?.ttftMs ?? null,
    tpotMs: latency?.tpotMs ?? null,
    e2eMs: latency?.e2eMs ?? null,
    hitRate,
    tokensPerPrompt: sum('count') > 0 ? sum('sum') / sum('count') : null,
    readyMs: ready.length > 0 ? Math.max(...ready) : null,
    kvCacheTokens: sizes.size === 1 ? size : null,
  };
}

function imageOf(pod: Arm['loaded']['stack']['replicas'][number] | undefined): string | null {
  const containers = pod?.spec?.containers ?? [];
  return (containers.find(({ name }) => name === 'main') ?? containers[0])?.image ?? null;
}
