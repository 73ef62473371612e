import type { Failure } from '../lib/failure.ts';
import type {
  ArmComparison,
  Benchmark,
  ChangesSincePass,
  Check,
  Cost,
  Diagnosis,
  Environment,
  Nights,
  Plan,
  PodCount,
  PodSummary,
  PreflightCheck,
  Release,
  ReusedVerdict,
  RoutingEvidence,
  RunbookFigures,
  SloReport,
  StackDifference,
  StageName,
  Verdict,
  VerdictBasis,
} from './model.ts';

/** How a stage ends that has begun. */
export type StageEnding = 'done' | 'failed' | 'stopped';

/**
 * What a run learns, one thing at a time. Stages note facts as they happen; `fold.ts` builds the report from them, so
 * that a run that ends at any moment leaves a report of all that was known. Times are ISO 8601 in UTC.
 */
export type Fact =
  /** The plan became more definite. */
  | { type: 'planned'; plan: Partial<Plan> }
  /** Something of the cluster, the images or the model was discovered. */
  | { type: 'discovered'; environment: Partial<Environment> }
  /** The table of preflight as it stands. */
  | { type: 'preflight'; lines: readonly PreflightCheck[] }
  | { type: 'changed-since-pass'; changes: ChangesSincePass }
  | { type: 'stage-started'; stage: StageName; at: string }
  /** `durationMs` is null for a stage whose end nobody saw. */
  | { type: 'stage-ended'; stage: StageName; outcome: StageEnding; summary: string; durationMs: number | null }
  /** The pods as last seen. */
  | { type: 'pods'; pods: PodSummary[] }
  | { type: 'check'; check: Check }
  | { type: 'routing'; routing: RoutingEvidence }
  /** Who served unique prompts. The larger sample replaces the smaller one, together with its check. */
  | { type: 'unique-spread'; unique: { sent: number; perPod: PodCount[] }; check: Check }
  | { type: 'measured'; benchmark: Benchmark; runbook: RunbookFigures | null }
  /** A comparison with its verdict; a later one of the same name replaces it. */
  | { type: 'compared'; comparison: ArmComparison }
  /** The limits of the input `slo`, judged. */
  | { type: 'limits'; slo: SloReport }
  /** The nights before this run, from its history. */
  | { type: 'nights'; nights: Nights }
  | { type: 'differs'; differences: StackDifference[] }
  /** What a verdict of this run rests on. */
  | { type: 'based-on'; basis: VerdictBasis }
  /** The verdict of an earlier run counts for this one. */
  | { type: 'reused'; reused: ReusedVerdict }
  /** The verdict, before its explanation. */
  | { type: 'judged'; verdict: Verdict }
  | { type: 'diagnosed'; diagnosis: Diagnosis | null }
  | { type: 'ended'; verdict: Verdict; reasons: string[]; finishedAt: string; failure?: Failure | null }
  | { type: 'billed'; cost: Cost | null }
  /** The stack stays, and its nodes with it. */
  | { type: 'kept'; release: Release }
  /** The release ended, well or not. */
  | { type: 'released'; release: Release; at: string }
  | { type: 'nothing-leased' };

/** Where stages put what they learn. */
export type Note = (fact: Fact) => void;
