import { parseDuration } from '../lib/duration.ts';
import { MODES, type RunMode } from '../lib/modes.ts';
import { nearest } from '../lib/suggest.ts';
import type { Verdict } from '../report/model.ts';
import {
  type AuthMethod,
  authOf,
  clusterOf,
  commentIdOf,
  dnsOf,
  environmentOf,
  expiryOf,
  failOnOf,
  type GuardPolicy,
  gatewayOf,
  guardOf,
  type InputSource,
  maxCostOf,
  modeOf,
  pairsOf,
  patternOf,
  priceOf,
  restingNodes,
  shareOf,
  shorten,
  sloOf,
  targetOf,
} from './fields.ts';

export type { AuthMethod, InputSource, ServiceAccountKey } from './fields.ts';

/** Every choice of a run, parsed and checked. Durations are milliseconds, shares 0..1. */
export interface Inputs {
  /** `preflight` also for a dry run of another mode. */
  mode: RunMode;
  /** For a stack that stays after the run: how long, or null for as long as nobody ends it. Null where nothing stays. */
  keep: { expiresMs: number | null } | null;
  /** Mode `restore`, or a dry run of it. */
  restores: boolean;
  /** Which of the stacks that ship with the gate `manifests` and `retire` default to. */
  pattern: 1 | 3;
  /** The environment of the GitHub Deployment of a stack that stays; empty for none. */
  environment: string;
  projectId: string;
  location: string;
  cluster: string;
  /** Null: the only pool with TPU nodes. */
  nodePool: string | null;
  /** Null: one node for each replica of the manifests. */
  nodes: number | null;
  restingNodes: number | 'before';
  /** Empty: the Pattern 3 that ships with the gate. */
  manifests: string;
  /** What to delete before deploying; `none` for nothing, empty for the Pattern 1 that ships with the gate. */
  retire: string;
  namespace: string;
  /** What manifests may be. */
  guard: GuardPolicy;
  /** Null: taken from the HTTPRoute's parentRefs. */
  gateway: { namespace: string; name: string } | null;
  auth: AuthMethod;
  dnsEndpoint: boolean | 'auto';
  target: { minSpeedup: number; expectedMaxSpeedup: number; successRate: number };
  /** Requests in flight for each replica, the same in both arms; `auto` by a ladder. */
  concurrency: number | 'auto';
  pairDurationMs: number;
  pairs: { min: number; max: number };
  /** 0 for none. */
  latencyDurationMs: number;
  /** Limit of the p95 that goodput is measured at; `auto` for that of one replica in the pairs. */
  goodputSloMs: number | 'auto' | 'off';
  /** JSON Lines of the workspace; empty for unique prompts. */
  prompts: string;
  /** The result.json of an earlier run; empty for none. */
  baseline: string;
  /** The result.json of the last run that passed; empty for none. */
  lastPass: string;
  promptTokens: number;
  maxTokens: number;
  runbook: boolean;
  timeoutMs: number;
  leaseTimeoutMs: number;
  readyTimeoutMs: number;
  releaseTimeoutMs: number;
  /** Namespace of the leases, the same for every run on a pool. */
  leaseNamespace: string;
  /** What to do while another run has the pool. */
  onBusy: 'wait' | 'stop';
  busyTimeoutMs: number;
  pollIntervalMs: number;
  /** For one request to Google Cloud or the Kubernetes API; one that takes longer is tried again. */
  apiTimeoutMs: number;
  pricePerChipHourUsd: number | null;
  /** Ends a run before its bill passes this; null for no limit. */
  maxCostUsd: number | null;
  forceConflicts: boolean;
  comment: 'auto' | 'always' | 'on-failure' | 'off';
  commentId: string;
  prNumber: number | null;
  summary: boolean;
  failOn: Exclude<Verdict, 'pass'>[];
  outputDir: string;
  githubToken: string;
}

/** The other spellings that users of google-github-actions have in their fingers. */
export const ALIASES: Readonly<Record<string, readonly string[]>> = {
  'project-id': ['project_id'],
  cluster: ['cluster_name'],
  'workload-identity-provider': ['workload_identity_provider'],
  'service-account': ['service_account'],
  'credentials-json': ['credentials_json'],
};

