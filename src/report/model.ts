import type { Blame } from '../lib/causes.ts';
import type { FailureStage } from '../lib/failure.ts';
import type { RunMode } from '../lib/modes.ts';
import type { Verdict } from '../lib/verdicts.ts';
import type { ArmComparison, StackDifference } from './model/comparisons.ts';
import type { ArmFigures, Finding, Interval, LoadWindow, Percentiles } from './model/figures.ts';
import type { ReusedVerdict, VerdictBasis } from './model/reuse.ts';
import type { SloReport } from './model/slo.ts';

/**
 * The one value that the pipeline returns. Log, summary, comment, outputs and files are renderings of it;
 * no figure has a second source. Times are ISO 8601 in UTC, durations milliseconds, rates per second, shares 0..1.
 */
export interface Report {
  /** Name and version of this layout. Additive changes keep it. */
  schema: 'tpu-serving-gate/report/v1';
  /** What wrote it. */
  tool: { name: 'tpu-serving-gate'; version: string; source?: ToolSource };
  /** Who asked for the run: workflow run, commit, pull request. */
  run: RunIdentity;
  /**
   * When the run began.
   * @format date-time
   */
  startedAt: string;
  /**
   * When it had its verdict; null for one that did not come so far.
   * @format date-time
   */
  finishedAt: string | null;
  /** What the measurement is held against. */
  target: Target;
  /** What the run set out to do. */
  plan: Plan;
  /** The verdict. */
  verdict: Verdict;
  /** Why the verdict is what it is: one sentence each, most important first. Never empty. */
  reasons: string[];
  /** What ended the run before its result; null where nothing did. */
  failure: ReportedFailure | null;
  /** The best explanation of a run that did not pass; null without one. */
  diagnosis: Diagnosis | null;
  /** What was asked for; `preflight` also for a dry run of another. */
  mode: RunMode;
  /** What was known for free, in order. Empty when preflight was not reached. */
  preflight: PreflightCheck[];
  /** What has changed since the last run that passed. Null without the result of one. */
  sincePass: ChangesSincePass | null;
  /** Every stage, in order, with its time and result. */
  stages: StageResult[];
  /** What was discovered of cluster, images and model. */
  environment: Environment;
  /** Pods of replicas and endpoint picker, as last seen. */
  pods: PodSummary[];
  /** Checks of the verify stage, in order. Empty when the stage did not run. */
  checks: Check[];
  /** Who served the prompts of the routing check. Null when it was not made. */
  routing: RoutingEvidence | null;
  /** The measurement. Null when there was none. */
  benchmark: Benchmark | null;
  /** What was compared, each with a verdict of its own; absent in older reports. */
  comparisons?: ArmComparison[];
  /** The limits that were set, each with its outcome; absent without limits and in older reports. */
  slo?: SloReport;
  /** What the verdict rests on; absent before preflight, and in older reports. */
  basis?: VerdictBasis;
  /** The earlier run whose verdict this is; absent where this run has its own. */
  reused?: ReusedVerdict;
  /** What differs between the stack under test and the base stack, routing first; absent without a base stack. */
  differences?: StackDifference[];
  /** The runbook's own requests. Null when they were not sent. */
  runbook: RunbookFigures | null;
  /** TPU time and its list price. Null when no node was seen. */
  cost: Cost | null;
  /** What happened to the nodes. Null until the post step. */
  release: Release | null;
}

/** The repository of the gate and what of it ran, for links to its pages. */
export interface ToolSource {
  /** `https://github.com`, or a server of GitHub Enterprise. */
  server: string;
  repository: string;
  ref: string;
}

export type { Verdict } from '../lib/verdicts.ts';
export type {
  ArmComparison,
  ChangeFigures,
  ChangePair,
  ComparedArm,
  ComparisonVerdict,
  ControlFigures,
  StackDifference,
  StackFigures,
} from './model/comparisons.ts';
export type { ArmFigures, Finding, Interval, LoadWindow, Percentile, Percentiles } from './model/figures.ts';
export type {
  QualityComparison,
  QualityExample,
  QualityFigures,
  QualityPairs,
  ShareDifference,
} from './model/quality.ts';
export type { ReusedVerdict, VerdictBasis } from './model/reuse.ts';
export type { LimitOutcome, LimitResult, SloReport } from './model/slo.ts';

