import { createHash } from 'node:crypto';
import { isAbort } from '../errors.ts';
import type { Store } from '../kube/store.ts';
import type { KubeObject } from '../protocol.ts';
import { type Condition, covers, ownedBy, type Verdict, withCondition, writeStatus } from './objects.ts';
import { poolGroupOfIstio, readPool } from './pools.ts';
import * as resources from './resources.ts';
import { type BackendRef, isAllowed, parentRefTo, rulesOf, unsupported } from './route-rules.ts';
import { createWorkQueue } from './workqueue.ts';

const { GATEWAYS, HTTP_ROUTES, NAMESPACES, SERVICES } = resources;
const CONTROLLER = 'istio.io/gateway-controller';

/**
 * Istio's part on the API: says which routes and pools its gateways have taken, and makes the shadow Service through
 * which a gateway reaches a pool. The traffic itself is the gateway's part.
 */
export function startIstiod(
  store: Store,
  routesOf: 'any' | 'own' = 'any',
  /** Resolves when Istio has come to a change of a route that it knew; the route's status is stale until then. */
  lag?: () => Promise<void>,
): { close(): void } {
  const seen = new Map<string, number>();
  let isLate = false;
  /** Whether a known route has changed, and Istio is not there yet. */
  const waits = (routes: KubeObject[]): boolean => {
    const changed = routes.filter(({ metadata }) => {
      const before = seen.get(metadata.uid as string);
      seen.set(metadata.uid as string, metadata.generation ?? 1);
      return before !== undefined && before !== metadata.generation;
    });
    if (lag && changed.length > 0 && !isLate) {
      isLate = true;
      lag().then(
        () => {
          isLate = false;
          queue.add('all');
        },
        (error: unknown) => {
          if (!isAbort(error)) throw error;
        },
      );
    }
    return isLate;
  };

  const reconcile = () => {
    const gateways = store.list(GATEWAYS).filter((gateway) => gateway.spec?.gatewayClassName === 'istio');
    const namespaces = store.list(NAMESPACES);
    const routes = store.list(HTTP_ROUTES);
    if (waits(routes)) return;
    const taken = new Map<string, KubeObject[]>();
    for (const route of routes) {
      const parents = gateways.flatMap((gateway) => {
        const parentRef = parentRefTo(route, gateway);
        if (!parentRef) return [];
        const isTaken =
          routesOf === 'any' || route.metadata.labels?.['app.kubernetes.io/managed-by'] !== 'tpu-serving-gate';
        const accepted = acceptance(route, isTaken && isAllowed(route, gateway, namespaces));
        if (accepted.status === 'True') {
          for (const key of poolsBehind(store, route)) taken.set(key, [...(taken.get(key) ?? []), gateway]);
        }
        return [{ parentRef, accepted, resolved: resolution(store, route) }];
      });
      const before = (route.status?.parents ?? []) as { controllerName: string; conditions: Condition[] }[];
      const ours = before.filter((parent) => parent.controllerName === CONTROLLER);
      const status = {
        parents: parents.map(({ parentRef, accepted, resolved }, index) => ({
          controllerName: CONTROLLER,
          parentRef,
          conditions: [['Accepted', accepted] as const, ['ResolvedRefs', resolved] as const].reduce<Condition[]>(
            (conditions, [type, verdict]) =>
              withCondition(conditions, {
                type,
                ...verdict,
                observedGeneration: route.metadata.generation ?? 1,
              }),
            ours[index]?.conditions ?? [],
          ),
        })),
      };
      if (status.parents.length > 0 || ours.length > 0) writeStatus(store, HTTP_ROUTES, route, status);
    }
    for (const gateway of gateways) countRoutes(store, gateway, routes);
    for (const pool of store.list(resources.poolsOf(poolGroupOfIstio(store)))) {
      const parents = taken.get(`${pool.metadata.namespace}/${pool.metadata.name}`) ?? [];
      if (parents.length > 0) ensureShadow(store, pool);
      writePoolStatus(store, pool, [...new Set(parents)]);
    }
  };

  const queue = createWorkQueue('istiod', reconcile);
  const watched = new Set([
    ...[GATEWAYS.plural, HTTP_ROUTES.plural, SERVICES.plural, NAMESPACES.plural, 'inferencepools'],
  ]);
  const unsubscribe = store.subscribe(({ resource }) => {
    if (watched.has(resource.plural)) queue.add('all');
  });
  queue.add('all');
  return {
    close() {
      unsubscribe();
      queue.close();
    },
  };
}

function acceptance(route: KubeObject, allowed: boolean): Verdict {
  if (!allowed) {
    const message = 'hostnames matched parent hostname "", but namespace is not allowed by the parent';
    return { status: 'False', reason: 'NotAllowedByListeners', message };
  }
  const feature = unsupported(route);
  if (feature) {
    const message = `${feature} is not rehearsed: the lab's gateway would serve it wrongly`;
    return { status: 'False', reason: 'UnsupportedValue', message };
  }
  return { status: 'True', reason: 'Accepted', message: 'Route was valid' };
}

function resolution(store: Store, route: KubeObject): Verdict {
  for (const ref of rulesOf(route).flatMap((rule) => rule.backendRefs ?? [])) {
    const problem = backendProblem(store, route, ref);
    if (problem) return problem;
  }
  return { status: 'True', reason: 'ResolvedRefs', message: 'All references resolved' };
}

