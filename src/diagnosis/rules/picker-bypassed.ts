import type { Evidence } from '../evidence.ts';
import { containersOf, isBefore, said, tail, versionOf } from '../facts.ts';
import { checksSeen, failed } from './routing-checks.ts';
import { checkOf, type Match, misrouted, namespaceOf, policyMaker, type Rule, serviceOf } from './rule.ts';

/** No answer carries the picker's mark, or the gateway's counters say that it was not asked. */
function bypassed(evidence: Evidence): boolean {
  const engaged = checkOf(evidence, 'picker-engaged');
  const unmarked = engaged?.outcome === 'not-observable' && evidence.report.routing?.pickerHeader?.seen === 0;
  return failed(evidence, 'prefix-affinity') && (engaged?.outcome === 'fail' || unmarked);
}

/** A rule on requests that the gateway spread without the endpoint picker. */
function bypassRule(
  rule: Pick<Rule, 'cause' | 'title' | 'blame' | 'looksLike' | 'remedy'> & {
    confidence?: Rule['confidence'];
    /** What shows it, or nothing. */
    shows: (evidence: Evidence) => Match | null;
  },
): Rule {
  const { shows, confidence = 'proven', ...rest } = rule;
  return {
    ...rest,
    confidence,
    family: 'routing',
    match(evidence) {
      if (!misrouted(evidence) || !bypassed(evidence)) return null;
      const found = shows(evidence);
      return found && { ...found, seen: [...found.seen, ...checksSeen(evidence)] };
    },
  };
}

const OPEN = 'The gateway could not ask the endpoint picker and failed open: requests went round-robin.';

