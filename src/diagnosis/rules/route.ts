import type { Evidence, PodRole } from '../evidence.ts';
import { containersOf, describeCondition, falseCondition, isBefore, quote, versionOf, waiting } from '../facts.ts';
import { namespaceOf, type Rule, unanswered, waited } from './rule.ts';

/** A wait that ended for something other than a pod: gateway, route, pool, or the service's own conditions. */
function waitingOn(evidence: Evidence): boolean {
  return waited(evidence) || evidence.failure?.code === 'wrong-gateway';
}

const GATEWAY: PodRole = 'gateway';

/** Gateway, route and InferencePool: what stands between ready pods and a first request. */
export const ROUTE_RULES: readonly Rule[] = [
  {
    cause: 'gateway.image-pull',
    title: 'The pods of the gateway cannot pull their image',
    family: 'routing',
    confidence: 'proven',
    looksLike: 'ErrImagePull or ImagePullBackOff of a pod with the gateway’s label',
    match(evidence) {
      const at = waiting(containersOf(evidence, GATEWAY), /ImagePull/);
      if (!at || !(waitingOn(evidence) || unanswered(evidence))) return null;
      return {
        seen: [quote(at, `${at.container.reason}: ${at.container.message}`)],
        explanation: `The gateway has no proxy: pod ${at.pod.name} in ${at.pod.namespace} cannot pull ${at.container.image}.`,
      };
    },
    remedy: ({ cluster }) =>
      `Add the pull secret to ${cluster?.gateway?.namespace ?? 'the gateway’s namespace'} and to the gateway’s service account: kubectl -n ${cluster?.gateway?.namespace ?? 'NAMESPACE'} patch serviceaccount ${cluster?.gateway?.name ?? 'GATEWAY'}-istio -p '{"imagePullSecrets":[{"name":"NAME"}]}'`,
  },
  {
    cause: 'gateway.missing',
    title: 'The gateway of the route does not exist',
    family: 'routing',
    confidence: 'proven',
    looksLike: 'GatewaysReady=False with GatewayFetchError, or the Gateway of the parentRef is absent',
    match(evidence) {
      const condition = falseCondition(evidence, 'GatewaysReady');
      const { gateway } = evidence.cluster ?? {};
      const absent = gateway?.conditions.some(({ reason }) => reason === 'NotFound');
      if (!waitingOn(evidence) || !(absent || condition?.reason === 'GatewayFetchError')) return null;
      return {
        seen: condition
          ? [describeCondition(condition)]
          : [`Gateway ${gateway?.namespace}/${gateway?.name}: not found`],
        explanation: `The route names a gateway that does not exist${gateway ? `: ${gateway.namespace}/${gateway.name}` : ''}.`,
        where: { path: ['spec', 'router', 'gateway'] },
      };
    },
    remedy: () =>
      'kubectl get gateways -A; correct spec.router.gateway.refs, or kserveIngressGateway in the ConfigMap inferenceservice-config.',
  },
  {
    cause: 'gateway.not-programmed',
    title: 'The gateway carries no traffic',
    family: 'routing',
    confidence: 'proven',
    looksLike: 'Programmed is not True, or the Gateway has no address',
    match(evidence) {
      const { gateway } = evidence.cluster ?? {};
      const programmed = gateway?.conditions.find(({ type }) => type === 'Programmed');
      if (!waitingOn(evidence) || !gateway || (programmed?.status === 'True' && gateway.addresses.length > 0))
        return null;
      return {
        seen: programmed
          ? [`Gateway ${gateway.namespace}/${gateway.name}: ${describeCondition(programmed)}`]
          : [`Gateway ${gateway.namespace}/${gateway.name}: no address`],
        explanation: `Gateway ${gateway.namespace}/${gateway.name} is not programmed${programmed?.message ? `: ${programmed.message}` : ' or has no address'}.`,
      };
    },
    remedy: ({ cluster }) =>
      `kubectl -n ${cluster?.gateway?.namespace} describe gateway ${cluster?.gateway?.name}; kubectl -n ${cluster?.gateway?.namespace} get pods,services -l gateway.networking.k8s.io/gateway-name=${cluster?.gateway?.name}`,
  },
  {
    cause: 'istio.pool-group',
    title: 'The gateway does not know the InferencePool of the route',
    family: 'routing',
    confidence: 'proven',
    looksLike: 'the route’s ResolvedRefs is False with InvalidKind',
    match(evidence) {
      const route = evidence.cluster?.routes.find(
        ({ own, conditions }) =>
          own &&
          conditions.some(
            ({ type, status, reason }) => type === 'ResolvedRefs' && status === 'False' && reason === 'InvalidKind',
          ),
      );
      if (!waitingOn(evidence) || !route) return null;
      const version = versionOf(evidence.cluster?.istiodImage ?? null);
      const groups = route.pools.map(({ group }) => group).join(', ');
      const knows = !version
        ? ''
        : isBefore(version, [1, 27])
          ? ` Istio ${version.join('.')} knows no InferencePool at all.`
          : isBefore(version, [1, 28])
            ? ` Istio ${version.join('.')} takes only inference.networking.x-k8s.io.`
            : ` Istio ${version.join('.')} takes only inference.networking.k8s.io.`;
      return {
        seen: route.conditions
          .filter(({ status }) => status === 'False')
          .map((one) => `HTTPRoute ${route.name}: ${describeCondition(one)}`),
        explanation: `The route leads to an InferencePool of ${groups || 'a group'} that the gateway's implementation does not know.${knows}`,
      };
    },
    remedy: () =>
      'Bring both together: Istio 1.28 or later with KServe v0.17 or later, or Istio 1.27 with KServe ODH v0.15; ENABLE_GATEWAY_API_INFERENCE_EXTENSION must be true on istiod.',
  },
  {
    cause: 'route.backend-missing',
    title: 'The route leads to a backend that does not exist',
    family: 'routing',
    confidence: 'proven',
    looksLike: 'the route’s ResolvedRefs is False with BackendNotFound or RefNotPermitted',
    match(evidence) {
      const route = evidence.cluster?.routes.find(
        ({ own, conditions }) =>
          own &&
          conditions.some(
            ({ type, status, reason }) => type === 'ResolvedRefs' && status === 'False' && reason !== 'InvalidKind',
          ),
      );
      if (!waitingOn(evidence) || !route) return null;
      const bad = route.conditions.filter(({ status }) => status === 'False');
      return {
        seen: bad.map((one) => `HTTPRoute ${route.name}: ${describeCondition(one)}`),
        explanation: `HTTPRoute ${route.name} names a backend that cannot be used: ${bad[0]?.message ?? ''}.`,
        where: { path: ['spec', 'router'] },
      };
    },
    remedy: (evidence) =>
      `kubectl -n ${namespaceOf(evidence)} get services,inferencepools; correct spec.router.route or spec.router.scheduler.pool.`,
  },
  {
    cause: 'route.not-accepted',
    title: 'The gateway does not accept the route',
    family: 'routing',
    confidence: 'proven',
    looksLike: 'the route’s Accepted is False: NotAllowedByListeners, NoMatchingListenerHostname, UnsupportedValue',
    match(evidence) {
      const route = evidence.cluster?.routes.find(
        ({ own, conditions }) =>
          own && conditions.some(({ type, status }) => type === 'Accepted' && status === 'False'),
      );
      if (!waitingOn(evidence) || !route) return null;
      const bad = route.conditions.find(({ type, status }) => type === 'Accepted' && status === 'False');
      return {
        seen: bad ? [`HTTPRoute ${route.name}: ${describeCondition(bad)}`] : [],
        explanation: `The gateway refuses HTTPRoute ${route.name}: ${bad?.message || bad?.reason}.`,
      };
    },
    remedy: (evidence) =>
      `Let the listeners take routes of ${namespaceOf(evidence)} (spec.listeners[].allowedRoutes.namespaces), or use another gateway.`,
  },
  {
    cause: 'pool.not-accepted',
    title: 'No gateway accepts the InferencePool',
    family: 'routing',
    confidence: 'probable',
    looksLike: 'InferencePoolReady=False, or the pool has no Accepted parent',
    match(evidence) {
      const condition = falseCondition(evidence, 'InferencePoolReady');
      // An error of KServe's own says nothing of a gateway.
      if (!waitingOn(evidence) || !condition || /Error$/.test(condition.reason)) return null;
      const pools = evidence.cluster?.inferencePools ?? [];
      const bad = pools.flatMap(({ name, conditions }) =>
        conditions
          .filter(({ status }) => status !== 'True')
          .map((one) => `InferencePool ${name}: ${describeCondition(one)}`),
      );
      return {
        seen: [...bad, describeCondition(condition)],
        explanation:
          'The gateway has reported nothing about the pool, or refuses it: its endpoint picker cannot be used.',
      };
    },
    remedy: () =>
      'kubectl -n istio-system logs -l app=istiod --tail=50; the picker’s Service needs a DestinationRule with mode SIMPLE and insecureSkipVerify.',
  },
];
