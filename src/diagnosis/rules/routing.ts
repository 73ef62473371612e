import type { Evidence } from '../evidence.ts';
import { containersOf, isBefore, quote, said, tail, versionOf } from '../facts.ts';
import { checkOf, type Match, misrouted, namespaceOf, policyMaker, type Rule, serviceOf } from './rule.ts';

const failed = (evidence: Evidence, id: string) => checkOf(evidence, id)?.outcome === 'fail';

/** No answer carries the picker's mark, or the gateway's counters say that it was not asked. */
function bypassed(evidence: Evidence): boolean {
  const engaged = checkOf(evidence, 'picker-engaged');
  const unmarked = engaged?.outcome === 'not-observable' && evidence.report.routing?.pickerHeader?.seen === 0;
  return failed(evidence, 'prefix-affinity') && (engaged?.outcome === 'fail' || unmarked);
}

function checksSeen(evidence: Evidence): string[] {
  const scorers = evidence.report.environment.scorers;
  return [
    ...['prefix-affinity', 'picker-engaged', 'cache-hits', 'unique-spread']
      .map((id) => checkOf(evidence, id))
      .filter((check) => check && check.outcome !== 'pass')
      .map((check) => `${check?.title}: ${check?.seen}`),
    ...(scorers ? [`scorers: ${scorers.map(({ name, weight }) => `${name} ${weight}`).join(', ') || 'none'}`] : []),
  ];
}

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

