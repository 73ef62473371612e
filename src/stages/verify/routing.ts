import type { ServingAnswer, ServingClient } from '../../clients/serving/client.ts';
import { PICKER_HEADER } from '../../load/picker-header.ts';
import {
  CHARS_PER_TOKEN,
  requestBody,
  type SharedPrefixGroup,
  sharedPrefixGroup,
  uniquePrompts,
} from '../../load/prompts.ts';
import type { Check, RoutingEvidence } from '../../report/model.ts';
import { cacheablePrefix, expectedHitRates, type PromptShape } from '../../verdict/hit-rate.ts';
import { checkCacheHits, checkPicker, checkSharedPrefix, checkUniqueSpread } from '../../verdict/routing.ts';
import { mean } from '../../verdict/statistics.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { noteLost } from './answers.ts';
import type { RequestBudget } from './budget.ts';
import { cacheBetween, type Snapshot, servedBetween, settled } from './counters.ts';
import { gatewayBetween, gatewaySnapshot } from './gateway-counters.ts';
import { type Asked, add, spend } from './request.ts';

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
 * pod are not chance, and between aware and random routing lie 25 points of hit rate, more than with longer groups.
 */
const GROUPS = 12;
const PER_GROUP = 6;
const SHARED_REQUESTS = GROUPS * PER_GROUP;
/**
 * A benchmark adds its own requests, of which there are thousands. Without one these alone decide: a picker that breaks
 * ties at random leaves 300 undecided in 15 % of runs, 600 in 0.1 %.
 */
const UNIQUE_PER_REPLICA = { measured: 30, alone: 200 } as const;

/** What the routing check sends to, and what was read before it. */
export interface RoutingSubject {
  prepared: Prepared;
  stack: ReadyStack;
  client: ServingClient;
  /** Bounds the requests, with those that were sent before. */
  budget: RequestBudget;
  modelId: string;
  before: Snapshot;
  /** Tokens of a prefix-cache block; null when the replicas do not agree on one. */
  blockSizeTokens: number | null;
}

/**
 * Sends prompts with shared and with unique prefixes, and judges from counters who served them. Ends with its budget:
 * what was sent until then is judged, and checks that rest on what was not sent are not observable.
 */
export async function checkRouting(context: StageContext, subject: RoutingSubject): Promise<RoutingEvidence> {
  const { prepared, stack, before, blockSizeTokens, budget } = subject;
  const { replicas } = prepared.service;
  const gatewayBefore = await gatewaySnapshot(context, stack.route.gateway);
  const shared = await sendGroups(context, subject);
  const unique = await sendUnique(context, subject, shared.after);
  const gateway = gatewayBetween(gatewayBefore, await gatewaySnapshot(context, stack.route.gateway), stack);

  const shape = shapeSeen(shared);
  const hitRate = hitRateOf(before, shared.after, { groups: shape.groups, replicas, blockTokens: blockSizeTokens });
  const answers = [...shared.answers, ...unique.answers].map(({ answer }) => answer);
  const all = conserved(servedBetween(before, shared.after), shared.sent, completed(shared.answers));
  const rest = conserved(servedBetween(shared.after, unique.after), unique.sent, completed(unique.answers));
  const routing: RoutingEvidence = {
    prefixTokens: shape.prefixTokens,
    prefixChars: shape.prefixChars,
    sharedPrefix: {
      sent: shared.sent,
      perPod: all.perPod,
      groups: shared.groups.map(({ perPod }) => perPod).filter((perPod) => perPod.length > 0),
    },
    unique: { sent: unique.sent, perPod: rest.perPod },
    hitRate,
    pickerHeader:
      answers.length === 0
        ? null
        : { seen: answers.filter(({ headers }) => PICKER_HEADER in headers).length, answers: answers.length },
    gateway,
  };
  context.note({ type: 'routing', routing });
  noteLost(context, shared.sent + unique.sent, completed([...shared.answers, ...unique.answers]));
  const length = cacheablePrefix({
    ...shape,
    promptTokens: Math.round(shape.promptTokens),
    blockTokens: blockSizeTokens,
    pickerBlockChars: blockSizeTokens === null ? null : blockSizeTokens * 4,
  });
  context.emit({ type: 'fact', stage: 'verify', text: length.sentence });
  // A prefix that either layer cannot see proves nothing, whatever the router does with it.
  const tooShort = length.longEnough === false ? notObservable(length.sentence) : {};
  const unsound = shared.groups.find(({ override }) => override.outcome !== undefined);
  const sharedCut = cut(budget, shared.sent, SHARED_REQUESTS);
  add(context, checkPicker(routing.pickerHeader, gateway, shared.sent + unique.sent));
  const affinity = checkSharedPrefix(routing.sharedPrefix.groups, replicas);
  add(context, { ...affinity, ...unsound?.override, ...all.override, ...tooShort, ...sharedCut });
  const uniqueCut = cut(budget, unique.sent, unique.planned);
  add(context, { ...checkUniqueSpread(rest.perPod, replicas), ...rest.override, ...uniqueCut });
  const expected = { measured: null, ...expectedHitRates(shape.groups, { replicas, blockTokens: USUAL_BLOCK_TOKENS }) };
  add(context, { ...checkCacheHits(hitRate ?? expected), ...sharedCut });
  return routing;
}

