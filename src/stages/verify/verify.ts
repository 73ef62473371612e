import { createServingClient, type ServingAnswer } from '../../clients/serving/client.ts';
import { fromJson, object, text } from '../../lib/decode.ts';
import { Failure } from '../../lib/failure.ts';
import type { Check, Environment, RoutingEvidence } from '../../report/model.ts';
import { readPicker } from '../../stack/picker.ts';
import { serviceObject } from '../../stack/service.ts';
import type { Prepared, StageContext } from '../context.ts';
import { checkEndpoint } from '../ready/reach.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { awaitAnswer, checkAnswers, completionCheck } from './answers.ts';
import { createRequestBudget, REQUEST_LIMIT_MS, SILENT_LIMIT_MS } from './budget.ts';
import { type Snapshot, snapshot } from './counters.ts';
import { add, ask, status } from './request.ts';
import { checkRouting } from './routing.ts';

/** What later stages need to know of the model that answers. */
export interface VerifiedModel {
  modelId: string;
  /** Whether it serves chat, which needs a chat template. */
  chat: boolean;
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
  const { hostname } = stack.route;
  const discovered: Partial<Environment> = {};
  const discover = (environment: Partial<Environment>) => {
    Object.assign(discovered, environment);
    context.note({ type: 'discovered', environment });
  };
  const client = createServingClient({ baseUrl: checkEndpoint(stack), hostname, signal: context.signal });
  try {
    const limitMs = (await awaitAnswer(context, client)) ? REQUEST_LIMIT_MS : SILENT_LIMIT_MS;
    const health = await ask(context, limitMs, (limit) => client.get('/health', limit));
    push(context, 'health', 'Health endpoint', 'HTTP 200', status(health), health.answer?.status === 200);
    const models = await ask(context, limitMs, (limit) => client.get('/v1/models', limit));
    const ids = modelIds(models.answer);
    push(context, 'models', 'Model list', 'at least one model', ids.join(', ') || status(models), ids.length > 0);
    const modelId = chooseModel(ids, prepared);
    if (!modelId) {
      throw new Failure({
        stage: 'verify',
        code: 'no-model',
        message: `The service at ${stack.route.endpoint} lists no model: ${status(models)}.`,
        hint: 'Everything is Ready in Kubernetes, yet the gateway does not reach vLLM: look at its route, TLS settings and NetworkPolicies.',
      });
    }
    const wanted = servedName(prepared);
    if (wanted !== undefined && wanted !== modelId) {
      context.emit({ type: 'warning', text: `the server calls its model ${modelId}, the manifest ${wanted}` });
    }
    const vllmVersion = await serverVersion(context, client, limitMs);
    discover({ modelId, endpoint: stack.route.endpoint, ...(vllmVersion === null ? {} : { vllmVersion }) });
    const budget = createRequestBudget(context.clock);
    const chat = await checkAnswers(context, client, budget, modelId);
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
        ? await checkRouting(context, { prepared, stack, client, budget, modelId, before, blockSizeTokens })
        : null;
    const ended = budget.ended();
    if (ended?.because === 'unanswered') add(context, completionCheck({ outcome: 'fail', seen: ended.text }));
    return { modelId, chat, environment: discovered, routing };
  } finally {
    await client.close();
  }
}

const VERSION_MOST = 80;

/** What the server reports as its version (vLLM: GET /version); null where it reports none. No check depends on it. */
async function serverVersion(
  context: StageContext,
  client: ReturnType<typeof createServingClient>,
  limitMs: number,
): Promise<string | null> {
  const { answer } = await ask(context, limitMs, (limit) => client.get('/version', limit));
  if (answer?.status !== 200) return null;
  try {
    return object({ version: text })(fromJson(answer.body), '').version.slice(0, VERSION_MOST);
  } catch {
    return null;
  }
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

/** A value on which all replicas agree; null when they differ or are unknown. */
function common<T>(
  at: Snapshot,
  pick: (counters: NonNullable<Snapshot['pods'][number]['counters']>) => T | null,
): T | null {
  const values = new Set(at.pods.map(({ counters }) => (counters ? pick(counters) : null)));
  const [only] = values;
  return values.size === 1 ? (only ?? null) : null;
}
