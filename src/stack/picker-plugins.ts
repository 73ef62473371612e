/** A minor release of an endpoint picker: the plugin types that it registers for the first time, and those it drops. */
interface Release {
  minor: number;
  adds: readonly string[];
  drops?: readonly string[];
}

/**
 * Plugin types that each release of the picker of the Gateway API Inference Extension registers, v1.0 to v1.5
 * (kubernetes-sigs/gateway-api-inference-extension cmd/epp/runner/runner.go, `registerInTreePlugins`).
 */
const GIE_V1: readonly Release[] = [
  {
    minor: 0,
    adds: [
      'header-based-testing-filter',
      'kv-cache-utilization-scorer',
      'lora-affinity-scorer',
      'max-score-picker',
      'prefix-cache-scorer',
      'queue-scorer',
      'random-picker',
      'single-profile-handler',
      'weighted-random-picker',
    ],
  },
  { minor: 2, adds: ['destination-endpoint-served-verifier'] },
  {
    minor: 3,
    adds: [
      'metrics-data-source',
      'model-server-protocol-metrics',
      'predicted-latency-scorer',
      'running-requests-size-scorer',
    ],
  },
  {
    minor: 4,
    adds: [
      'concurrency-detector',
      'edf-ordering-policy',
      'fcfs-ordering-policy',
      'global-strict-fairness-policy',
      'k8s-notification-source',
      'request-attribute-reporter',
      'round-robin-fairness-policy',
    ],
  },
  {
    minor: 5,
    adds: [
      'approx-prefix-cache-producer',
      'core-metrics-extractor',
      'endpoint-notification-source',
      'eviction-priority-then-time-ordering',
      'eviction-sheddable-filter',
      'inflight-load-producer',
      'latency-scorer',
      'latency-slo-admitter',
      'openai-parser',
      'passthrough-parser',
      'predicted-latency-producer',
      'prefix-cache-affinity-filter',
      'slo-deadline-ordering-policy',
      'slo-headroom-tier-filter',
      'static-usage-limit-policy',
      'token-load-scorer',
      'utilization-detector',
      'vllmgrpc-parser',
    ],
    drops: ['model-server-protocol-metrics'],
  },
];

/**
 * The same for llm-d's picker, v0.3 to v0.9, beside the types of the extension that it is built on
 * (llm-d/llm-d-inference-scheduler pkg/plugins/register.go; from v0.9 llm-d/llm-d-router cmd/epp/runner/runner.go).
 */
const LLM_D_V0: readonly Release[] = [
  {
    minor: 3,
    adds: [
      'active-request-scorer',
      'by-label',
      'by-label-selector',
      'decode-filter',
      'load-aware-scorer',
      'pd-profile-handler',
      'precise-prefix-cache-scorer',
      'prefill-filter',
      'prefill-header-handler',
      'session-affinity-scorer',
    ],
  },
  { minor: 4, adds: ['data-parallel-profile-handler', 'no-hit-lru-scorer'] },
  {
    minor: 6,
    adds: ['always-disagg-pd-decider', 'model-server-protocol-models', 'models-data-source', 'prefix-based-pd-decider'],
  },
  {
    minor: 7,
    adds: [
      'always-disagg-multimodal-decider',
      'context-length-aware',
      'disagg-headers-handler',
      'disagg-profile-handler',
      'encode-filter',
      'tokenizer',
    ],
  },
  {
    minor: 9,
    adds: [
      'agent-identity',
      'anthropic-parser',
      'file-discovery',
      'label-selector-filter',
      'mm-embeddings-cache-producer',
      'mm-embeddings-cache-scorer',
      'models-data-extractor',
      'precise-prefix-cache-producer',
      'priority-then-time-eviction-order-policy',
      'probabilistic-admitter',
      'program-aware-fairness',
      'session-affinity-filter',
      'session-id-producer',
      'sheddable-eviction-filter',
      'token-producer',
      'vertexai-parser',
      'vllmhttp-parser',
    ],
    drops: [
      'eviction-priority-then-time-ordering',
      'eviction-sheddable-filter',
      'model-server-protocol-models',
      'predicted-latency-scorer',
    ],
  },
];
/** Minor release of llm-d's picker, and that of the extension in its go.mod; v0.6 has a commit before v1.4. */
const BUILT_ON: Readonly<Record<number, number>> = { 3: 0, 4: 2, 5: 3, 6: 4, 7: 4, 8: 5, 9: 5 };
const NEWEST_GIE = 5;

/** A picker whose plugin types are known. */
export interface KnownPicker {
  /** `llm-d's endpoint picker v0.4`. */
  name: string;
  plugins: ReadonlySet<string>;
}

/** The plugin types of a picker by its image; null for an image or a release that the tables do not have. */
export function knownPicker(image: string): KnownPicker | null {
  const [repository = ''] = image.replace(/@.*$/, '').split(/:(?!.*\/)/);
  const tag = /:(?:release-)?v?(\d+)\.(\d+)(?:\.\d+)?(?:-rc[.-]?\d+)?(?:@.*)?$/i.exec(image);
  if (!tag) return null;
  const [major, minor] = [Number(tag[1]), Number(tag[2])];
  if (/(?:^|\/)gateway-api-inference-extension\/epp$/.test(repository)) {
    if (major !== 1 || minor > NEWEST_GIE) return null;
    return { name: `GIE's endpoint picker v${major}.${minor}`, plugins: registered(GIE_V1, minor) };
  }
  if (/(?:^|\/)(?:odh-)?llm-d-(?:inference-scheduler|router-endpoint-picker)(?:-rhel\d+)?$/.test(repository)) {
    const base = BUILT_ON[minor];
    if (major !== 0 || base === undefined) return null;
    const plugins = registered(LLM_D_V0, minor, registered(GIE_V1, base));
    return { name: `llm-d's endpoint picker v${major}.${minor}`, plugins };
  }
  return null;
}

function registered(
  releases: readonly Release[],
  minor: number,
  base: ReadonlySet<string> = new Set(),
): ReadonlySet<string> {
  const types = new Set(base);
  for (const release of releases.filter((one) => one.minor <= minor)) {
    for (const type of release.adds) types.add(type);
    for (const type of release.drops ?? []) types.delete(type);
  }
  return types;
}