/** Requests arrive, and not where the prefix cache is. In order: what the picker never saw, then what it decided badly. */
export const ROUTING_RULES: readonly Rule[] = [
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
  {
    cause: 'picker.no-prefix-scorer',
    title: 'The endpoint picker does not score the prefix cache',
    blame: 'change',
    family: 'routing',
    confidence: 'proven',
    looksLike: 'the live --config-text has no prefix-cache scorer in its profile, or gives it weight 0',
    match(evidence) {
      const scorers = evidence.report.environment.scorers;
      const prefix = scorers?.find(({ name }) => name.includes('prefix-cache'));
      if (!misrouted(evidence) || !failed(evidence, 'prefix-affinity') || !scorers || (prefix && prefix.weight > 0))
        return null;
      return {
        seen: checksSeen(evidence),
        explanation: prefix
          ? 'The prefix-cache scorer has weight 0 in the live configuration, so that it decides nothing.'
          : 'The live configuration of the endpoint picker has no prefix-cache scorer.',
        where: { text: /pluginRef: *prefix-cache-scorer|schedulingProfiles/ },
      };
    },
    remedy: () => 'Put prefix-cache-scorer into the scheduling profile, with a weight above the others together.',
  },
  {
    cause: 'picker.weights',
    title: 'Other scorers outweigh the prefix cache',
    blame: 'change',
    family: 'routing',
    confidence: 'probable',
    looksLike: 'the prefix-cache scorer has less weight than the others together, and prefixes do not stick',
    match(evidence) {
      const scorers = evidence.report.environment.scorers;
      const prefix = scorers?.find(({ name }) => name.includes('prefix-cache'));
      if (!misrouted(evidence) || !failed(evidence, 'prefix-affinity') || !scorers || !prefix) return null;
      const others = scorers.filter(({ name }) => !name.includes('prefix-cache') && !name.includes('no-hit'));
      const sum = others.reduce((total, { weight }) => total + weight, 0);
      if (prefix.weight >= sum) return null;
      return {
        seen: checksSeen(evidence),
        explanation: `prefix-cache-scorer weighs ${prefix.weight}, the others ${sum}: a replica that holds the whole prompt loses to one that is idle.`,
        where: { text: /pluginRef: *prefix-cache-scorer/ },
      };
    },
    remedy: () => 'Give prefix-cache-scorer more weight than the others together (Pattern 3: 3 against 2).',
  },
  {
    cause: 'vllm.caching-off',
    title: 'Prefix caching is off in vLLM',
    blame: 'change',
    family: 'routing',
    confidence: 'proven',
    looksLike:
      'enable_prefix_caching is False in vllm:cache_config_info, or the command has --no-enable-prefix-caching',
    match(evidence) {
      const flag = containersOf(evidence, 'replica').some(({ container }) =>
        /--no-enable-prefix-caching/.test(container.command),
      );
      const off = evidence.report.environment.prefixCaching === false;
      if (!misrouted(evidence) || !failed(evidence, 'cache-hits') || !(flag || off)) return null;
      return {
        seen: [
          ...checksSeen(evidence),
          ...(flag ? ['command: --no-enable-prefix-caching'] : []),
          ...(off ? ['vllm:cache_config_info: enable_prefix_caching="False"'] : []),
        ],
        explanation:
          'Requests of one prefix go to one replica, which does not cache it: prefix caching is switched off.',
        where: { text: /--no-enable-prefix-caching/ },
      };
    },
    remedy: () => 'Take --no-enable-prefix-caching out; vLLM V1 caches prefixes by default.',
  },
  {
    cause: 'vllm.prefix-too-short',
    title: 'No block of the prompts can be cached',
    blame: 'config',
    family: 'routing',
    confidence: 'proven',
    looksLike: 'requests stick, hits stay at 0, and the shared prefix is shorter than a block',
    match(evidence) {
      const { routing, environment } = evidence.report;
      const block = environment.blockSizeTokens;
      if (
        !misrouted(evidence) ||
        !failed(evidence, 'cache-hits') ||
        !routing ||
        block === null ||
        routing.prefixTokens >= block
      )
        return null;
      return {
        seen: [...checksSeen(evidence), `shared prefix ${routing.prefixTokens} tokens, block ${block} tokens`],
        explanation: `vLLM caches whole blocks of ${block} tokens, and the shared prefix has ${routing.prefixTokens}.`,
        where: { text: /--max-model-len/ },
      };
    },
    remedy: () =>
      'Raise "prompt-tokens" to several blocks. On TPU the block grows with --max-model-len (2048: 128 tokens).',
  },
  {
    cause: 'vllm.no-hits',
    title: 'The replicas cache no prefix',
    blame: 'cluster',
    family: 'routing',
    confidence: 'probable',
    looksLike: 'requests of one prefix stick to a replica and are computed anew each time',
    match(evidence) {
      if (!misrouted(evidence) || !failed(evidence, 'cache-hits') || failed(evidence, 'prefix-affinity')) return null;
      return {
        seen: checksSeen(evidence),
        explanation:
          'Requests of one prefix went to one replica each, but its counters show no hits: the KV cache is too small to keep them, or this build does not cache.',
      };
    },
    remedy: () =>
      'Compare num_gpu_blocks in vllm:cache_config_info with the tokens in flight; raise --gpu-memory-utilization or lower --max-num-seqs.',
  },
  {
    cause: 'picker.scrape',
    title: 'The endpoint picker cannot read the metrics of the replicas',
    blame: 'change',
    family: 'routing',
    confidence: 'proven',
    looksLike: 'the picker’s log has errors of its scrapes: a wrong scheme, port or certificate, or a policy',
    match(evidence) {
      if (!misrouted(evidence)) return null;
      const found = said(
        containersOf(evidence, 'endpoint-picker').filter(({ container }) => container.name === 'main'),
        /(?:failed|error)[^"]{0,80}(?:metrics|scrap)|HTTP response to HTTPS client|HTTP\/1\.x transport connection broken: malformed/i,
      );
      if (!found) return null;
      const flow = evidence.cluster?.blocked.find((one) => one.flow.startsWith('endpoint picker to replicas'));
      return {
        seen: [
          quote(found.at, found.line),
          ...(flow ? [`blocked: ${flow.flow}, by ${flow.policies.join(', ')}`] : []),
          ...checksSeen(evidence),
        ],
        explanation: `The endpoint picker does not see how busy the replicas are${flow ? `, for NetworkPolicy ${flow.policies.join(', ')} keeps it from them` : ''}: it says so in its log.`,
        where: { text: /--model-server-metrics-(?:scheme|port|path)/ },
      };
    },
    remedy: () =>
      'Give the picker --model-server-metrics-scheme as vLLM serves it (https with --ssl-certfile), and let it through to vLLM’s port.',
  },
  {
    cause: 'picker.one-replica',
    title: 'The endpoint picker sends everything to one replica',
    blame: 'change',
    family: 'routing',
    confidence: 'probable',
    looksLike: 'unique prompts all land on one pod although all replicas are Ready',
    match(evidence) {
      const { routing } = evidence.report;
      if (!misrouted(evidence) || !failed(evidence, 'unique-spread') || !routing) return null;
      const serving = routing.unique.perPod.filter(({ requests }) => requests > 0);
      if (serving.length !== 1) return null;
      const blocked = evidence.cluster?.blocked.find(({ flow }) => flow.startsWith('endpoint picker to replicas'));
      return {
        seen: [
          ...(blocked ? [`blocked: ${blocked.flow}, by ${blocked.policies.join(', ')}`] : []),
          ...checksSeen(evidence),
        ],
        explanation: `All ${routing.unique.sent} unique prompts were served by ${serving[0]?.pod}: the picker sees or prefers no other replica${blocked ? ', for a NetworkPolicy keeps it from their metrics' : ''}.`,
        where: { text: /schedulingProfiles/ },
      };
    },
    remedy: () =>
      'Look at the picker’s log for scrape errors, and add queue-scorer and no-hit-lru-scorer to the profile.',
  },
  {
    cause: 'routing.no-affinity',
    title: 'The endpoint picker does not follow the prefix',
    blame: 'change',
    family: 'routing',
    confidence: 'probable',
    looksLike: 'the picker is asked and has a prefix-cache scorer, yet requests of one prefix are spread',
    match(evidence) {
      if (!misrouted(evidence) || !failed(evidence, 'prefix-affinity')) return null;
      return {
        seen: checksSeen(evidence),
        explanation: evidence.report.environment.scorers
          ? 'The prefix-cache scorer is configured, yet requests with one prefix were spread over the replicas.'
          : 'Requests with one prefix were spread over the replicas; the configuration of the endpoint picker could not be read.',
        where: { text: /--config-text/ },
      };
    },
    remedy: () =>
      'Compare image and parameters of the endpoint picker with the last passing run: its block size must not exceed the shared prefix, and a restart forgets what it knew.',
  },
];

/** No hostname stands for all of them. */
function sharesHost(a: readonly string[], b: readonly string[]): boolean {
  return a.length === 0 || b.length === 0 || a.some((host) => b.includes(host));
}
