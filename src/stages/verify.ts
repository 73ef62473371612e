import { createServingClient, type ServingAnswer, type ServingClient } from '../clients/serving.ts';
import { errorText, Failure } from '../lib/failure.ts';
import { poll } from '../lib/poll.ts';
import { requestBody, sharedPrefixGroup, uniquePrompts } from '../load/prompts.ts';
import type { Check, CheckOutcome, RoutingEvidence } from '../report/model.ts';
import { cacheablePrefix, expectedHitRates } from '../verdict/hit-rate.ts';
import { checkCacheHits, checkSharedPrefix, checkUniqueSpread } from '../verdict/routing.ts';
import type { Prepared, StageContext } from './context.ts';
import { cacheBetween, type Snapshot, servedBetween, snapshot } from './counters.ts';
import { readPicker } from './picker.ts';
import type { ReadyStack } from './ready.ts';

/**
 * Long enough for both layers on every version: 5 blocks of 128 tokens and a half, 5 blocks of 512 characters. The half
 * is for the estimate of the prefix's length in tokens, which must not fall on the wrong side of a block.
 */
const PREFIX_TOKENS = 704;
const SUFFIX_TOKENS = 32;
const GATEWAY_LIMIT_MS = 60_000;
const SHARED_REQUESTS = 10;
const UNIQUE_PER_REPLICA = 30;
const PROBE_MAX_TOKENS = 8;
const PICKER_HEADER = 'x-went-into-resp-headers';

/** What later stages need to know of the model that answers. */
export interface VerifiedModel {
  modelId: string;
}

/**
 * Functional checks through the gateway, then who served what: each routing check is judged from the replicas' own
 * counters, never from the text of an answer. A failed check does not end the run; without a model there is nothing
 * to go on with.
 */
export async function verify(context: StageContext, prepared: Prepared, stack: ReadyStack): Promise<VerifiedModel> {
  const { report } = context;
  const { endpoint, hostname } = stack.route;
  const client = createServingClient({ baseUrl: endpoint, hostname, signal: context.signal });
  try {
    await awaitAnswer(context, client);
    const health = await attempt(context, () => client.get('/health'));
    push(context, 'health', 'Health endpoint', 'HTTP 200', status(health), health.answer?.status === 200);
    const models = await attempt(context, () => client.get('/v1/models'));
    const ids = modelIds(models.answer);
    push(context, 'models', 'Model list', 'at least one model', ids.join(', ') || status(models), ids.length > 0);
    const modelId = chooseModel(ids, prepared);
    if (!modelId) {
      throw new Failure({
        stage: 'verify',
        code: 'no-model',
        message: `The service at ${stack.route.endpoint} lists no model: ${status(models)}.`,
        hint: 'Everything is Ready in Kubernetes, yet the gateway does not reach vLLM: look at its route, TLS settings and NetworkPolicies.',
        blame: 'change',
      });
    }
    const wanted = servedName(prepared);
    if (wanted !== undefined && wanted !== modelId) {
      context.emit({ type: 'warning', text: `the server calls its model ${modelId}, the manifest ${wanted}` });
    }
    report.environment.modelId = modelId;
    report.environment.endpoint = stack.route.endpoint;
    await checkAnswers(context, client, modelId);
    const picker = await readPicker(context.kube, prepared.service);
    report.environment.scorers = picker.scorers;
    report.environment.pickerImage = picker.image;

    const before = await snapshot(context, prepared, stack);
    const { ready } = before;
    push(
      context,
      'replicas',
      'Ready replicas',
      `${prepared.service.replicas}`,
      `${ready}`,
      ready === prepared.service.replicas,
    );
    report.environment.blockSizeTokens = common(before, (counters) => counters.blockSizeTokens);
    report.environment.prefixCaching = common(before, (counters) => counters.prefixCaching);
    await checkRouting(context, prepared, stack, client, modelId, before);
    return { modelId };
  } finally {
    await client.close();
  }
}

/**
 * Waits until the gateway carries requests: its proxies learn of new endpoints some time after Kubernetes calls the pods
 * Ready. When the time is over the checks are made all the same, and say what is wrong.
 */
async function awaitAnswer(context: StageContext, client: ServingClient): Promise<void> {
  await poll({
    stage: 'verify',
    what: 'an answer through the gateway',
    everyMs: Math.min(1_000, context.inputs.pollIntervalMs),
    limitMs: GATEWAY_LIMIT_MS,
    clock: context.clock,
    signal: context.signal,
    onWait: (status) => context.emit({ type: 'waiting', stage: 'verify', ...status }),
    probe: async () => {
      const tried = [
        await attempt(context, () => client.get('/v1/models')),
        await attempt(context, () => client.get('/health')),
      ];
      const refused = tried.find(({ answer }) => answer?.status !== 200);
      return refused ? { waiting: status(refused) } : { done: true };
    },
  }).catch((error: unknown) => {
    context.signal.throwIfAborted();
    context.emit({ type: 'warning', text: errorText(error) });
  });
}

