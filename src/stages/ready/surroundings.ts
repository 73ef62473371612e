import type {
  Deployment,
  Event,
  Gateway,
  HTTPRoute,
  InferencePool,
  LLMInferenceService,
  ParentRef,
} from '../../clients/kubernetes/kinds.ts';
import { serviceSelector } from '../../stack/labels.ts';
import { findPool } from '../../stack/pools.ts';
import type { GatewayRef } from '../../stack/refs.ts';
import { rulesOf } from '../../stack/route-rules.ts';
import { GATEWAY_API, gatewayRefs, listOwnRoutes } from '../../stack/routes.ts';
import { readService } from '../../stack/service.ts';
import type { Prepared, StageContext } from '../context.ts';

/** A gateway and how the service's route is attached to it. */
export interface AttachedGateway {
  gateway: Gateway;
  reference: Pick<ParentRef, 'sectionName' | 'port'>;
}

/** What is above the pods and beside them. A part is null when it could not be read, which is not the same as empty. */
export interface Surroundings {
  /** Warning events of the namespace. */
  events: readonly Event[] | null;
  /** The service, or nothing while it does not exist. */
  services: readonly LLMInferenceService[] | null;
  deployments: readonly Deployment[] | null;
  /** The service's own routes. */
  routes: readonly HTTPRoute[] | null;
  /** The pools that these routes lead to. */
  pools: readonly InferencePool[] | null;
  /** The gateways that these routes are attached to; that of the input while there is no route. */
  gateways: readonly AttachedGateway[] | null;
}

/** Reads all of it. What may not be read, or fails to come, is null: it is not a reason to end a wait. */
export async function readSurroundings(context: StageContext, { service }: Prepared): Promise<Surroundings> {
  const { kube, inputs, signal } = context;
  const { namespace } = service;
  const quietly = async <T>(read: () => Promise<T>): Promise<T | null> => {
    try {
      return await read();
    } catch {
      signal.throwIfAborted();
      return null;
    }
  };
  const [events, found, deployments, routes] = await Promise.all([
    quietly(async () => (await kube.list('v1', 'Event', { namespace, fieldSelector: 'type=Warning' })) ?? []),
    quietly(async () => [await readService(kube, service)]),
    quietly(
      async () =>
        (await kube.list('apps/v1', 'Deployment', { namespace, labelSelector: serviceSelector(service.name) })) ?? [],
    ),
    quietly(() => listOwnRoutes(kube, service)),
  ]);
  const [pools, gateways] = await Promise.all([
    routes && quietly(async () => existing(await Promise.all(backendsOf(routes).map((ref) => findPool(kube, ref))))),
    routes && quietly(async () => existing(await Promise.all(attachments(routes, inputs.gateway).map(attached)))),
  ]);
  return {
    events,
    services: found && existing(found),
    deployments,
    routes,
    pools: pools?.map(({ pool }) => pool) ?? null,
    gateways,
  };

  async function attached({ namespace: where, name, ...reference }: GatewayRef & AttachedGateway['reference']) {
    const gateway = await kube.get({ apiVersion: GATEWAY_API, kind: 'Gateway', namespace: where, name });
    return gateway && { gateway, reference };
  }
}

function existing<T>(found: readonly (T | null)[]): T[] {
  return found.filter((one) => one !== null);
}

function backendsOf(routes: readonly HTTPRoute[]) {
  const pools = routes.flatMap(rulesOf).flatMap(({ pool }) => pool ?? []);
  const keyOf = ({ group, namespace, name }: (typeof pools)[number]) => `${group}/${namespace}/${name}`;
  return [...new Map(pools.map((pool) => [keyOf(pool), pool])).values()];
}

function attachments(routes: readonly HTTPRoute[], fallback: GatewayRef | null) {
  const refs = routes.flatMap(gatewayRefs);
  const own = refs.map(({ namespace, name, sectionName, port }) => ({
    ...{ namespace, name },
    ...(sectionName === undefined ? {} : { sectionName }),
    ...(port === undefined ? {} : { port }),
  }));
  return own.length > 0 ? own : fallback ? [{ namespace: fallback.namespace, name: fallback.name }] : [];
}
