import type { BlockedFlow, Evidence, PodRole } from '../evidence.ts';
import {
  containersOf,
  describeCondition,
  falseCondition,
  isBefore,
  quote,
  troubled,
  versionOf,
  waiting,
  wordsOf,
} from '../facts.ts';
import { checkOf, type Match, namespaceOf, policyMaker, type Rule, serviceOf, unanswered, waited } from './rule.ts';

/** What the answers of the gateway said, as checks have them. */
function answers({ report, failure }: Evidence): string[] {
  const seen = report.checks
    .filter(({ id, outcome }) => outcome === 'fail' && ['health', 'models', 'completion', 'chat'].includes(id))
    .map(({ title, seen: text }) => `${title}: ${text}`);
  return failure ? [...seen, failure.message] : seen;
}

function answerRule(
  rule: Pick<Rule, 'cause' | 'title' | 'blame' | 'looksLike' | 'remedy'> & {
    pattern: RegExp;
    when?: (evidence: Evidence) => boolean;
    confidence?: Rule['confidence'];
    explanation: (evidence: Evidence) => string;
    text?: RegExp;
    more?: (evidence: Evidence) => string[];
    maker?: (evidence: Evidence) => Pick<Match, 'blame' | 'where'>;
  },
): Rule {
  const { pattern, when, explanation, text, more, maker, confidence = 'proven', ...rest } = rule;
  return {
    ...rest,
    confidence,
    family: 'routing',
    match(evidence) {
      if (!unanswered(evidence)) return null;
      const seen = answers(evidence);
      if (!seen.some((line) => pattern.test(line)) || (when && !when(evidence))) return null;
      return {
        seen: [...seen, ...(more?.(evidence) ?? [])],
        explanation: explanation(evidence),
        ...(text ? { where: { text } } : {}),
        ...maker?.(evidence),
      };
    },
  };
}

const blockedFlow = ({ cluster }: Evidence, flow: string) => cluster?.blocked.find((one) => one.flow.startsWith(flow));

/** A wait that ended for something other than a pod: gateway, route, pool, or the service's own conditions. */
function waitingOn(evidence: Evidence): boolean {
  return waited(evidence) || evidence.failure?.code === 'wrong-gateway';
}

const GATEWAY: PodRole = 'gateway';

