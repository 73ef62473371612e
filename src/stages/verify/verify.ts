import { createServingClient, type ServingAnswer, type ServingClient } from '../../clients/serving/client.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { poll } from '../../lib/poll.ts';
import type { Check, Environment, RoutingEvidence } from '../../report/model.ts';
import { readPicker } from '../../stack/picker.ts';
import { serviceObject } from '../../stack/service.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { type Snapshot, snapshot } from './counters.ts';
import { add, ask, status } from './request.ts';
import { checkRouting } from './routing.ts';

const GATEWAY_LIMIT_MS = 60_000;
const PROBE_MAX_TOKENS = 8;
/** What later stages need to know of the model that answers. */
export interface VerifiedModel {
  modelId: string;
  /** What verify discovered of model, server and endpoint picker. */
  environment: Partial<Environment>;
  /** Who served the prompts of the routing check; null for one replica, which needs no routing. */
  routing: RoutingEvidence | null;
}

/**
 * Functional checks through the gateway, then who served what: each routing check is judged from the replicas' own
 * counters, never from the text of an answer. A failed check does not end the run; without a model there is nothing
 * to go on with.
 */
export async function verify(context: StageContext, prepared: Prepared, stack: ReadyStack): Promise<VerifiedModel> {
  const { endpoint, hostname } = stack.route;
  const discovered: Partial<Environment> = {};
  const discover = (environment: Partial<Environment>) => {
    Object.assign(discovered, environment);
    context.note({ type: 'discovered', environment });
  };
  const client = createServingClient({ baseUrl: endpoint, hostname, signal: context.signal });
  try {
    await awaitAnswer(context, client);
    const health = await ask(context, () => client.get('/health'));
    push(context, 'health', 'Health endpoint', 'HTTP 200', status(health), health.answer?.status === 200);
    const models = await ask(context, () => client.get('/v1/models'));
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
    discover({ modelId, endpoint: stack.route.endpoint });
    await checkAnswers(context, client, modelId);
    const picker = await readPicker(context.kube, prepared.service);
    discover({ scorers: picker.scorers, pickerImage: picker.image });

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
    const blockSizeTokens = common(before, (counters) => counters.blockSizeTokens);
    discover({ blockSizeTokens, prefixCaching: common(before, (counters) => counters.prefixCaching) });
    // One replica serves everything: there is no routing to be proven.
    const routing =
      prepared.service.replicas > 1
        ? await checkRouting(context, { prepared, stack, client, modelId, before, blockSizeTokens })
        : null;
    return { modelId, environment: discovered, routing };
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
        await ask(context, () => client.get('/v1/models')),
        await ask(context, () => client.get('/health')),
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
  const completion = await ask(context, () =>
    client.post('/v1/completions', { ...common, prompt: 'The capital of France is' }),
  );
  const text = completionText(completion.answer, ({ text: answer }) => answer);
  push(context, 'completion', 'Completion', 'HTTP 200 with text', text ?? status(completion), text !== null);
  const chat = await ask(context, () =>
    client.post('/v1/chat/completions', { ...common, messages: [{ role: 'user', content: 'Say hello.' }] }),
  );
  const reply = completionText(chat.answer, ({ message }) => message?.content);
  push(context, 'chat', 'Chat completion', 'HTTP 200 with text', reply ?? status(chat), reply !== null);
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

function modelIds(answer: ServingAnswer | null): string[] {
  if (answer?.status !== 200) return [];
  const { data } = answer.json ?? {};
  return (Array.isArray(data) ? data : []).flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
}

/** The name in the manifest when the server has it; a server that overrides its arguments may go by another. */
function chooseModel(ids: string[], prepared: Prepared): string | undefined {
  const wanted = servedName(prepared);
  return ids.find((id) => id === wanted) ?? ids[0];
}

function servedName(prepared: Prepared): string | undefined {
  return serviceObject(prepared.manifests)?.spec?.model?.name;
}

function completionText(
  answer: ServingAnswer | null,
  pick: (choice: { text?: unknown; message?: { content?: unknown } }) => unknown,
): string | null {
  if (answer?.status !== 200) return null;
  const { choices } = answer.json ?? {};
  const value = choices?.[0] && pick(choices[0]);
  return typeof value === 'string' && value !== '' ? `HTTP 200, ${value.length} characters` : null;
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
