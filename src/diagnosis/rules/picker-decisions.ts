import { containersOf, quote, said } from '../facts.ts';
import { policyMaker } from './own-objects.ts';
import { cacheMissed, checksSeen, failed } from './routing-checks.ts';
import { checkOf, misrouted, type Rule } from './rule.ts';

/** Requests that the endpoint picker saw and sent to the wrong replica, or whose prefix no replica could reuse. */
export const PICKER_DECISION_RULES: readonly Rule[] = [
  {
    cause: 'picker.no-prefix-scorer',
    title: 'The endpoint picker does not score the prefix cache',
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
          ? 'The prefix-cache scorer has weight 0 in the live configuration, so it decides nothing.'
          : 'The live configuration of the endpoint picker has no prefix-cache scorer.',
        where: { text: /pluginRef: *prefix-cache-scorer|schedulingProfiles/ },
      };
    },
    remedy: () => 'Put prefix-cache-scorer into the scheduling profile, with a weight above the others together.',
  },
  {
    cause: 'picker.weights',
    title: 'Other scorers outweigh the prefix cache',
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
    remedy: () => 'Give prefix-cache-scorer more weight than the others together (3 against 2 for example).',
  },
  {
    cause: 'vllm.caching-off',
    title: 'Prefix caching is off in vLLM',
    family: 'routing',
    confidence: 'proven',
    looksLike:
      'enable_prefix_caching is False in vllm:cache_config_info, or the command has --no-enable-prefix-caching',
    match(evidence) {
      const flag = containersOf(evidence, 'replica').some(({ container }) =>
        /--no-enable-prefix-caching/.test(container.command),
      );
      const off = evidence.report.environment.prefixCaching === false;
      if (!misrouted(evidence) || !cacheMissed(evidence) || !(flag || off)) return null;
      return {
        seen: [
          ...checksSeen(evidence),
          ...(flag ? ['command: --no-enable-prefix-caching'] : []),
          ...(off ? ['vllm:cache_config_info: enable_prefix_caching="False"'] : []),
        ],
        explanation: 'Prefix caching is switched off in the replicas, so none of them reuses a prefix.',
        where: { text: /--no-enable-prefix-caching/ },
      };
    },
    remedy: () => 'Take --no-enable-prefix-caching out; vLLM V1 caches prefixes by default.',
  },
  {
    cause: 'vllm.prefix-too-short',
    title: 'No block of the prompts can be cached',
    family: 'routing',
    confidence: 'proven',
    looksLike: 'requests stick, hits stay at 0, and the shared prefix is shorter than a block',
    match(evidence) {
      const { routing, environment } = evidence.report;
      const block = environment.blockSizeTokens;
      if (!misrouted(evidence) || !cacheMissed(evidence) || !routing || block === null || routing.prefixTokens >= block)
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
    family: 'routing',
    confidence: 'probable',
    looksLike: 'requests of one prefix stick to a replica and are computed again each time',
    match(evidence) {
      // That requests stick has to be seen: without an answer it did not fail either.
      const stick = checkOf(evidence, 'prefix-affinity')?.outcome === 'pass';
      if (!misrouted(evidence) || !cacheMissed(evidence) || !stick) return null;
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
        explanation: `The endpoint picker does not see how busy the replicas are${flow ? `, for NetworkPolicy ${flow.policies.join(', ')} keeps it from them` : ''}. Its log has the error.`,
        where: { text: /--model-server-metrics-(?:scheme|port|path)/ },
        ...(flow ? policyMaker(evidence, flow) : {}),
      };
    },
    remedy: () =>
      'Give the picker --model-server-metrics-scheme as vLLM serves it (https with --ssl-certfile), and let it through to vLLM’s port.',
  },
  {
    cause: 'picker.one-replica',
    title: 'The endpoint picker sends everything to one replica',
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
        ...(blocked ? policyMaker(evidence, blocked) : {}),
      };
    },
    remedy: () => 'Look at the picker’s log for scrape errors, and add queue-scorer to the profile.',
  },
  {
    cause: 'routing.no-affinity',
    title: 'The endpoint picker does not follow the prefix',
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
      'Compare image and parameters of the endpoint picker with the last passing run. Its block size must not exceed the shared prefix. A restart loses what it knew.',
  },
];
