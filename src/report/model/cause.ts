import type { Blame } from '../../lib/causes.ts';
import type { FailureStage } from '../../lib/failure.ts';

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
  /** Where the manifests have it, when the change is to blame and the line is known. */
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
  /** The failure's code and who acts, where it failed. */
  code: string | null;
  blame: Blame | null;
}
