import type { FailureStage } from '../lib/failure.ts';
import type { Diagnosis, Report } from './model.ts';
import { STAGES } from './wording.ts';

/** The diagnosis, when a rule fits; one that is `unknown` explains nothing beyond the failure itself. */
export function knownCause(report: Report): Diagnosis | null {
  const { diagnosis } = report;
  return diagnosis && diagnosis.confidence !== 'unknown' ? diagnosis : null;
}

/** Failures of the run as a whole: they say nothing about the stage in which they struck. */
const CUT_OFF: ReadonlySet<string> = new Set(['killed', 'interrupted', 'run-timeout']);

/** Whether a failure with this code ends a run from outside, by a signal, a kill or its own limit. */
export function isCutOff(code: string): boolean {
  return CUT_OFF.has(code);
}

/** True when the run was ended from outside, by a signal, a kill or its own limit. */
export function wasCutOff(report: Report): boolean {
  return report.failure !== null && isCutOff(report.failure.code);
}

/** The stage in which the run ended: the failure's own, or the last that had begun when it was cut off. Null: unknown. */
export function stageOfEnd(report: Report): FailureStage | null {
  if (!wasCutOff(report)) return report.failure?.stage ?? null;
  const begun = report.stages.filter(({ stage, startedAt }) => startedAt !== null && stage !== 'release');
  return STAGES.findLast((name) => begun.some(({ stage }) => stage === name)) ?? null;
}