/** Requests that the endpoint picker never saw. */
export const PICKER_BYPASSED_RULES: readonly Rule[] = [
  bypassRule({
    cause: 'routing.envoyfilter',
    title: 'An EnvoyFilter erases the configuration of the endpoint picker',
    blame: 'cluster',
    looksLike: 'the picker is not asked, and an EnvoyFilter overrides ext_proc of a route without a gRPC service',
    shows: ({ cluster }) => {
      const filters = cluster?.filters.filter(({ erasesPicker }) => erasesPicker) ?? [];
      if (filters.length === 0) return null;
      const names = filters.map(({ namespace, name }) => `${namespace}/${name}`);
      return {
        seen: names.map((name) => `EnvoyFilter ${name}: overrides ext_proc per route, no grpc_service`),
        explanation: `EnvoyFilter ${names.join(', ')} replaces what Istio wrote for the route and names no gRPC service, so that requests never reach the endpoint picker.`,
      };
    },
    remedy: ({ cluster }) => {
      const filter = cluster?.filters.find(({ erasesPicker }) => erasesPicker);
      return `kubectl -n ${filter?.namespace} delete envoyfilter ${filter?.name}; Istio 1.27 and later need none.`;
    },
  }),
  bypassRule({
    cause: 'routing.filter-misses',
    title: 'An EnvoyFilter names routes that the service does not have any more',
    blame: 'cluster',
    looksLike:
      'the picker is not asked on Istio before 1.27, and the filter that should make it so names rules by places or names that have changed',
    shows: ({ cluster, report }) => {
      const version = versionOf(cluster?.istiodImage ?? null);
      const own = cluster?.routes.find((route) => route.own);
      if (!own || !version || !isBefore(version, [1, 27])) return null;
      const names = own.rules.map((rule, index) => rule ?? `${own.namespace}.${own.name}.${index}`);
      const missing = (cluster?.filters ?? []).flatMap(({ namespace, name, routes }) =>
        routes.length > 0 && !routes.some((route) => names.includes(route))
          ? [{ filter: `${namespace}/${name}`, routes }]
          : [],
      );
      if (missing.length === 0) return null;
      return {
        seen: [
          ...missing.map(({ filter, routes }) => `EnvoyFilter ${filter}: ${routes.join(', ')}`),
          `routes of ${report.plan.service}: ${names.join(', ')}`,
        ],
        explanation: `EnvoyFilter ${missing.map(({ filter }) => filter).join(', ')} names none of the routes that KServe has made. ${OPEN}`,
      };
    },
    remedy: () =>
      'Name the routes that the evidence lists, as manifests/components/envoyfilter does; Istio 1.27 and later need no filter.',
  }),
  bypassRule({
    cause: 'policy.gateway-to-picker',
    title: 'A NetworkPolicy keeps the gateway from the endpoint picker',
    blame: 'change',
    looksLike: 'the picker is not asked, and no policy of its pod allows TCP 9002 from the gateway',
    shows: (evidence) => {
      const flow = evidence.cluster?.blocked.find((one) => one.flow.startsWith('gateway to endpoint picker'));
      if (!flow) return null;
      return {
        seen: [`blocked: ${flow.flow} (${flow.direction}), by ${flow.policies.join(', ')}`],
        explanation: `The pod of the endpoint picker is isolated by NetworkPolicy ${flow.policies.join(', ')}, and nothing allows TCP 9002 from the gateway. ${OPEN}`,
        ...policyMaker(evidence, flow),
      };
    },
    remedy: () =>
      'Allow ingress on TCP 9002 to pods with app.kubernetes.io/component=llminferenceservice-router-scheduler, as manifests/pattern3/networkpolicies/allow-gateway-to-epp.yaml does.',
  }),
  bypassRule({
    cause: 'routing.older-route',
    title: 'An older route of the gateway switches the endpoint picker off',
    blame: 'cluster',
    looksLike:
      'the picker is not asked, Istio is older than 1.28.5, and another HTTPRoute of the gateway is older than ours',
    shows: ({ cluster }) => {
      const own = cluster?.routes.find((route) => route.own);
      const version = versionOf(cluster?.istiodImage ?? null);
      if (!own || (version && !isBefore(version, [1, 28, 5]))) return null;
      const older =
        cluster?.routes.filter(
          (route) =>
            !route.own && !route.gates && route.createdAt < own.createdAt && sharesHost(route.hostnames, own.hostnames),
        ) ?? [];
      if (older.length === 0) return null;
      const names = older.map(({ namespace, name }) => `${namespace}/${name}`);
      return {
        seen: older.map(
          ({ namespace, name, createdAt }) =>
            `HTTPRoute ${namespace}/${name}: since ${createdAt}; ${own.name}: since ${own.createdAt}`,
        ),
        explanation: `Istio ${version?.join('.') ?? 'before 1.28.5'} keeps the pool configuration of the oldest HTTPRoute of a gateway and hostname alone; ${names.join(', ')} is older than ${own.name}.`,
      };
    },
    remedy: () =>
      'Give the service a hostname or a gateway of its own, remove the other route, or upgrade Istio to 1.28.5 or later.',
  }),
  bypassRule({
    cause: 'routing.shared-names',
    title: 'Another service of the gateway has rules of the same names',
    blame: 'cluster',
    looksLike:
      'the picker is not asked, and another route of the gateway with an InferencePool has rules named alike (KServe v0.19 and later)',
    shows: ({ cluster }) => {
      const own = cluster?.routes.find((route) => route.own);
      const named = (own?.rules ?? []).filter((rule) => rule !== null);
      const others = (cluster?.routes ?? []).filter(
        (route) =>
          !route.own &&
          !route.gates &&
          route.pools.length > 0 &&
          route.rules.some((rule) => rule !== null && named.includes(rule)),
      );
      if (!own || others.length === 0) return null;
      const names = others.map(({ namespace, name }) => `${namespace}/${name}`);
      return {
        seen: others.map(
          ({ namespace, name, rules }) =>
            `HTTPRoute ${namespace}/${name}: ${rules.filter((rule) => rule !== null && named.includes(rule)).join(', ')}`,
        ),
        explanation: `Istio keeps the pool of a named rule under its bare name, and ${names.join(', ')} has rules of the same names as ${own.name}: requests of one are scheduled by the picker of the other.`,
      };
    },
    remedy: () => 'Give each LLMInferenceService a gateway or a hostname of its own.',
  }),
  bypassRule({
    cause: 'picker.tls',
    title: 'The TLS handshake between gateway and endpoint picker fails',
    blame: 'cluster',
    looksLike:
      'the picker is not asked; the gateway’s log has TLS_error, or the DestinationRule of the picker is not SIMPLE',
    shows: (evidence) => {
      const { cluster } = evidence;
      const log = said(
        containersOf(evidence, 'gateway'),
        /TLS_error|CERTIFICATE_VERIFY_FAILED|status 14|tls: first record/i,
      );
      const pickers = containersOf(evidence, 'endpoint-picker');
      const secure = pickers.some(({ container }) => /--secure-serving(?!=false)/.test(container.command));
      const rules = (cluster?.destinationRules ?? []).filter(({ host }) => /epp|scheduler/.test(host));
      const wrong = rules.filter(({ mode }) => mode !== 'SIMPLE');
      const patched = cluster?.filters.filter(({ patchesCluster }) => patchesCluster) ?? [];
      const read = cluster?.gaps.every((gap) => !gap.startsWith('DestinationRules')) === true;
      const bare = secure && read && rules.length === 0;
      if (!log && wrong.length === 0 && patched.length === 0 && !bare) return null;
      return {
        seen: [
          ...(log ? [`pod/${log.at.pod.name} ${log.at.container.name}: ${log.line}`] : []),
          ...wrong.map(({ name, host, mode }) => `DestinationRule ${name}: ${host} has TLS mode ${mode || 'none'}`),
          ...patched.map(
            ({ namespace, name }) => `EnvoyFilter ${namespace}/${name} changes the transport socket of a cluster`,
          ),
          ...(bare ? ['no DestinationRule for the endpoint picker, which serves TLS'] : []),
        ],
        explanation: `The endpoint picker serves TLS and the gateway does not connect with it${wrong.length > 0 ? `: DestinationRule ${wrong[0]?.name} says ${wrong[0]?.mode || 'no TLS'}` : bare ? ': no DestinationRule tells it to' : ''}. ${OPEN}`,
      };
    },
    remedy: (evidence) =>
      `Give ${serviceOf(evidence)}-epp-service a DestinationRule with tls.mode SIMPLE and insecureSkipVerify: true, keep sidecars off its pod, and delete EnvoyFilters on its cluster.`,
  }),
  bypassRule({
    cause: 'picker.down',
    title: 'The endpoint picker is not running',
    blame: 'change',
    looksLike: 'the picker is not asked, and its pod is not Ready or restarts',
    shows: (evidence) => {
      const pods = (evidence.cluster?.pods ?? []).filter(({ role }) => role === 'endpoint-picker');
      if (!evidence.cluster || (pods.length > 0 && pods.some(({ ready }) => ready))) return null;
      const [at] = containersOf(evidence, 'endpoint-picker').filter(({ container }) => container.name === 'main');
      return {
        seen: at ? tail(at, 8) : ['no pod of the endpoint picker'],
        explanation: `The endpoint picker was Ready when the checks began and is not any more${at ? ` (${at.container.restarts} restarts)` : ''}. ${OPEN}`,
      };
    },
    remedy: (evidence) =>
      `kubectl -n ${namespaceOf(evidence)} logs deployment/${serviceOf(evidence)}-kserve-router-scheduler --previous`,
  }),
  bypassRule({
    cause: 'routing.picker-bypassed',
    title: 'The gateway bypasses the endpoint picker',
    blame: 'cluster',
    confidence: 'probable',
    looksLike:
      'requests of one prefix are spread and the picker was not asked, with no filter, policy, route or TLS rule to blame',
    shows: () => ({
      seen: [],
      explanation:
        'Requests with one prefix were spread over the replicas, and the endpoint picker was not asked about them: the gateway could not reach it and failed open to round-robin.',
    }),
    remedy: () =>
      'Look for an EnvoyFilter that replaces the ext_proc configuration of the route, a NetworkPolicy that blocks port 9002 of the endpoint picker, or a failed TLS handshake in the gateway log. manifests/rbac/evidence.yaml lets the gate look itself.',
  }),
];

/** No hostname stands for all of them. */
function sharesHost(a: readonly string[], b: readonly string[]): boolean {
  return a.length === 0 || b.length === 0 || a.some((host) => b.includes(host));
}