function backendProblem(store: Store, route: KubeObject, ref: BackendRef): Verdict | null {
  const namespace = ref.namespace ?? route.metadata.namespace;
  const kind = ref.kind ?? 'Service';
  if (namespace !== route.metadata.namespace) {
    const message = `backendRef ${ref.name}/${namespace} not accessible to a ${route.kind} in namespace "${route.metadata.namespace}" (missing a ReferenceGrant?)`;
    return { status: 'False', reason: 'RefNotPermitted', message };
  }
  if (kind === 'Service' && !ref.group) {
    if (store.get(SERVICES, namespace, ref.name)) return null;
    const message = `backend(${ref.name}.${namespace}.svc.cluster.local) not found`;
    return { status: 'False', reason: 'BackendNotFound', message };
  }
  const group = poolGroupOfIstio(store);
  if (kind !== 'InferencePool' || ref.group !== group) {
    const message = `referencing unsupported backendRef: group "${ref.group ?? ''}" kind "${kind}"`;
    return { status: 'False', reason: 'InvalidKind', message };
  }
  if (store.get(resources.poolsOf(group), namespace, ref.name)) return null;
  return { status: 'False', reason: 'BackendNotFound', message: `backend(${ref.name}) not found` };
}

function poolsBehind(store: Store, route: KubeObject): string[] {
  const group = poolGroupOfIstio(store);
  return rulesOf(route)
    .flatMap((rule) => rule.backendRefs ?? [])
    .filter((ref) => ref.kind === 'InferencePool' && ref.group === group)
    .map((ref) => `${route.metadata.namespace}/${ref.name}`);
}

function countRoutes(store: Store, gateway: KubeObject, routes: KubeObject[]): void {
  const attachedRoutes = routes.filter((route) => parentRefTo(route, gateway)).length;
  const listeners = gateway.status?.listeners as { attachedRoutes: number }[] | undefined;
  if (!listeners) return;
  const counted = listeners.map((listener) => ({ ...listener, attachedRoutes }));
  writeStatus(store, GATEWAYS, gateway, { ...gateway.status, listeners: counted });
}

/** The headless Service that Istio puts in front of a pool, so that the pool has an Envoy cluster. */
function ensureShadow(store: Store, pool: KubeObject): void {
  const { name, namespace } = pool.metadata;
  const { selector, targetPort, picker, failOpen } = readPool(pool);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const shadow: KubeObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: `${name}-ip-${hash}`,
      namespace: namespace as string,
      labels: {
        'istio.io/inferencepool-name': name,
        'istio.io/inferencepool-extension-service': picker ?? '',
        'istio.io/inferencepool-extension-port': '9002',
        'istio.io/inferencepool-extension-failure-mode': failOpen ? 'FailOpen' : 'FailClose',
        'internal.istio.io/service-semantics': 'inferencepool',
      },
      // An owner, and no controller: Istio applies the Service server-side.
      ownerReferences: ownedBy(pool).map(({ apiVersion, kind, name, uid }) => ({ apiVersion, kind, name, uid })),
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      selector,
      ports: [{ name: 'http-0', protocol: 'TCP', appProtocol: 'http', port: 54321, targetPort }],
    },
  };
  const current = store.get(SERVICES, namespace, shadow.metadata.name);
  if (!current) store.create(SERVICES, shadow);
  else if (!covers(shadow.spec, current.spec)) store.update(SERVICES, { ...current, spec: shadow.spec });
}

function writePoolStatus(store: Store, pool: KubeObject, gateways: KubeObject[]): void {
  const group = poolGroupOfIstio(store);
  const field = group === resources.POOL_GROUPS[0] ? 'parent' : 'parents';
  const { picker } = readPool(pool);
  const found = picker !== undefined && store.get(SERVICES, pool.metadata.namespace, picker) !== undefined;
  const verdicts: [string, Verdict][] = [
    [
      'Accepted',
      { status: 'True', reason: 'Accepted', message: 'Referenced by an HTTPRoute accepted by the parentRef Gateway' },
    ],
    [
      'ResolvedRefs',
      found
        ? { status: 'True', reason: 'ResolvedRefs', message: 'Referenced ExtensionRef resolved successfully' }
        : {
            status: 'False',
            reason: 'InvalidExtensionRef',
            message: `Referenced ExtensionRef not found: ${picker ?? ''}`,
          },
    ],
  ];
  const before = (pool.status?.[field] ?? []) as { parentRef: { name: string }; conditions: Condition[] }[];
  const parents = gateways.map(({ metadata }) => ({
    // The group that Istio has for its own kind Gateway, which is not the Gateway API's.
    parentRef: {
      group: 'networking.istio.io',
      kind: 'Gateway',
      name: metadata.name,
      namespace: metadata.namespace,
    },
    conditions: verdicts.reduce<Condition[]>(
      (conditions, [type, verdict]) => {
        return withCondition(conditions, { type, ...verdict, observedGeneration: pool.metadata.generation ?? 1 });
      },
      before.find((parent) => parent.parentRef.name === metadata.name)?.conditions ?? [],
    ),
  }));
  if (parents.length > 0 || before.length > 0) {
    writeStatus(store, resources.poolsOf(group), pool, { ...pool.status, [field]: parents });
  }
}
