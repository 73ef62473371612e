import { createServingClient } from '../../clients/serving/client.ts';
import { errorText, Failure } from '../../lib/failure.ts';
import { poll } from '../../lib/poll.ts';
import { PICKER_HEADER } from '../../load/picker-header.ts';
import { requestBody } from '../../load/prompts.ts';
import { GATEWAY_API, parentConditions } from '../../stack/routes.ts';
import type { Prepared, StageContext } from '../context.ts';
import { checkEndpoint } from '../ready/reach.ts';
import type { ReadyStack } from '../ready/ready.ts';
import { refuseGone } from './gone-replicas.ts';
import { WAY_HEADER, wayName } from './way-objects.ts';

const ROUTE_LIMIT_MS = 2 * 60_000;

/**
 * Waits until a completion comes back by the way that was asked for, which the gateway marks. Returns whether it carries
 * the endpoint picker's mark as well. Throws a Failure when the gateway does not take the route (`one-replica-route`), or
 * when a replica goes away meanwhile (`replica-gone`).
 */
export async function awaitWay(
  context: StageContext,
  prepared: Prepared,
  stack: Pick<ReadyStack, 'route' | 'tunnel' | 'replicas'>,
  { replica, way, modelId }: { replica: number; way: string; modelId: string },
): Promise<boolean> {
  const client = createServingClient({
    baseUrl: checkEndpoint(stack),
    hostname: stack.route.hostname,
    headers: { [WAY_HEADER]: way },
    signal: context.signal,
    requestTimeoutMs: 10_000,
  });
  let sent = 0;
  const ask = () => {
    sent += 1;
    const options = { api: 'completions', model: modelId, maxTokens: 1, fixedLength: true } as const;
    return client.post('/v1/completions', JSON.parse(requestBody(`${way} ${sent}`, options).toString()));
  };
  const attempt = async () => {
    try {
      const { status, headers } = await ask();
      const isOwn = headers[WAY_HEADER] === way;
      if (status === 200 && isOwn) return { done: PICKER_HEADER in headers };
      return { waiting: isOwn ? `HTTP ${status}` : `HTTP ${status} by another route` };
    } catch (error) {
      context.signal.throwIfAborted();
      return { waiting: errorText(error) };
    }
  };
  try {
    return await poll({
      stage: 'benchmark',
      what: `the route to replica ${replica + 1}`,
      everyMs: Math.min(1_000, context.inputs.pollIntervalMs),
      limitMs: ROUTE_LIMIT_MS,
      clock: context.clock,
      signal: context.signal,
      onWait: (status) => context.emit({ type: 'waiting', stage: 'benchmark', ...status }),
      probe: async () => {
        // A refused route leaves the request to the service's own, which responds as if nothing were wrong.
        const refusal = await refusalOf(context, prepared, replica);
        if (refusal) throw routeRefused(refusal);
        const answer = await attempt();
        if ('waiting' in answer) await refuseGone(context, prepared, stack);
        return answer;
      },
      onTimeout: routeRefused,
    });
  } finally {
    await client.close();
  }
}

/** Why the gateway's controller does not take the route, by its own word; null while it says nothing of the kind. */
async function refusalOf(context: StageContext, prepared: Prepared, replica: number): Promise<string | null> {
  const { namespace } = prepared.service;
  const ref = {
    apiVersion: GATEWAY_API,
    kind: 'HTTPRoute',
    name: wayName(context.runKey, replica, prepared.isBase),
    namespace,
  } as const;
  const route = await context.kube.get(ref).catch(() => null);
  const no = parentConditions(route?.status?.parents, route?.metadata.generation).find(
    ({ type, status }) => type === 'Accepted' && status === 'False',
  );
  return no ? `${no.reason}: ${no.message}` : null;
}

function routeRefused(seen: string): Failure {
  return new Failure({
    stage: 'benchmark',
    code: 'one-replica-route',
    message: `The gateway did not accept the temporary route to one replica; last seen: ${seen}.`,
    hint: 'The gate needs to create an InferencePool or a Service, an HTTPRoute and, for TLS, a DestinationRule in the namespace of the service.',
  });
}