/** Defaults as `action.yml` states them; a test holds both together. */
export const DEFAULTS: Readonly<Record<string, string>> = {
  mode: 'auto',
  'project-id': '',
  location: '',
  cluster: '',
  'node-pool': '',
  nodes: '',
  'resting-nodes': '0',
  manifests: '',
  pattern: '',
  retire: '',
  'expires-in': '2h',
  environment: 'tpu-serving',
  'dry-run': 'false',
  namespace: 'llm-d-inference-scheduling',
  'allowed-kinds': 'LLMInferenceService, NetworkPolicy, DestinationRule',
  'allowed-namespaces': '',
  'allowed-registries': 'registry.redhat.io/rhaiis, docker.io/vllm, ghcr.io/llm-d, quay.io/opendatahub',
  gateway: '',
  'workload-identity-provider': '',
  'service-account': '',
  'credentials-json': '',
  'dns-endpoint': 'auto',
  'target-speedup': '2.5-2.8',
  'target-success-rate': '100%',
  concurrency: 'auto',
  'pair-duration': '32s',
  pairs: '',
  prompts: '',
  baseline: '',
  'last-pass': '',
  'prompt-tokens': '640',
  'max-tokens': '16',
  'latency-duration': '20s',
  'goodput-slo': 'auto',
  runbook: 'true',
  timeout: '90m',
  'lease-timeout': '40m',
  'ready-timeout': '30m',
  'release-timeout': '10m',
  'lease-namespace': 'default',
  'on-busy': 'wait',
  'busy-timeout': '60m',
  'poll-interval': '5s',
  'api-timeout': '30s',
  'price-per-chip-hour': '',
  'max-cost': '',
  'force-conflicts': 'false',
  comment: 'auto',
  'comment-id': '',
  'pr-number': '',
  summary: 'true',
  'fail-on': 'fail,inconclusive,invalid,error',
  'output-dir': '',
  'github-token': '',
  result: '',
  'history-branch': '',
  'history-series': 'default',
  'alert-issues': 'false',
};