async function checkAnswers(context: StageContext, client: ServingClient, model: string): Promise<void> {
  const common = { model, max_tokens: PROBE_MAX_TOKENS, temperature: 0 };
  const completion = await attempt(context, () =>
    client.post('/v1/completions', { ...common, prompt: 'The capital of France is' }),
  );
  const text = completionText(completion.answer, ({ text: answer }) => answer);
  push(context, 'completion', 'Completion', 'HTTP 200 with text', text ?? status(completion), text !== null);
  const chat = await attempt(context, () =>
    client.post('/v1/chat/completions', { ...common, messages: [{ role: 'user', content: 'Say hello.' }] }),
  );
  const reply = completionText(chat.answer, ({ message }) => message?.content);
  push(context, 'chat', 'Chat completion', 'HTTP 200 with text', reply ?? status(chat), reply !== null);
}

async function checkRouting(
  context: StageContext,
  prepared: Prepared,
  stack: ReadyStack,
  client: ServingClient,
  modelId: string,
  before: Snapshot,
): Promise<void> {
  const { report, runKey } = context;
  const { replicas } = prepared.service;
  const body = (prompt: string) =>
    JSON.parse(
      requestBody(prompt, {
        api: 'completions',
        model: modelId,
        maxTokens: PROBE_MAX_TOKENS,
        fixedLength: false,
      }).toString(),
    ) as unknown;

  const group = sharedPrefixGroup({
    seed: `${runKey}/verify`,
    group: 0,
    prefixTokens: PREFIX_TOKENS,
    suffixTokens: SUFFIX_TOKENS,
  });
  const sharedAnswers: ServingAnswer[] = [];
  // One after another: a follower can only be sent where the leader's answer has left its prefix.
  for (let index = 0; index < SHARED_REQUESTS; index += 1) {
    const { answer } = await attempt(context, () => client.post('/v1/completions', body(group.prompt(index))));
    if (answer) sharedAnswers.push(answer);
  }
  const between = await settled(context, prepared, stack, before, SHARED_REQUESTS);
  const nextUnique = uniquePrompts({ seed: `${runKey}/verify-unique`, promptTokens: context.inputs.promptTokens });
  const uniqueCount = UNIQUE_PER_REPLICA * replicas;
  const uniqueAnswers = await inParallel(uniqueCount, 2 * replicas, () =>
    attempt(context, () => client.post('/v1/completions', body(nextUnique()))),
  );
  const after = await settled(context, prepared, stack, between, uniqueCount);

  const shared = conserved(servedBetween(before, between), SHARED_REQUESTS);
  const unique = conserved(servedBetween(between, after), uniqueCount);
  const promptTokens = usageTokens(sharedAnswers.at(-1)) ?? PREFIX_TOKENS + SUFFIX_TOKENS;
  const promptChars = group.prompt(0).length;
  const prefixTokens = Math.floor((promptTokens * group.prefix.length) / promptChars);
  const hitRate = hitRateOf(before, between, {
    prefixTokens,
    promptTokens,
    replicas,
    blockTokens: report.environment.blockSizeTokens,
  });
  const answers = [...sharedAnswers, ...uniqueAnswers.flatMap(({ answer }) => (answer ? [answer] : []))];
  report.routing = {
    prefixTokens,
    prefixChars: group.prefix.length,
    sharedPrefix: { sent: SHARED_REQUESTS, perPod: shared.perPod },
    unique: { sent: uniqueCount, perPod: unique.perPod },
    hitRate,
    pickerHeader:
      answers.length === 0
        ? null
        : { seen: answers.filter(({ headers }) => PICKER_HEADER in headers).length, answers: answers.length },
  };
  const length = cacheablePrefix({
    prefixTokens,
    prefixChars: group.prefix.length,
    promptTokens,
    promptChars,
    blockTokens: report.environment.blockSizeTokens,
    pickerBlockChars: report.environment.blockSizeTokens === null ? null : report.environment.blockSizeTokens * 4,
  });
  context.emit({ type: 'fact', stage: 'verify', text: length.sentence });
  add(context, { ...checkSharedPrefix([shared.perPod], replicas), ...shared.override });
  add(context, { ...checkUniqueSpread(unique.perPod, replicas), ...unique.override });
  add(
    context,
    checkCacheHits(
      hitRate ?? { measured: null, ...expectedHitRates(shapeOf(prefixTokens, promptTokens, replicas, 128)) },
    ),
  );
}