export interface RunIdentity {
  /** Page of the workflow run, null on the command line. */
  url: string | null;
  id: string;
  /**
   * @asType integer
   * @minimum 0
   * @maximum 1000000000
   */
  attempt: number;
  /**
   * Orders the comments of several runs.
   * @asType integer
   * @minimum 0
   * @maximum 1000000000
   */
  number: number;
  event: string | null;
  repository: string | null;
  workflow: string | null;
  job: string | null;
  sha: string | null;
  ref: string | null;
  pullRequest: number | null;
  /** First line of the message of the commit, where it is known. */
  subject?: string | null;
}

export interface Target {
  /** The gate: the lower limit of the speedup must exceed it. */
  minSpeedup: number;
  /** Upper end of the expected range; exceeding it is a note, not a failure. */
  expectedMaxSpeedup: number;
  successRate: number;
}

/** What the run set out to do; shown even when nothing was measured. */
export interface Plan {
  project: string;
  location: string;
  cluster: string;
  nodePool: string | null;
  nodes: number | null;
  /** Nodes among them that are for the base stack; absent where there is none. */
  baseNodes?: number;
  namespace: string;
  service: string | null;
  replicas: number | null;
  /** Concurrency per replica, equal in both arms; null until the ladder has found it. */
  concurrency: number | null;
  gateway: string | null;
  manifests: string;
}

export interface ReportedFailure {
  stage: FailureStage;
  code: string;
  message: string;
  hint: string | null;
  blame: Blame;
  /** Where in the manifests, for annotations; absent where it is no matter of a line. */
  locations?: ManifestLocation[];
}

export interface ManifestLocation {
  /** Relative to the workspace. */
  file: string;
  /** 1-based. */
  line: number;
  message: string;
}

export interface Diagnosis {
  /** Rule id, e.g. `image.not-found`. */
  cause: string;
  title: string;
  /** `proven`: the evidence admits no other reading. `probable`: it fits best. `unknown`: no rule fits. */
  confidence: 'proven' | 'probable' | 'unknown';
  blame: Blame;
  explanation: string;
  remedy: string;
  /** Raw lines from the cluster or cloud; hostile text, to be escaped by the renderer. */
  evidence: string[];
  /** The one line of a log that decided; hostile text. */
  deciding?: string;
  /** What decided beside it: the missing permission, the quota with its numbers, the field. */
  facts?: DecidingFact[];
  /** The page that has the cause, at the version that ran; absent where the gate's repository is not known. */
  link?: string;
  /** Other explanations, each with what excludes it. */
  considered: { cause: string; because: string }[];
  /** Where the manifests say so, when the change is to blame and the line is known. */
  locations?: ManifestLocation[];
}

export interface DecidingFact {
  /** `Missing`, `Quota`, `Field`, `API` or `Constraint`. */
  name: string;
  /** Hostile text. */
  value: string;
}

/** One line of what was known before money was spent. */
export interface PreflightCheck {
  id: string;
  title: string;
  /** `warning`: worth a look, no reason to stop. `not-checked`: not known, and why. */
  outcome: 'pass' | 'warning' | 'fail' | 'not-checked';
  seen: string;
  /** What to do; null where nothing is to be done. */
  remedy: string | null;
  /** The failure's code and whose move it is, where it failed. */
  code: string | null;
  blame: Blame | null;
}

/** A run that this one is compared with. */
export interface EarlierRun {
  url: string | null;
  sha: string | null;
  /** @format date-time */
  finishedAt: string | null;
}

/** What differs from the last run that passed. */
export interface ChangesSincePass {
  run: EarlierRun;
  /** Names of figures and versions with both values; empty when nothing that is recorded differs. */
  changes: { name: string; before: string; after: string }[];
}

export type StageName = 'preflight' | 'lease' | 'deploy' | 'ready' | 'verify' | 'benchmark' | 'release';

export interface StageResult {
  stage: StageName;
  /** `stopped`: it was ended from outside, by another stage that failed, a signal or a limit, and has no fault of its own. */
  outcome: 'done' | 'failed' | 'stopped' | 'skipped' | 'pending';
  /** @format date-time */
  startedAt: string | null;
  durationMs: number | null;
  /** One line: `3 nodes, 12 chips`. */
  summary: string;
}

