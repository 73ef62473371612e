import { servingRefusal } from '../../clients/serving/refusals.ts';
import { gateFile, showFile, UPSTREAM_RULES } from '../../lib/gate-files.ts';
import type { Evidence } from '../evidence.ts';
import { containersOf, quote, troubled, wordsOf } from '../facts.ts';
import { demandsTls, describeRule, ruleFor, type TlsHost } from './destination-rules.ts';
import { makerOf, ownObject, policyMaker, removal } from './own-objects.ts';
import { checkOf, type Match, namespaceOf, type Rule, serviceOf, unanswered } from './rule.ts';

/** What the answers of the gateway said, as checks have them. */
function answers({ report, failure }: Evidence): string[] {
  const seen = report.checks
    .filter(({ id, outcome }) => outcome === 'fail' && ['health', 'models', 'completion', 'chat'].includes(id))
    .map(({ title, seen: text }) => `${title}: ${text}`);
  return failure ? [...seen, failure.message] : seen;
}

/** A rule on what the gateway or the server answered. */
function answerRule(
  rule: Pick<Rule, 'cause' | 'title' | 'looksLike' | 'remedy'> & {
    pattern: RegExp;
    when?: (evidence: Evidence) => boolean;
    confidence?: Rule['confidence'];
    explanation: (evidence: Evidence) => string;
    text?: RegExp;
    more?: (evidence: Evidence) => string[];
    maker?: (evidence: Evidence) => Pick<Match, 'blame' | 'at'>;
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

/** A plain request to a server with TLS; not a pool without endpoints, which answers 503 too. */
const PLAIN_TO_TLS = /^(?!.*no healthy upstream).*(?:connection termination|protocol error|HTTP 50[23]|HTTP 400)/is;

/** Where requests failed for which no DestinationRule demands TLS; empty while the rules could not be read. */
function hostsWithoutTls(evidence: Evidence): { name: string; seen: string; rule: string | null }[] {
  const { cluster, failure, report } = evidence;
  // Where one request is answered, TLS is not what fails the other.
  const fails = (...ids: string[]) =>
    !passes(evidence, ...ids) &&
    ids.some((id) => {
      const check = checkOf(evidence, id);
      return check?.outcome === 'fail' && PLAIN_TO_TLS.test(check.seen) && servingRefusal(check.seen) === null;
    });
  const pool = cluster?.routes.find(({ own }) => own)?.pools[0];
  const workload = `${report.plan.service}-kserve-workload-svc`;
  const hosts: { host: TlsHost; name: string }[] = [];
  if (fails('health', 'models') || (failure && PLAIN_TO_TLS.test(failure.message))) {
    hosts.push({ host: 'workload', name: workload });
  }
  if (fails('completion', 'chat')) {
    hosts.push(
      pool ? { host: 'pool', name: `the Service of InferencePool ${pool.name}` } : { host: 'workload', name: workload },
    );
  }
  return hosts.flatMap(({ host, name }) => {
    const rule = ruleFor(evidence, host);
    if (rule === 'unread' || (rule && demandsTls(rule))) return [];
    return [{ name, seen: rule ? describeRule(rule) : `no DestinationRule for ${name}`, rule: rule?.name ?? null }];
  });
}

/** The DestinationRule without TLS, where the manifests bring it. */
function ownPlainRule(evidence: Evidence) {
  const rules = hostsWithoutTls(evidence).flatMap(({ rule }) => rule ?? []);
  return ownObject(evidence, 'DestinationRule', rules);
}

const passes = (evidence: Evidence, ...ids: string[]) => ids.some((id) => checkOf(evidence, id)?.outcome === 'pass');

/** Whether any answer of a replica came by way of the gateway: by a check that passed, or by an error that is vLLM's. */
function reaches(evidence: Evidence): boolean {
  const own = ['completion', 'chat'].some((id) => servingRefusal(checkOf(evidence, id)?.seen ?? '') !== null);
  return own || passes(evidence, 'health', 'models', 'completion', 'chat');
}

const blockedFlow = ({ cluster }: Evidence, flow: string) => cluster?.blocked.find((one) => one.flow.startsWith(flow));

/** The DestinationRule with a CA of its own, where the manifests bring it. */
function ownCaRule(evidence: Evidence) {
  const rules = (evidence.cluster?.destinationRules ?? []).filter(({ caCertificates }) => caCertificates !== '');
  return ownObject(
    evidence,
    'DestinationRule',
    rules.map(({ name }) => name),
  );
}

/** The EnvoyFilter that keeps bodies back, where the manifests bring it. */
function ownFilter(evidence: Evidence) {
  const filters = (evidence.cluster?.filters ?? []).filter(({ buffers }) => buffers);
  return ownObject(
    evidence,
    'EnvoyFilter',
    filters.map(({ namespace, name }) => `${namespace}/${name}`),
  );
}

const AUTHORIZATION = 'AuthorizationPolicy';

/** Requests that were answered wrongly or not at all: policies, TLS, the route, the model. */
export const ANSWER_RULES: readonly Rule[] = [
  answerRule({
    cause: 'policy.gateway-to-replicas',
    title: 'A NetworkPolicy keeps the gateway from the replicas',
    looksLike: '503 with a connection failure from the gateway, and no policy allows gateway to replica on vLLM’s port',
    pattern: /HTTP 50\d|upstream connect error|timed? ?out|no answer/i,
    // An answer by way of the gateway shows that nothing keeps it out.
    when: (evidence) => blockedFlow(evidence, 'gateway to replicas') !== undefined && !reaches(evidence),
    maker: (evidence) => {
      const flow = blockedFlow(evidence, 'gateway to replicas');
      return flow ? policyMaker(evidence, flow) : {};
    },
    explanation: (evidence) => {
      const flow = blockedFlow(evidence, 'gateway to replicas');
      return `The replicas are isolated by NetworkPolicy ${flow?.policies.join(', ')}, and nothing lets the gateway in on vLLM's port.`;
    },
    more: (evidence) =>
      evidence.cluster?.blocked.map(({ flow, policies }) => `blocked: ${flow}, by ${policies.join(', ')}`) ?? [],
    remedy: () =>
      `Allow ingress on vLLM’s port from the gateway’s namespace and pods. A policy that does: ${showFile(gateFile('manifests/pattern3/networkpolicies/allow-gateway-to-vllm.yaml'))}`,
  }),
  answerRule({
    cause: 'tls.plain-server',
    title: 'The gateway uses TLS with a server that does not',
    looksLike:
      '503 with WRONG_VERSION_NUMBER: vLLM has no --ssl-certfile and the mode of the DestinationRule is SIMPLE',
    pattern: /WRONG_VERSION_NUMBER|wrong version number/i,
    explanation: (evidence) => {
      const plain = containersOf(evidence, 'replica').some(
        ({ container }) => container.name === 'main' && !/--ssl-certfile/.test(container.command),
      );
      return `A DestinationRule makes the gateway use TLS to the replicas${plain ? ', and vLLM was started without --ssl-certfile' : ''}.`;
    },
    text: /vllm|api_server/,
    remedy: () =>
      'Start vLLM with --ssl-certfile and --ssl-keyfile of /var/run/kserve/tls, or set EnableTLS=false on KServe v0.19 or later.',
  }),
  answerRule({
    cause: 'tls.server-only',
    title: 'The gateway uses plain HTTP with a server that has TLS',
    looksLike:
      '503 "connection termination": vLLM has --ssl-certfile, and no DestinationRule makes the gateway use TLS. Completions need one for the pool, the model list one for the workload',
    pattern: PLAIN_TO_TLS,
    when: (evidence) => {
      const secure = containersOf(evidence, 'replica').some(
        ({ container }) => container.name === 'main' && /--ssl-certfile/.test(container.command),
      );
      return secure && hostsWithoutTls(evidence).length > 0;
    },
    more: (evidence) => hostsWithoutTls(evidence).map(({ seen }) => seen),
    maker: (evidence) => makerOf(ownPlainRule(evidence)),
    explanation: (evidence) =>
      `vLLM serves HTTPS, and no DestinationRule makes the gateway use it to ${hostsWithoutTls(evidence)
        .map(({ name }) => name)
        .join(' and to ')}: plain KServe makes none.`,
    remedy: (evidence) => {
      const own = ownPlainRule(evidence);
      if (own) return `Give DestinationRule ${own.name} of the manifests tls.mode SIMPLE and insecureSkipVerify: true.`;
      return `Add a DestinationRule with tls.mode SIMPLE and insecureSkipVerify: true for each of these hosts, or serve plain HTTP. Three that do: ${showFile(gateFile(UPSTREAM_RULES))}`;
    },
  }),
  answerRule({
    cause: 'tls.ca-not-mounted',
    title: 'The gateway has no CA to check the replicas with',
    looksLike: '503 "Secret is not supplied by SDS" on GET, while POST works',
    pattern: /not supplied by SDS/i,
    explanation: (evidence) => {
      const rule = evidence.cluster?.destinationRules.find(({ caCertificates }) => caCertificates !== '');
      return `DestinationRule ${rule?.name ?? 'of the workload'} names ${rule?.caCertificates ?? 'a CA file'}, which is not mounted in the gateway's pods.`;
    },
    maker: (evidence) => makerOf(ownCaRule(evidence)),
    remedy: ({ cluster, ...evidence }) => {
      const own = ownCaRule({ cluster, ...evidence });
      if (own)
        return `Take caCertificates out of DestinationRule ${own.name} of the manifests and set insecureSkipVerify: true.`;
      return `Mount the CA of KServe into the gateway’s Deployment (${cluster?.gateway?.namespace ?? 'NAMESPACE'}/${cluster?.gateway?.name ?? 'GATEWAY'}-istio) at /var/run/secrets/opendatahub.`;
    },
  }),
  answerRule({
    cause: 'routing.buffered',
    title: 'An EnvoyFilter has the gateway keep bodies back from the endpoint picker',
    looksLike: 'requests stall to their time limit or to 10 s, and an EnvoyFilter sets request_body_mode BUFFERED',
    pattern: /timed? ?out|no answer|aborted|HTTP 50[04]/i,
    when: ({ cluster }) => (cluster?.filters ?? []).some(({ buffers }) => buffers),
    explanation: ({ cluster }) => {
      const filter = cluster?.filters.find(({ buffers }) => buffers);
      return `EnvoyFilter ${filter?.namespace}/${filter?.name} sets request_body_mode BUFFERED, and this endpoint picker answers only to FULL_DUPLEX_STREAMED: each request gets no reply.`;
    },
    maker: (evidence) => makerOf(ownFilter(evidence)),
    remedy: (evidence) => {
      const filter = evidence.cluster?.filters.find(({ buffers }) => buffers);
      const remove = `kubectl -n ${filter?.namespace} delete envoyfilter ${filter?.name}`;
      return `${removal(ownFilter(evidence), remove)}, or set both body modes to FULL_DUPLEX_STREAMED and the trailers to SEND.`;
    },
  }),
  answerRule({
    cause: 'mesh.authorization',
    title: 'An AuthorizationPolicy refuses the requests',
    looksLike: '403 "RBAC: access denied" from Envoy: an AuthorizationPolicy of Istio does not allow the request',
    pattern: /HTTP 403.*RBAC: access denied/is,
    maker: (evidence) => makerOf(ownObject(evidence, AUTHORIZATION)),
    explanation: (evidence) => {
      const own = ownObject(evidence, AUTHORIZATION);
      return `Envoy refuses requests with 403 for an AuthorizationPolicy${own ? `, such as ${own.name} of the manifests` : ' of the cluster'}.`;
    },
    remedy: (evidence) => {
      const own = ownObject(evidence, AUTHORIZATION);
      return own
        ? `Let AuthorizationPolicy ${own.name} of the manifests allow GET and POST of /v1/* from the gateway, or take it out.`
        : `Let the policy that selects the gateway or the pods of ${namespaceOf(evidence)} allow GET and POST of /v1/*: kubectl get authorizationpolicies -A`;
    },
  }),
  answerRule({
    cause: 'picker.body-lost',
    title: 'The body of requests is lost on the way',
    looksLike: '400 "missing … body" for POST through the gateway: ext_proc failed open after the body was streamed',
    pattern: /HTTP 400.*(?:missing.*body|prompt is required|Field required)/i,
    explanation: () =>
      'The gateway gave the body to the endpoint picker, got no reply, and passed the request on without it.',
    remedy: () =>
      'Make the endpoint picker reachable (its pod, its certificate, port 9002); failureMode FailClose makes such a failure loud.',
    confidence: 'probable',
  }),
  answerRule({
    cause: 'route.no-endpoint',
    title: 'The gateway has no healthy replica behind the route',
    looksLike: '503 "no healthy upstream" or "Connection refused" although pods are Ready',
    pattern: /no healthy upstream|Connection refused/i,
    explanation: (evidence) =>
      `Pods of ${serviceOf(evidence)} are Ready, but the gateway knows none that responds: selector or port of the pool fits no listening server.`,
    text: /--port/,
    remedy: (evidence) =>
      `kubectl -n ${namespaceOf(evidence)} get inferencepools,endpointslices; the pool’s port must be that of --port (8000).`,
    confidence: 'probable',
  }),
  {
    cause: 'model.name-mismatch',
    title: 'The server does not know the model by that name',
    family: 'routing',
    confidence: 'proven',
    looksLike: '404 "The model … does not exist" for completions',
    match(evidence) {
      const lines = ['completion', 'chat']
        .map((id) => checkOf(evidence, id))
        .filter((check) => check?.outcome === 'fail')
        .map((check) => `${check?.title}: ${check?.seen}`);
      if (
        !unanswered(evidence) ||
        !lines.some((line) => /HTTP 404.*\bmodel\b.*(?:does not exist|not found)/i.test(line))
      )
        return null;
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