/** A request that was answered, with the length of its prompt in characters and the group that it belongs to. */
interface Answered {
  chars: number;
  group?: number;
  answer: ServingAnswer;
}

interface SentGroups {
  sent: number;
  answers: Answered[];
  groups: Conserved[];
  /** The counters after the last group. */
  after: Snapshot;
  prefixChars: number;
  /** Mean length of the prompts, characters. */
  promptChars: number;
}

/** Sends the groups one after another, each with the counters read after it. */
async function sendGroups(context: StageContext, subject: RoutingSubject): Promise<SentGroups> {
  const { before, blockSizeTokens, budget } = subject;
  const prefixTokens = Math.ceil(PREFIX_BLOCKS * Math.max(USUAL_BLOCK_TOKENS, blockSizeTokens ?? 0));
  const seed = `${context.runKey}/verify`;
  const prompts = Array.from({ length: GROUPS }, (_, group) =>
    sharedPrefixGroup({ seed, group, prefixTokens, suffixTokens: SUFFIX_TOKENS }),
  );
  const [first] = prompts as [SharedPrefixGroup];
  const sent: SentGroups = {
    ...{ sent: 0, answers: [], groups: [], after: before, prefixChars: first.prefix.length },
    promptChars: mean(prompts.flatMap(({ prompt }) => range(PER_GROUP).map((index) => prompt(index).length))),
  };
  for (const [group, { prompt }] of prompts.entries()) {
    if (budget.ended()) break;
    let ofGroup = 0;
    const answersBefore = sent.answers.length;
    // One after another: a follower can only be sent where the leader's answer has left its prefix.
    for (let index = 0; index < PER_GROUP && !budget.ended(); index += 1) {
      const { answer } = await post(context, subject, prompt(index));
      ofGroup += 1;
      if (answer) sent.answers.push({ chars: prompt(index).length, group, answer });
    }
    sent.sent += ofGroup;
    const next = await countersAfter(context, subject, sent, ofGroup);
    if (ofGroup === PER_GROUP) {
      const done = completed(sent.answers.slice(answersBefore));
      sent.groups.push(conserved(servedBetween(sent.after, next), PER_GROUP, done));
    }
    sent.after = next;
  }
  return sent;
}

/** The counters once they account for a group. Counters that two groups could not read are not asked for again. */
async function countersAfter(
  context: StageContext,
  { prepared, stack }: RoutingSubject,
  { after, groups }: SentGroups,
  sent: number,
): Promise<Snapshot> {
  if (after.problems.length > 0 && groups.length >= 2) return after;
  return settled(context, prepared, stack, after, sent);
}

interface SentUnique {
  planned: number;
  sent: number;
  answers: Answered[];
  after: Snapshot;
}

/** Sends prompts that share nothing, two for each replica at a time. */
async function sendUnique(context: StageContext, subject: RoutingSubject, before: Snapshot): Promise<SentUnique> {
  const { prepared, stack, budget } = subject;
  const { replicas } = prepared.service;
  const { promptTokens, keep } = context.inputs;
  const next = uniquePrompts({ seed: `${context.runKey}/verify-unique`, promptTokens });
  const planned = UNIQUE_PER_REPLICA[keep ? 'alone' : 'measured'] * replicas;
  const unique: SentUnique = { planned, sent: 0, answers: [], after: before };
  const worker = async () => {
    while (unique.sent < planned && !budget.ended()) {
      unique.sent += 1;
      const prompt = next();
      const { answer } = await post(context, subject, prompt);
      if (answer) unique.answers.push({ chars: prompt.length, answer });
    }
  };
  await Promise.all(range(2 * replicas).map(worker));
  if (unique.sent > 0) unique.after = await settled(context, prepared, stack, before, unique.sent);
  return unique;
}

