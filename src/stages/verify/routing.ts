import type { ServingAnswer, ServingClient } from '../../clients/serving/client.ts';
import { requestBody, type SharedPrefixGroup, sharedPrefixGroup, uniquePrompts } from '../../load/prompts.ts';
import type { Check, RoutingEvidence } from '../../report/model.ts';
import { cacheablePrefix, expectedHitRates } from '../../verdict/hit-rate.ts';
import { checkCacheHits, checkPicker, checkSharedPrefix, checkUniqueSpread } from '../../verdict/routing.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { cacheBetween, type Snapshot, servedBetween, settled } from './counters.ts';
import { gatewayBetween, gatewaySnapshot } from './gateway-counters.ts';
import { add, ask } from './request.ts';

const PROBE_MAX_TOKENS = 8;
/**
 * Long enough for both layers: five blocks and a half of what the server reports, whose size the endpoint picker follows.
 * The half is for the estimate of the prefix's length in tokens, which must not fall on the wrong side of a block.
 */
const PREFIX_BLOCKS = 5.5;
/** Where the server does not report it, and at least: the largest block that is usual on TPU. */
const USUAL_BLOCK_TOKENS = 128;

const SUFFIX_TOKENS = 32;
/**
 * Twelve groups of a leader and five followers: 60 of 60 followers at home show a share above 0.95, twelve leaders on one
 * pod are no chance, and between aware and random routing lie 25 points of hit rate, more than with longer groups.
 */
const GROUPS = 12;
const PER_GROUP = 6;
const SHARED_REQUESTS = GROUPS * PER_GROUP;
/** A benchmark adds its own requests, of which there are thousands; without one these alone have to tell. */
const UNIQUE_PER_REPLICA = { measured: 30, alone: 100 } as const;
const PICKER_HEADER = 'x-went-into-resp-headers';

/** What the routing check sends to, and what was read before it. */
export interface RoutingSubject {
  prepared: Prepared;
  stack: ReadyStack;
  client: ServingClient;
  modelId: string;
  before: Snapshot;
  /** Tokens of a prefix-cache block; null when the replicas do not agree on one. */
  blockSizeTokens: number | null;
}