/** What was discovered; null means not known, never assumed. */
export interface Environment {
  machineType: string | null;
  chipsPerNode: number | null;
  tpuTopology: string | null;
  kubernetesVersion: string | null;
  serviceApiVersion: string | null;
  inferencePoolGroup: string | null;
  modelId: string | null;
  blockSizeTokens: number | null;
  prefixCaching: boolean | null;
  vllmImage: string | null;
  pickerImage: string | null;
  scorers: { name: string; weight: number }[] | null;
  endpoint: string | null;
  /** vLLM's command line as the manifest has it, on one line. */
  vllmArgs: string | null;
  istioVersion: string | null;
  kserveVersion: string | null;
  /** As the server reports it; absent in older reports, null where it does not. */
  vllmVersion?: string | null;
}

export interface PodSummary {
  name: string;
  role: 'replica' | 'endpoint-picker';
  node: string | null;
  readyContainers: number;
  totalContainers: number;
  restarts: number;
  phase: string;
  /** `Ready`, or what it waits for: `ImagePullBackOff`, `1/2 compiling`. Text from the cluster. */
  state: string;
  readyAfterMs: number | null;
  /** The image that the main container runs, as the kubelet names it, with its digest; absent where it is not known. */
  imageId?: string;
}

/** `warning`: worth a reader's eye, and no obstacle to a pass. */
export type CheckOutcome = 'pass' | 'warning' | 'fail' | 'inconclusive' | 'not-observable';

export interface Check {
  id:
    | 'health'
    | 'models'
    | 'completion'
    | 'chat'
    | 'replicas'
    | 'picker-engaged'
    | 'prefix-affinity'
    | 'unique-spread'
    | 'cache-hits';
  title: string;
  expected: string;
  seen: string;
  outcome: CheckOutcome;
}

export interface RoutingEvidence {
  prefixTokens: number;
  prefixChars: number;
  /** Over all groups; `groups` tells who served each of them, in the order of sending. Empty when not observable. */
  sharedPrefix: { sent: number; perPod: PodCount[]; groups: PodCount[][] };
  unique: { sent: number; perPod: PodCount[] };
  /** Prefix-cache hit rate (tokens) over the shared-prefix requests, with what aware and random routing would give. */
  hitRate: { measured: number | null; aware: number; random: number } | null;
  /** Answers that carried the endpoint picker's response header; null when none of the requests was answered. */
  pickerHeader: { seen: number; answers: number } | null;
  /** What the gateway's own Envoys counted over all these requests; null when nobody looked. */
  gateway: GatewayEvidence | null;
}

export interface GatewayEvidence {
  /** Why there are no counters; null when there are. */
  problem: string | null;
  /** Envoys that were read. */
  proxies: number;
  /** Requests to the endpoint picker (ext_proc); null when no Envoy knows it. */
  picker: { requests: number; errors: number; connectFailures: number } | null;
  perPod: PodCount[];
}

export interface PodCount {
  pod: string;
  requests: number;
}

export type ArmName = 'one' | 'all';

/** Every arm that load is sent to: those of the scaling, and those of a change. */
export type LoadArm = ArmName | 'head' | 'base';

export interface Benchmark {
  /**
   * `paired`: both arms side by side. `unpaired`: one replica after all, behind a scale-in. `recorded`: one replica of an
   * earlier run, which decides nothing.
   */
  design: 'paired' | 'unpaired' | 'recorded';
  method: string;
  /** Requests in flight per replica; the `all` arm has `replicas` times as many in total. */
  concurrencyPerReplica: number;
  replicas: number;
  pairs: BenchmarkPair[];
  arms: Record<ArmName, ArmFigures>;
  /** X_all(N·c) / mean X_one(c): the lower of the ways in `ways`, with the t interval of verdict/decide.ts. */
  speedup: Interval | null;
  /**
   * The speedup by each way to all replicas, and the one that was used. `picker`: through the service's endpoint.
   * `direct`: by the ways of the single replicas, where the endpoint picker does not see these. Absent in older reports.
   */
  ways?: { picker: Interval | null; direct: Interval | null; used: 'picker' | 'direct' };
  /** How the replicas differ, each alone. Null where one replica alone was the baseline; absent in older reports. */
  spread?: ReplicaSpread | null;
  /** speedup / replicas. */
  efficiency: Interval | null;
  /** Conditions that make the measurement invalid, whatever the ratio. */
  vetoes: Finding[];
  /** Worth a reader's eye, but not a veto. */
  warnings: Finding[];
  client: ClientFigures;
  /** The limit crossed at the last look and how many looks were spent; `time` is the run's, or its money. */
  looks: { done: number; planned: number; stopped: 'pass' | 'fail' | 'budget' | 'time' | 'aborted' };
  /** How the requests in flight were found; null when they were given. */
  ladder: { concurrency: number; requestsPerSecond: number }[] | null;
  /** Null when it was not measured. */
  latency: LatencyFigures | null;
  /** Null when it was not measured. */
  goodput: GoodputFigures | null;
  /** The run that the one-replica arm was recorded in; null when it was measured in this one. */
  baseline: EarlierRun | null;
  /** How the single-replica arm was reached. */
  oneReplicaArm: string;
  workload: { promptTokens: number; maxTokens: number; description: string };
}