function post(context: StageContext, { client, budget, modelId }: RoutingSubject, prompt: string): Promise<Asked> {
  const options = { api: 'completions', model: modelId, maxTokens: PROBE_MAX_TOKENS, fixedLength: false } as const;
  const body: unknown = JSON.parse(requestBody(prompt, options).toString());
  return spend(context, budget, (limit) => client.post('/v1/completions', body, limit));
}

interface SeenShape {
  prefixTokens: number;
  prefixChars: number;
  promptTokens: number;
  promptChars: number;
  /** The prompts of each group in the order of sending, each with its own length. */
  groups: PromptShape[][];
}

/**
 * The prompts of the groups in tokens: each as the server counts it, and the prefix by the mean over the answers of its
 * group. Prompts of one length in characters differ by some tokens, so that one length for all would put the expected hit
 * rate off. Without any count a token is four characters.
 */
function shapeSeen({ answers, prefixChars, promptChars }: SentGroups): SeenShape {
  const overall = tokensPerChar(answers) ?? 1 / CHARS_PER_TOKEN;
  const groups = range(GROUPS).map((group): PromptShape[] => {
    const own = answers.filter((answered) => answered.group === group);
    const rate = tokensPerChar(own) ?? overall;
    const prefixTokens = Math.floor(rate * prefixChars);
    const counted = own.map(({ answer, chars }) => promptTokensOf(answer) ?? rate * chars);
    const missing = Array.from({ length: PER_GROUP - counted.length }, () => rate * promptChars);
    return [...counted, ...missing].map((promptTokens) => ({ promptTokens, prefixTokens }));
  });
  const prefixTokens = Math.floor(overall * prefixChars);
  return { prefixTokens, prefixChars, promptTokens: overall * promptChars, promptChars, groups };
}

/** By the answers that carry a count; null without any. */
function tokensPerChar(answers: readonly Answered[]): number | null {
  const counted = answers.flatMap(({ answer, chars }) => {
    const tokens = promptTokensOf(answer);
    return tokens === null ? [] : [{ tokens, chars }];
  });
  if (counted.length === 0) return null;
  return mean(counted.map(({ tokens }) => tokens)) / mean(counted.map(({ chars }) => chars));
}

type Override = Partial<Pick<Check, 'outcome' | 'seen'>>;

function notObservable(seen: string): Override {
  return { outcome: 'not-observable', seen };
}

/** Replaces an outcome that would rest on requests which were not sent. */
function cut(budget: RequestBudget, sent: number, planned: number): Override {
  const ended = budget.ended();
  if (!ended || sent >= planned) return {};
  return notObservable(`${sent} of ${planned} requests were sent: ${ended.text}`);
}

interface Conserved {
  perPod: RoutingEvidence['unique']['perPod'];
  /** Replaces the check's own outcome when the counters do not add up to what was sent. */
  override: Override;
}

/**
 * Holds the replicas' counters against what was sent. Each request that was completed is counted once; one that was not,
 * such as one on a connection that a replica had just closed, may have reached a replica or not.
 */
function conserved(perPod: RoutingEvidence['unique']['perPod'] | null, sent: number, answered: number): Conserved {
  if (!perPod) return { perPod: [], override: {} };
  const served = perPod.reduce((sum, { requests }) => sum + requests, 0);
  if (served >= answered && served <= sent) return { perPod, override: {} };
  const seen = `${sent} sent, ${served} counted by the replicas: other traffic, lost requests or a restart`;
  return { perPod, override: notObservable(seen) };
}

function hitRateOf(
  before: Snapshot,
  after: Snapshot,
  shape: Pick<SeenShape, 'groups'> & { replicas: number; blockTokens: number | null },
): RoutingEvidence['hitRate'] {
  const { blockTokens, groups, replicas } = shape;
  if (blockTokens === null) return null;
  const cache = cacheBetween(before, after);
  const served = servedBetween(before, after)?.some(({ requests }) => requests > 0) ?? false;
  // Replicas that served and have looked nothing up do not cache. Those that served nothing show nothing: a request that
  // failed may have been looked up, too.
  return {
    measured: cache && served ? cache.hits / Math.max(1, cache.queries) : null,
    ...expectedHitRates(groups, { blockTokens, replicas }),
  };
}

/** Requests that came back with a completion: HTTP 200, and no error in its place or beside it. */
function completed(answers: readonly Answered[]): number {
  return answers.filter(({ answer }) => answer.status === 200 && !answer.json?.error).length;
}

function promptTokensOf(answer: ServingAnswer): number | null {
  const tokens = answer.json?.usage?.prompt_tokens;
  return typeof tokens === 'number' && tokens > 0 ? tokens : null;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