/** The counters once they account for what was sent: vLLM updates them a moment after it has answered. */
export async function settled(
  context: StageContext,
  prepared: Prepared,
  stack: ReadyStack,
  before: Snapshot,
  sent: number,
): Promise<Snapshot> {
  for (let tries = 0; ; tries += 1) {
    const now = await snapshot(context, prepared, stack);
    const served = servedBetween(before, now)?.reduce((sum, { requests }) => sum + requests, 0);
    if (served === undefined || served >= sent || tries >= 4) return now;
    await context.clock.sleep(Math.min(1_000, context.inputs.pollIntervalMs), context.signal);
  }
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
  return { prefixTokens, suffixTokens, requestsPerGroup: SHARED_REQUESTS, blockTokens, replicas };
}

function hitRateOf(
  before: Snapshot,
  after: Snapshot,
  shape: { prefixTokens: number; promptTokens: number; replicas: number; blockTokens: number | null },
): RoutingEvidence['hitRate'] {
  if (shape.blockTokens === null) return null;
  const cache = cacheBetween(before, after);
  const expected = expectedHitRates(shapeOf(shape.prefixTokens, shape.promptTokens, shape.replicas, shape.blockTokens));
  return { measured: cache && cache.queries > 0 ? cache.hits / cache.queries : null, ...expected };
}

interface Attempt {
  answer: ServingAnswer | null;
  problem: string | null;
}

async function attempt(context: StageContext, send: () => Promise<ServingAnswer>): Promise<Attempt> {
  try {
    return { answer: await send(), problem: null };
  } catch (error) {
    context.signal.throwIfAborted();
    return { answer: null, problem: errorText(error) };
  }
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

function push(
  context: StageContext,
  id: Check['id'],
  title: string,
  expected: string,
  seen: string,
  holds: boolean,
): void {
  add(context, { id, title, expected, seen, outcome: holds ? 'pass' : 'fail' });
}

function add(context: StageContext, check: Check): void {
  context.report.checks.push(check);
  const words: Record<CheckOutcome, string> = {
    pass: 'pass',
    fail: 'FAIL',
    inconclusive: 'inconclusive',
    'not-observable': 'not observable',
  };
  context.emit({ type: 'fact', stage: 'verify', text: `${check.title}: ${words[check.outcome]} (${check.seen})` });
}

function status({ answer, problem }: Attempt): string {
  if (!answer) return problem ?? 'no answer';
  return answer.status === 200
    ? 'HTTP 200'
    : `HTTP ${answer.status}${answer.body ? `: ${answer.body.slice(0, 120)}` : ''}`;
}

function modelIds(answer: ServingAnswer | null): string[] {
  if (answer?.status !== 200) return [];
  const { data } = (answer.json ?? {}) as { data?: { id?: unknown }[] };
  return (Array.isArray(data) ? data : []).flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
}

/** The name in the manifest when the server has it; a server that overrides its arguments may go by another. */
function chooseModel(ids: string[], prepared: Prepared): string | undefined {
  const wanted = servedName(prepared);
  return ids.find((id) => id === wanted) ?? ids[0];
}

function servedName(prepared: Prepared): string | undefined {
  const service = prepared.manifests.find(({ object }) => object.kind === 'LLMInferenceService')?.object;
  return service?.spec?.model?.name as string | undefined;
}

function completionText(
  answer: ServingAnswer | null,
  pick: (choice: { text?: unknown; message?: { content?: unknown } }) => unknown,
): string | null {
  if (answer?.status !== 200) return null;
  const { choices } = (answer.json ?? {}) as { choices?: { text?: unknown; message?: { content?: unknown } }[] };
  const value = choices?.[0] && pick(choices[0]);
  return typeof value === 'string' && value !== '' ? `HTTP 200, ${value.length} characters` : null;
}

function usageTokens(answer: ServingAnswer | undefined): number | null {
  const tokens = (answer?.json as { usage?: { prompt_tokens?: unknown } } | undefined)?.usage?.prompt_tokens;
  return typeof tokens === 'number' && tokens > 0 ? tokens : null;
}

/** A value on which all replicas agree; null when they do not or do not tell. */
function common<T>(
  at: Snapshot,
  pick: (counters: NonNullable<Snapshot['pods'][number]['counters']>) => T | null,
): T | null {
  const values = new Set(at.pods.map(({ counters }) => (counters ? pick(counters) : null)));
  const [only] = values;
  return values.size === 1 ? (only ?? null) : null;
}
