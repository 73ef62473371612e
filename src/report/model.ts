import type { RunMode } from '../lib/modes.ts';
import type { Verdict } from '../lib/verdicts.ts';
import type { Benchmark } from './model/benchmark.ts';
import type { Diagnosis, PreflightCheck, ReportedFailure } from './model/cause.ts';
import type { Check, RoutingEvidence } from './model/checks.ts';
import type { ArmComparison, StackDifference } from './model/comparisons.ts';
import type { Cost, Release } from './model/cost.ts';
import type { Environment, PodSummary } from './model/environment.ts';
import type { Nights } from './model/nights.ts';
import type { ReusedVerdict, VerdictBasis } from './model/reuse.ts';
import type {
  ChangesSincePass,
  CriticalPath,
  Plan,
  RunIdentity,
  StageResult,
  Target,
  ToolSource,
} from './model/run.ts';
import type { RunbookFigures } from './model/runbook.ts';
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
  /** What the time to the verdict consists of. Absent before the verdict, and in older reports. */
  criticalPath?: CriticalPath;
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
  /** The nights before this run; absent where no history was read, and in older reports. */
  nights?: Nights;
  /** The runbook's own requests. Null when they were not sent. */
  runbook: RunbookFigures | null;
  /** TPU time and its list price. Null when no node was seen. */
  cost: Cost | null;
  /** What happened to the nodes. Null until the post step. */
  release: Release | null;
}

export type { Verdict } from '../lib/verdicts.ts';
export type {
  ArmName,
  Benchmark,
  BenchmarkPair,
  ClientFigures,
  GoodputArm,
  GoodputFigures,
  GoodputProbe,
  LatencyFigures,
  LoadArm,
  LoadOrigin,
  ReplicaFigures,
  ReplicaSpread,
} from './model/benchmark.ts';
export type { DecidingFact, Diagnosis, ManifestLocation, PreflightCheck, ReportedFailure } from './model/cause.ts';
export type { Check, CheckOutcome, GatewayEvidence, PodCount, RoutingEvidence } from './model/checks.ts';
export type { Comparison } from './model/compared.ts';
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
export type { Cost, Release, RunningCost, ServingCost, Swept } from './model/cost.ts';
export type { Environment, PodSummary, PodTimes } from './model/environment.ts';
export type { ArmFigures, Finding, Interval, LoadWindow, Percentile, Percentiles } from './model/figures.ts';
export type { Night, Nights } from './model/nights.ts';
export type {
  QualityComparison,
  QualityExample,
  QualityFigures,
  QualityPairs,
  ShareDifference,
} from './model/quality.ts';
export type { ReusedVerdict, VerdictBasis } from './model/reuse.ts';
export type {
  ChangesSincePass,
  CriticalPath,
  EarlierRun,
  PathStep,
  Plan,
  RunIdentity,
  StageName,
  StageResult,
  Target,
  ToolSource,
} from './model/run.ts';
export type { RunbookFigures, RunbookRow } from './model/runbook.ts';
export type { LimitOutcome, LimitResult, SloReport } from './model/slo.ts';
