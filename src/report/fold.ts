import type { Failure } from '../lib/failure.ts';
import { DEFAULT_MODE } from '../lib/modes.ts';
import type {
  Environment,
  ManifestLocation,
  Plan,
  Report,
  RunIdentity,
  StageResult,
  Target,
  Verdict,
} from './model.ts';
import { STAGES } from './wording.ts';

const UNKNOWN_ENVIRONMENT: Environment = {
  machineType: null,
  chipsPerNode: null,
  tpuTopology: null,
  kubernetesVersion: null,
  serviceApiVersion: null,
  inferencePoolGroup: null,
  modelId: null,
  blockSizeTokens: null,
  prefixCaching: null,
  vllmImage: null,
  pickerImage: null,
  scorers: null,
  endpoint: null,
  vllmArgs: null,
  istioVersion: null,
  kserveVersion: null,
};

/**
 * A report that claims nothing: verdict `error`, every stage pending. A run that dies at any moment leaves a report
 * that is true.
 */
export function emptyReport(known: {
  version: string;
  run: RunIdentity;
  startedAt: string;
  target: Target;
  plan: Plan;
  mode?: Report['mode'];
}): Report {
  return {
    schema: 'tpu-serving-gate/report/v1',
    tool: { name: 'tpu-serving-gate', version: known.version },
    run: known.run,
    startedAt: known.startedAt,
    finishedAt: null,
    target: known.target,
    plan: known.plan,
    verdict: 'error',
    reasons: ['The run ended before it had a result.'],
    failure: null,
    diagnosis: null,
    mode: known.mode ?? DEFAULT_MODE,
    preflight: [],
    sincePass: null,
    stages: STAGES.map(
      (stage): StageResult => ({ stage, outcome: 'pending', startedAt: null, durationMs: null, summary: '' }),
    ),
    environment: { ...UNKNOWN_ENVIRONMENT },
    pods: [],
    checks: [],
    routing: null,
    benchmark: null,
    runbook: null,
    cost: null,
    release: null,
  };
}

function locationsOf(failure: Failure | null | undefined): ManifestLocation[] {
  const found = failure?.evidence.locations;
  return Array.isArray(found) ? (found as ManifestLocation[]) : [];
}

/** Closes a report: the verdict with its reasons; stages that never began become `skipped`, except release (post's). */
export function finishReport(
  report: Report,
  end: { verdict: Verdict; reasons: string[]; finishedAt: string; failure?: Failure | null },
): Report {
  const { failure } = end;
  const locations = locationsOf(failure);
  return {
    ...report,
    verdict: end.verdict,
    reasons: end.reasons.length > 0 ? end.reasons : report.reasons,
    finishedAt: end.finishedAt,
    failure: failure
      ? {
          stage: failure.stage,
          code: failure.code,
          message: failure.message,
          hint: failure.hint ?? null,
          blame: failure.blame,
          ...(locations.length > 0 ? { locations } : {}),
        }
      : report.failure,
    stages: report.stages.map((stage) =>
      stage.outcome === 'pending' && stage.startedAt === null && stage.stage !== 'release'
        ? { ...stage, outcome: 'skipped' as const }
        : stage,
    ),
  };
}