/** All inputs, or every problem at once; each problem names the input, the value, what is allowed and the likely fix. */
export function parseInputs(source: InputSource): { inputs: Inputs } | { problems: string[] } {
  const problems: string[] = [];
  const known = Object.keys(DEFAULTS);
  const spellings = new Set([...known, ...Object.values(ALIASES).flat()]);
  for (const name of source.given) {
    if (spellings.has(name)) continue;
    const near = nearest(name.replaceAll('_', '-'), known);
    problems.push(`Input "${name}" is not known${near ? `; did you mean "${near}"?` : '.'}`);
  }

  const text = (name: string): string => {
    const values = [name, ...(ALIASES[name] ?? [])]
      .map((spelling) => ({ spelling, value: source.get(spelling)?.trim() ?? '' }))
      .filter(({ value }) => value !== '');
    const distinct = new Set(values.map(({ value }) => value));
    // A default that the runner filled in is not a contradiction with an alias that the user wrote.
    const chosen = values.find(({ spelling, value }) => spelling !== name || value !== DEFAULTS[name]) ?? values[0];
    if (distinct.size > 1 && !distinct.has(DEFAULTS[name] ?? '')) {
      problems.push(
        `Inputs ${values.map(({ spelling }) => `"${spelling}"`).join(' and ')} contradict each other; give only "${name}".`,
      );
    }
    return chosen?.value ?? DEFAULTS[name] ?? '';
  };
  const bad = (name: string, value: string, allowed: string) => {
    problems.push(`Input "${name}" is "${shorten(value)}"; allowed: ${allowed}.`);
  };
  const integer = (name: string, min: number, max: number, or = ''): number => {
    const value = text(name);
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      bad(name, value, `${or}a whole number from ${min} to ${max}`);
    }
    return number;
  };
  const optionalInteger = (name: string, min: number, max: number): number | null =>
    text(name) === '' ? null : integer(name, min, max);
  const boolean = (name: string): boolean => {
    const value = text(name).toLowerCase();
    if (value !== 'true' && value !== 'false') bad(name, value, 'true or false');
    return value === 'true';
  };
  const duration = (name: string, minMs: number): number => {
    const value = text(name);
    const ms = parseDuration(value);
    if (ms === undefined) bad(name, value, 'a duration with a unit, such as 90s, 25m or 1h30m');
    else if (ms < minMs) bad(name, value, `at least ${minMs / 1_000}s`);
    return ms ?? minMs;
  };
  const choice = <T extends string>(name: string, allowed: readonly T[]): T => {
    const value = text(name);
    const found = allowed.find((option) => option === value);
    if (found === undefined) bad(name, value, allowed.join(', '));
    return found ?? (allowed[0] as T);
  };
  const kubernetesName = (name: string, value: string): string => {
    if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value)) {
      bad(name, value, 'a Kubernetes name: lower-case letters, digits and hyphens, at most 63 characters');
    }
    return value;
  };

  const mode = modeOf(text('mode'), source.env, bad);
  const dryRun = boolean('dry-run');
  const expiresMs = expiryOf(text('expires-in'), bad);
  const cluster = clusterOf(text('cluster'), text('project-id'), text('location'), source.env, problems);
  const target = targetOf(text('target-speedup'), bad);
  const inputs: Inputs = {
    mode: dryRun ? 'preflight' : mode,
    keep: MODES[mode].keepsStack ? { expiresMs } : null,
    restores: MODES[mode].remakesStack,
    pattern: patternOf(text('pattern'), mode, bad),
    environment: environmentOf(text('environment'), bad),
    ...cluster,
    nodePool: text('node-pool') === '' ? null : kubernetesName('node-pool', text('node-pool')),
    nodes: optionalInteger('nodes', 1, 64),
    restingNodes: text('resting-nodes') === 'before' ? 'before' : restingNodes(text('resting-nodes'), bad),
    manifests: text('manifests'),
    retire: text('retire'),
    namespace: kubernetesName('namespace', text('namespace')),
    guard: guardOf(text, kubernetesName, bad),
    gateway: gatewayOf(text('gateway'), bad),
    auth: authOf(text, source.env, problems),
    dnsEndpoint: dnsOf(choice('dns-endpoint', ['auto', 'true', 'false'])),
    target: { ...target, successRate: shareOf('target-success-rate', text('target-success-rate'), bad) },
    concurrency: text('concurrency') === 'auto' ? 'auto' : integer('concurrency', 1, 512, 'auto, or '),
    pairDurationMs: duration('pair-duration', 1_000),
    pairs: pairsOf(text('pairs') || MODES[mode].pairs, bad),
    prompts: text('prompts'),
    baseline: text('baseline'),
    lastPass: text('last-pass'),
    promptTokens: integer('prompt-tokens', 16, 100_000),
    maxTokens: integer('max-tokens', 1, 4_096),
    latencyDurationMs: duration('latency-duration', 0),
    goodputSloMs: sloOf(text('goodput-slo'), bad),
    runbook: boolean('runbook'),
    timeoutMs: duration('timeout', 1_000),
    leaseTimeoutMs: duration('lease-timeout', 1_000),
    readyTimeoutMs: duration('ready-timeout', 1_000),
    releaseTimeoutMs: duration('release-timeout', 1_000),
    leaseNamespace: kubernetesName('lease-namespace', text('lease-namespace')),
    onBusy: choice('on-busy', ['wait', 'stop']),
    busyTimeoutMs: duration('busy-timeout', 1_000),
    pollIntervalMs: duration('poll-interval', 50),
    apiTimeoutMs: duration('api-timeout', 1_000),
    pricePerChipHourUsd: priceOf(text('price-per-chip-hour'), bad),
    maxCostUsd: maxCostOf(text('max-cost'), bad),
    forceConflicts: boolean('force-conflicts'),
    comment: choice('comment', ['auto', 'always', 'on-failure', 'off']),
    commentId: commentIdOf(
      text('comment-id'),
      source.env,
      [cluster, ...['node-pool', 'namespace', 'manifests', 'pattern'].map(text)],
      bad,
    ),
    prNumber: optionalInteger('pr-number', 1, 2_147_483_647),
    summary: boolean('summary'),
    failOn: failOnOf(text('fail-on'), bad),
    outputDir: text('output-dir'),
    githubToken: text('github-token'),
  };
  return problems.length > 0 ? { problems } : { inputs };
}