/** Route, gateway, InferencePool and TLS: what stands between ready pods and a first answer. */
export const SERVING_RULES: readonly Rule[] = [
  {
    cause: 'gateway.image-pull',
    title: 'The pods of the gateway cannot pull their image',
    blame: 'cluster',
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
    blame: 'cluster',
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
    blame: 'cluster',
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
    blame: 'cluster',
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
    blame: 'cluster',
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
    blame: 'cluster',
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
    blame: 'cluster',
    family: 'routing',
    confidence: 'probable',
    looksLike: 'InferencePoolReady=False, or the pool has no Accepted parent',
    match(evidence) {
      const condition = falseCondition(evidence, 'InferencePoolReady');
      if (!waitingOn(evidence) || !condition) return null;
      const pools = evidence.cluster?.inferencePools ?? [];
      const bad = pools.flatMap(({ name, conditions }) =>
        conditions
          .filter(({ status }) => status !== 'True')
          .map((one) => `InferencePool ${name}: ${describeCondition(one)}`),
      );
      return {
        seen: [...bad, describeCondition(condition)],
        explanation: 'The gateway has said nothing about the pool, or refuses it: its endpoint picker cannot be used.',
      };
    },
    remedy: () =>
      'kubectl -n istio-system logs -l app=istiod --tail=50; the picker’s Service needs a DestinationRule with mode SIMPLE and insecureSkipVerify.',
  },

  answerRule({
    cause: 'policy.gateway-to-replicas',
    title: 'A NetworkPolicy keeps the gateway from the replicas',
    blame: 'change',
    looksLike: '503 with a connection failure from the gateway, and no policy allows gateway to replica on vLLM’s port',
    pattern: /HTTP 50\d|upstream connect error|timed? ?out|no answer/i,
    when: (evidence) => blockedFlow(evidence, 'gateway to replicas') !== undefined,
    maker: (evidence) => policyMaker(evidence, blockedFlow(evidence, 'gateway to replicas') as BlockedFlow),
    explanation: (evidence) => {
      const flow = blockedFlow(evidence, 'gateway to replicas');
      return `The replicas are isolated by NetworkPolicy ${flow?.policies.join(', ')}, and nothing lets the gateway in on vLLM's port.`;
    },
    more: (evidence) =>
      evidence.cluster?.blocked.map(({ flow, policies }) => `blocked: ${flow}, by ${policies.join(', ')}`) ?? [],
    remedy: () =>
      'Allow ingress on vLLM’s port from the gateway’s namespace and pods, as manifests/pattern3/networkpolicies/allow-gateway-to-vllm.yaml does.',
  }),
  answerRule({
    cause: 'tls.plain-server',
    title: 'The gateway speaks TLS to a server that does not',
    blame: 'change',
    looksLike: '503 with WRONG_VERSION_NUMBER: vLLM has no --ssl-certfile and the DestinationRule says SIMPLE',
    pattern: /WRONG_VERSION_NUMBER|wrong version number/i,
    explanation: (evidence) => {
      const plain = containersOf(evidence, 'replica').some(
        ({ container }) => container.name === 'main' && !/--ssl-certfile/.test(container.command),
      );
      return `A DestinationRule makes the gateway speak TLS to the replicas${plain ? ', and vLLM was started without --ssl-certfile' : ''}.`;
    },
    text: /vllm|api_server/,
    remedy: () =>
      'Start vLLM with --ssl-certfile and --ssl-keyfile of /var/run/kserve/tls, as Pattern 3 does, or set EnableTLS=false on KServe v0.19 or later.',
  }),
  answerRule({
    cause: 'tls.server-only',
    title: 'The gateway speaks plain HTTP to a server with TLS',
    blame: 'cluster',
    looksLike:
      '503 "connection termination": vLLM has --ssl-certfile and no DestinationRule makes the gateway speak TLS',
    pattern: /connection termination|protocol error|HTTP 50[23]|HTTP 400/i,
    when: (evidence) => {
      const secure = containersOf(evidence, 'replica').some(
        ({ container }) => container.name === 'main' && /--ssl-certfile/.test(container.command),
      );
      const rules = evidence.cluster?.destinationRules ?? [];
      const told = rules.some(({ host, mode, gates }) => !gates && mode === 'SIMPLE' && !/epp|scheduler/.test(host));
      return secure && !told;
    },
    explanation: () => 'vLLM serves HTTPS, and no DestinationRule tells the gateway so: plain KServe makes none.',
    remedy: () => 'Add the component manifests/components/upstream-kserve, or serve plain HTTP.',
  }),
  answerRule({
    cause: 'tls.ca-not-mounted',
    title: 'The gateway has no CA to check the replicas with',
    blame: 'cluster',
    looksLike: '503 "Secret is not supplied by SDS" on GET, while POST is answered',
    pattern: /not supplied by SDS/i,
    explanation: (evidence) => {
      const rule = evidence.cluster?.destinationRules.find(({ caCertificates }) => caCertificates !== '');
      return `DestinationRule ${rule?.name ?? 'of the workload'} names ${rule?.caCertificates ?? 'a CA file'}, which is not mounted in the gateway's pods.`;
    },
    remedy: ({ cluster }) =>
      `Mount the CA of KServe into the gateway’s Deployment (${cluster?.gateway?.namespace ?? 'NAMESPACE'}/${cluster?.gateway?.name ?? 'GATEWAY'}-istio) at /var/run/secrets/opendatahub.`,
  }),
  answerRule({
    cause: 'routing.buffered',
    title: 'An EnvoyFilter has the gateway keep bodies back from the endpoint picker',
    blame: 'cluster',
    looksLike: 'requests stall to their time limit or to 10 s, and an EnvoyFilter sets request_body_mode BUFFERED',
    pattern: /timed? ?out|no answer|aborted|HTTP 50[04]/i,
    when: ({ cluster }) => (cluster?.filters ?? []).some(({ buffers }) => buffers),
    explanation: ({ cluster }) => {
      const filter = cluster?.filters.find(({ buffers }) => buffers);
      return `EnvoyFilter ${filter?.namespace}/${filter?.name} sets request_body_mode BUFFERED, and this endpoint picker answers only to FULL_DUPLEX_STREAMED: each request waits for it in vain.`;
    },
    remedy: ({ cluster }) => {
      const filter = cluster?.filters.find(({ buffers }) => buffers);
      return `kubectl -n ${filter?.namespace} delete envoyfilter ${filter?.name}, or set both body modes to FULL_DUPLEX_STREAMED and the trailers to SEND.`;
    },
  }),
  answerRule({
    cause: 'picker.body-lost',
    title: 'The body of requests is lost on the way',
    blame: 'cluster',
    looksLike: '400 "missing … body" for POST through the gateway: ext_proc failed open after the body was streamed',
    pattern: /HTTP 400.*(?:missing.*body|prompt is required|Field required)/i,
    explanation: () =>
      'The gateway gave the body to the endpoint picker, got no answer, and passed the request on without it.',
    remedy: () =>
      'Make the endpoint picker reachable (its pod, its certificate, port 9002); failureMode FailClose makes such a failure loud.',
    confidence: 'probable',
  }),
  answerRule({
    cause: 'route.no-endpoint',
    title: 'The gateway has no healthy replica behind the route',
    blame: 'cluster',
    looksLike: '503 "no healthy upstream" or "Connection refused" although pods are Ready',
    pattern: /no healthy upstream|Connection refused/i,
    explanation: (evidence) =>
      `Pods of ${serviceOf(evidence)} are Ready, but the gateway knows none that answers: selector or port of the pool fits no listening server.`,
    text: /--port/,
    remedy: (evidence) =>
      `kubectl -n ${namespaceOf(evidence)} get inferencepools,endpointslices; the pool’s port must be that of --port (8000).`,
    confidence: 'probable',
  }),
  {
    cause: 'model.name-mismatch',
    title: 'The server does not know the model by that name',
    blame: 'change',
    family: 'routing',
    confidence: 'proven',
    looksLike: '404 "The model … does not exist" for completions',
    match(evidence) {
      const lines = ['completion', 'chat']
        .map((id) => checkOf(evidence, id))
        .filter((check) => check?.outcome === 'fail')
        .map((check) => `${check?.title}: ${check?.seen}`);
      if (!unanswered(evidence) || !lines.some((line) => /HTTP 404.*model|does not exist/i.test(line))) return null;
      return {
        seen: lines,
        explanation: `Completions ask for ${evidence.report.environment.modelId ?? 'the model'}, which the server calls otherwise.`,
        where: { text: /--served-model-name/ },
      };
    },
    remedy: () => 'Set --served-model-name to spec.model.name.',
  },
  {
    cause: 'vllm.died-serving',
    title: 'A replica stopped serving after it was ready',
    blame: 'change',
    family: 'routing',
    confidence: 'proven',
    looksLike: 'restarts of main after it was Ready, with a traceback in its log',
    match(evidence) {
      if (!unanswered(evidence) && evidence.failure?.stage !== 'benchmark' && evidence.report.verdict !== 'invalid')
        return null;
      const at = troubled(evidence, 'replica').find(
        ({ container }) => container.name === 'main' && (container.restarts > 0 || container.state === 'terminated'),
      );
      if (!at) return null;
      return {
        seen: wordsOf(at)
          .slice(-10)
          .map((line) => quote(at, line)),
        explanation: `vLLM in pod ${at.pod.name} ended while it served (${at.container.last?.reason ?? at.container.reason}, exit ${at.container.last?.exitCode ?? at.container.exitCode ?? '?'}).`,
      };
    },
    remedy: (evidence) =>
      `Read its last lines below: kubectl -n ${namespaceOf(evidence)} logs -l app.kubernetes.io/name=${serviceOf(evidence)} -c main --previous`,
  },
];
