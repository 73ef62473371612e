import type { ArmFigures, Benchmark, Environment, Report } from '../report/model.ts';
import type { DecisionPlan, Look } from './decide.ts';
import type { ArmEvidence } from './evidence.ts';
import { unpairedLook } from './unpaired.ts';

/** Relative standard deviation of the same system between days: field reports give 5 to 10 %. */
export const DAY_NOISE = 0.08;

/** Why a report cannot serve as the recorded baseline of one replica; null when it can. */
export function baselineFlaw({ benchmark, verdict }: Report): string | null {
  if (!benchmark || benchmark.pairs.length < 3) return `its verdict is ${verdict}, and it has not measured three pairs`;
  if (benchmark.design !== 'paired') return 'its one replica was not measured in pairs';
  if (benchmark.vetoes.length > 0) return `a veto stands against it (${benchmark.vetoes[0]?.id})`;
  return null;
}

/** What this run has, to be the same in a baseline. */
export interface Comparable {
  /** What was discovered; a field that is missing is not known. */
  environment: Partial<Environment>;
  workload: Benchmark['workload'];
  concurrency: number;
}

/** What differs between the baseline and this run so that they do not compare: one part of a sentence each. */
export function baselineDifferences(baseline: Report, now: Comparable): string[] {
  const { environment: then, benchmark } = baseline;
  const rows: [string, string | number | null | undefined, string | number | null][] = [
    ['model', then.modelId, now.environment.modelId ?? null],
    ['vLLM image', then.vllmImage, now.environment.vllmImage ?? null],
    ['machine type', then.machineType, now.environment.machineType ?? null],
    ['topology', then.tpuTopology, now.environment.tpuTopology ?? null],
    ['prefix caching', String(then.prefixCaching), String(now.environment.prefixCaching ?? null)],
    ['prompt tokens', benchmark?.workload.promptTokens, now.workload.promptTokens],
    ['output tokens', benchmark?.workload.maxTokens, now.workload.maxTokens],
    ['prompts', benchmark?.workload.description, now.workload.description],
    ['requests in flight', benchmark?.concurrencyPerReplica, now.concurrency],
  ];
  return rows
    .filter(([, a, b]) => a !== b)
    .map(([name, a, b]) => `${name} ${a ?? 'not known'}, now ${b ?? 'not known'}`);
}

/** The one-replica arm as a baseline has it. */
export function recordedArm(baseline: Report): { figures: ArmFigures; evidence: ArmEvidence; rates: number[] } {
  const { pairs, arms } = baseline.benchmark as Benchmark;
  const figures = arms.one;
  return {
    figures,
    rates: pairs.map(({ oneRequestsPerSecond }) => oneRequestsPerSecond),
    evidence: {
      requests: figures.requests,
      errors: figures.errors,
      unreadable: 0,
      firstError: null,
      completed: pairs.reduce((sum, { oneCompleted }) => sum + oneCompleted, 0),
      meanOutputTokens: figures.meanOutputTokens,
      littlesLaw: figures.littlesLaw,
      distinctLatencyShare: null,
      halves: [],
      pickerShare: null,
      cachedTokenShare: null,
    },
  };
}

/**
 * All replicas now over one replica of another day. It has an interval, with what differs between days in it, and decides
 * nothing: what else changed since then cannot be seen.
 */
export function recordedLook(one: readonly number[], all: readonly number[], plan: DecisionPlan): Look {
  const { estimate } = unpairedLook(one, all, plan, DAY_NOISE);
  return { estimate, decision: estimate ? 'exhausted' : 'continue' };
}