/** The load generator's account of itself. */
export interface ClientFigures {
  /** Share of its event loop that was busy in its busiest block, 0..1. */
  eventLoopUtilization: number;
  sendLagP99Ms: number;
  /** Share of the time in which the machine did not let it run, in the worse arm, 0..1. */
  stalledShare: number;
  /** CPU milliseconds of the process for each request. */
  cpuMsPerRequest: number;
}

/** Latencies of streamed answers in an open loop over all replicas, milliseconds; defined in load/definitions.ts. */
export interface LatencyFigures {
  arrivals: 'constant' | 'poisson';
  ratePerSecond: number;
  seconds: number;
  /** From the first moment to the last answer. Absent in older reports. */
  window?: LoadWindow | null;
  requests: number;
  errors: number;
  mostInFlight: number;
  /** Streams came as one piece, so that times of tokens say nothing and are left out. */
  buffered: boolean;
  e2eMs: Percentiles | null;
  ttftMs: Percentiles | null;
  tpotMs: Percentiles | null;
  itlMs: Percentiles | null;
  /** Compressed HdrHistograms of microseconds, base64. */
  histograms: { e2e: string; ttft: string | null; itl: string | null };
  client: ClientFigures;
}

/** The highest rates at which an open loop with Poisson arrivals keeps a limit of the end-to-end latency, by a search. */
export interface GoodputFigures {
  /** 95 % of the requests of a rate that is met are answered validly within it, milliseconds. */
  sloMs: number;
  /** Whether it was given or is the p95 of the one-replica arm at the load of the pairs. */
  sloSource: 'given' | 'one-replica-p95';
  arms: Record<ArmName, GoodputArm>;
  /** Goodput of all over that of one; `low` and `high` from the rates next to them, not a confidence interval. */
  ratio: { value: number; low: number | null; high: number | null } | null;
}

export interface GoodputArm {
  /** Highest rate of the search that kept the limit; null when none did. */
  metPerSecond: number | null;
  /** Lowest rate above it that did not; null when all kept it. */
  missedPerSecond: number | null;
  probes: GoodputProbe[];
}

/** One rate that was tried. */
export interface GoodputProbe {
  ratePerSecond: number;
  /** Those whose outcome is known; fewer than were planned when the rate was lost before its end. */
  requests: number;
  /** Share of the planned ones that were answered validly within the limit. */
  withinShare: number;
  /** Requests among them that failed or took longer; absent in older reports. */
  late?: number;
  /** What else is known of it. Absent in older reports. */
  load?: {
    window: LoadWindow | null;
    planned: number;
    /** Of `requests`, those without a valid answer. */
    errors: number;
    /** From the intended start, valid answers. Null for a rate that was left early: its slow answers are missing. */
    e2eMs: Percentiles | null;
  };
}

/** What the replicas do alone, beside each other. */
export interface ReplicaSpread {
  /** The fastest over the slowest, less 1. */
  spread: number;
  /** By name. */
  perReplica: ReplicaFigures[];
}

export interface ReplicaFigures {
  pod: string;
  /** Pairs in which it was the baseline. */
  pairs: number;
  requestsPerSecond: number;
  /** Its throughput over the mean of all, from its share in its pairs, so that the hour is not in it. */
  relative: number;
  /** Differs from the others by more than chance explains, and by 3 % at least. */
  standsOut: boolean;
}