/** Sends prompts with shared and with unique prefixes, and judges from counters who served them. */
export async function checkRouting(
  context: StageContext,
  { prepared, stack, client, modelId, before, blockSizeTokens }: RoutingSubject,
): Promise<RoutingEvidence> {
  const { runKey } = context;
  const { replicas } = prepared.service;
  const body = (prompt: string): unknown =>
    JSON.parse(
      requestBody(prompt, {
        api: 'completions',
        model: modelId,
        maxTokens: PROBE_MAX_TOKENS,
        fixedLength: false,
      }).toString(),
    );

  const prefixLength = Math.ceil(PREFIX_BLOCKS * Math.max(USUAL_BLOCK_TOKENS, blockSizeTokens ?? 0));
  const groups = Array.from({ length: GROUPS }, (_, group) =>
    sharedPrefixGroup({
      seed: `${runKey}/verify`,
      group,
      prefixTokens: prefixLength,
      suffixTokens: SUFFIX_TOKENS,
    }),
  );
  const gatewayBefore = await gatewaySnapshot(context, stack.route.gateway);
  const sharedAnswers: ServingAnswer[] = [];
  const servedGroups: Conserved[] = [];
  let between = before;
  for (const { prompt } of groups) {
    // One after another: a follower can only be sent where the leader's answer has left its prefix.
    for (let index = 0; index < PER_GROUP; index += 1) {
      const { answer } = await ask(context, () => client.post('/v1/completions', body(prompt(index))));
      if (answer) sharedAnswers.push(answer);
    }
    const next = await settled(context, prepared, stack, between, PER_GROUP);
    servedGroups.push(conserved(servedBetween(between, next), PER_GROUP));
    between = next;
  }
  const nextUnique = uniquePrompts({ seed: `${runKey}/verify-unique`, promptTokens: context.inputs.promptTokens });
  const uniqueCount = UNIQUE_PER_REPLICA[context.inputs.keep ? 'alone' : 'measured'] * replicas;
  const uniqueAnswers = await inParallel(uniqueCount, 2 * replicas, () =>
    ask(context, () => client.post('/v1/completions', body(nextUnique()))),
  );
  const after = await settled(context, prepared, stack, between, uniqueCount);

  const gateway = gatewayBetween(gatewayBefore, await gatewaySnapshot(context, stack.route.gateway), stack);

  const shared = conserved(servedBetween(before, between), SHARED_REQUESTS);
  const unsound = servedGroups.find(({ override }) => override.outcome !== undefined);
  const [group] = groups as [SharedPrefixGroup];
  const unique = conserved(servedBetween(between, after), uniqueCount);
  const promptTokens = usageTokens(sharedAnswers.at(-1)) ?? prefixLength + SUFFIX_TOKENS;
  const promptChars = group.prompt(0).length;
  const prefixTokens = Math.floor((promptTokens * group.prefix.length) / promptChars);
  const hitRate = hitRateOf(before, between, {
    prefixTokens,
    promptTokens,
    replicas,
    blockTokens: blockSizeTokens,
  });
  const answers = [...sharedAnswers, ...uniqueAnswers.flatMap(({ answer }) => (answer ? [answer] : []))];
  const routing: RoutingEvidence = {
    prefixTokens,
    prefixChars: group.prefix.length,
    sharedPrefix: {
      sent: SHARED_REQUESTS,
      perPod: shared.perPod,
      groups: servedGroups.map(({ perPod }) => perPod).filter((perPod) => perPod.length > 0),
    },
    unique: { sent: uniqueCount, perPod: unique.perPod },
    hitRate,
    pickerHeader:
      answers.length === 0
        ? null
        : { seen: answers.filter(({ headers }) => PICKER_HEADER in headers).length, answers: answers.length },
    gateway,
  };
  context.note({ type: 'routing', routing });
  const length = cacheablePrefix({
    prefixTokens,
    prefixChars: group.prefix.length,
    promptTokens,
    promptChars,
    blockTokens: blockSizeTokens,
    pickerBlockChars: blockSizeTokens === null ? null : blockSizeTokens * 4,
  });
  context.emit({ type: 'fact', stage: 'verify', text: length.sentence });
  add(context, checkPicker(routing.pickerHeader, gateway, SHARED_REQUESTS + uniqueCount));
  const affinity = checkSharedPrefix(routing.sharedPrefix.groups, replicas);
  // A prefix that either layer cannot see proves nothing, whatever the router does with it.
  const tooShort = length.longEnough === false ? { outcome: 'not-observable' as const, seen: length.sentence } : {};
  add(context, { ...affinity, ...unsound?.override, ...shared.override, ...tooShort });
  add(context, { ...checkUniqueSpread(unique.perPod, replicas), ...unique.override });
  add(
    context,
    checkCacheHits(
      hitRate ?? { measured: null, ...expectedHitRates(shapeOf(prefixTokens, promptTokens, replicas, 128)) },
    ),
  );
  return routing;
}

interface Conserved {
  perPod: RoutingEvidence['unique']['perPod'];
  /** Replaces the check's own outcome when the counters do not add up to what was sent. */
  override: Partial<Pick<Check, 'outcome' | 'seen'>>;
}

function conserved(perPod: RoutingEvidence['unique']['perPod'] | null, sent: number): Conserved {
  if (!perPod) return { perPod: [], override: {} };
  const served = perPod.reduce((sum, { requests }) => sum + requests, 0);
  if (served === sent) return { perPod, override: {} };
  return {
    perPod,
    override: {
      outcome: 'not-observable',
      seen: `${sent} sent, ${served} counted by the replicas: other traffic, lost requests or a restart`,
    },
  };
}

function shapeOf(prefixTokens: number, promptTokens: number, replicas: number, blockTokens: number) {
  const suffixTokens = promptTokens - prefixTokens;
  return { prefixTokens, suffixTokens, requestsPerGroup: PER_GROUP, blockTokens, replicas };
}

function hitRateOf(
  before: Snapshot,
  after: Snapshot,
  shape: { prefixTokens: number; promptTokens: number; replicas: number; blockTokens: number | null },
): RoutingEvidence['hitRate'] {
  if (shape.blockTokens === null) return null;
  const cache = cacheBetween(before, after);
  const expected = expectedHitRates(shapeOf(shape.prefixTokens, shape.promptTokens, shape.replicas, shape.blockTokens));
  // Replicas that export the counters and have looked nothing up do not cache.
  return { measured: cache && (cache.queries > 0 ? cache.hits / cache.queries : 0), ...expected };
}

async function inParallel<T>(count: number, concurrency: number, task: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      results.push(await task());
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}

function usageTokens(answer: ServingAnswer | undefined): number | null {
  const tokens = answer?.json?.usage?.prompt_tokens;
  return typeof tokens === 'number' && tokens > 0 ? tokens : null;
}