export interface BenchmarkPair {
  index: number;
  order: 'one-first' | 'all-first';
  /** The pod of the one-replica arm; null where it is not known, absent in older reports. */
  baseline?: string | null;
  /** All replicas by the ways of the single ones; null where both arms pass the endpoint picker. */
  directRequestsPerSecond?: number | null;
  oneRequestsPerSecond: number;
  allRequestsPerSecond: number;
  ratio: number;
  oneWindowSeconds: number;
  allWindowSeconds: number;
  oneCompleted: number;
  allCompleted: number;
  /** Requests served per pod during the `all` block, from the pods' own counters. */
  perPod: PodCount[];
}

/** The seed runbook's own 20 serial and 100 parallel requests at concurrency 10, measured properly. */
export interface RunbookFigures {
  serial: RunbookRow;
  parallel: RunbookRow;
  note: string;
}

export interface RunbookRow {
  requests: number;
  concurrency: number;
  completed: number;
  seconds: number;
  requestsPerSecond: number;
  /** Recorded in the runbook for one replica; constants without raw data. */
  recordedOneReplica: number;
  /** The runbook's target for three replicas. */
  recordedTarget: string;
}

export interface Cost {
  chipMinutes: number;
  nodeSeconds: number;
  /** Null when no price is known for the region and model. */
  usd: number | null;
  pricePerChipHourUsd: number | null;
  priceSource: string | null;
  /** At the measured rate of the `all` arm, 100 % utilised. Null when not measured or without a price. */
  usdPerMillionRequests: number | null;
  usdPerMillionOutputTokens: number | null;
  /** What it costs to serve day and night. Null without a price or the chips of a replica; absent in older reports. */
  serving?: ServingCost | null;
}

/** One replica, all of them, and what the others cost beside the first: all minus one. */
export interface ServingCost {
  replicas: number;
  /** A month is 30 days. */
  hoursPerMonth: number;
  one: RunningCost;
  all: RunningCost;
  difference: RunningCost;
}

/** List price of the chips alone: without disks, network, control plane and discounts. */
export interface RunningCost {
  chips: number;
  usdPerHour: number;
  usdPerMonth: number;
  /** At the measured rate of this arm, 100 % utilised; null when not measured. */
  usdPerMillionRequests: number | null;
  usdPerMillionOutputTokens: number | null;
}

export interface Release {
  /** `kept`: the nodes stay with the stack that was deployed, for a time or until somebody ends it. */
  outcome: 'released' | 'not-needed' | 'failed' | 'kept';
  nodePool: string | null;
  restingNodes: number | null;
  nodesLeft: number | null;
  /** One sentence. */
  message: string;
  /** The exact command to run by hand when `outcome` is `failed`. */
  command: string | null;
  durationMs: number;
  /** Of what is kept: its end, ISO 8601, null for none, and what its nodes cost by the hour. */
  kept?: {
    /** @format date-time */
    until: string | null;
    usdPerHour: number | null;
  };
}

/** One pool that a sweep gave back, or could not. */
export interface Swept {
  nodePool: string;
  /** The dead run's page, or its name. */
  holder: string;
  /**
   * `kept-over`: a stack was kept, and its time is over; `asked`: its end was asked for. Neither is a leak. `overwritten`
   * and `deleted`: somebody did that to the lease, and nodes are left; the pool was left alone.
   */
  reason: 'expired' | 'run-ended' | 'kept-over' | 'asked' | 'overwritten' | 'deleted';
  outcome: 'released' | 'failed' | 'not-needed';
  message: string;
  /** To run by hand; null when nothing is left to do. */
  command: string | null;
  durationMs: number;
  nodesLeft: number | null;
}

/** Two runs side by side: B against A. */
export interface Comparison {
  /** Speedup of B over that of A with 95 % limits; null when one of them does not count. */
  speedup: { ratio: number; low: number; high: number } | null;
  /** `B/A` of single figures, without limits: they are of different days. */
  figures: {
    name: string;
    a: number | null;
    b: number | null;
    /** What the figure was held against in both runs; empty where there is nothing. */
    limits: number[];
  }[];
  /** What else differs: images, machines, versions. */
  changes: { name: string; a: string; b: string }[];
  /** Why the speedups are not compared, if they are not. */
  problem: string | null;
}
