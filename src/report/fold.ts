import type { Failure } from '../lib/failure.ts';
import { causeAddress, withAddresses } from '../lib/gate-files.ts';
import { DEFAULT_MODE } from '../lib/modes.ts';
import { criticalPath } from './critical-path.ts';
import type { Fact } from './facts.ts';
import type {
  ArmComparison,
  Check,
  Diagnosis,
  Environment,
  ManifestLocation,
  Plan,
  PreflightCheck,
  Report,
  ReportedFailure,
  RunIdentity,
  StageName,
  StageResult,
  Target,
  ToolSource,
} from './model.ts';
import { STAGES } from './wording.ts';

/** Nothing is known yet. */
export const UNKNOWN_ENVIRONMENT: Environment = {
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

/** A report that claims nothing: verdict `error`, every stage pending. What a run learns is folded into it. */
export function emptyReport(known: {
  version: string;
  source?: ToolSource;
  run: RunIdentity;
  startedAt: string;
  target: Target;
  plan: Plan;
  mode?: Report['mode'];
}): Report {
  return {
    schema: 'tpu-serving-gate/report/v1',
    tool: { name: 'tpu-serving-gate', version: known.version, ...(known.source ? { source: known.source } : {}) },
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

/** The report with one more fact. Pure: the report that is given stays as it is. */
export function fold(report: Report, fact: Fact): Report {
  switch (fact.type) {
    case 'planned':
      return { ...report, plan: { ...report.plan, ...fact.plan } };
    case 'discovered':
      return { ...report, environment: { ...report.environment, ...fact.environment } };
    case 'preflight':
      return { ...report, preflight: fact.lines.map((line) => addressed(line, report)) };
    case 'changed-since-pass':
      return { ...report, sincePass: fact.changes };
    case 'stage-started':
      return withStage(report, fact.stage, { startedAt: fact.at });
    case 'stage-ended': {
      const { outcome, summary, durationMs } = fact;
      return withStage(report, fact.stage, { outcome, summary, durationMs });
    }
    case 'pods':
      return { ...report, pods: fact.pods };
    case 'check':
      return { ...report, checks: withCheck(report.checks, fact.check) };
    case 'routing':
      return { ...report, routing: fact.routing };
    case 'unique-spread':
      return withSpread(report, fact);
    case 'measured':
      return { ...report, benchmark: fact.benchmark, runbook: fact.runbook };
    case 'compared':
      return { ...report, comparisons: withComparison(report.comparisons ?? [], fact.comparison) };
    case 'limits':
      return { ...report, slo: fact.slo };
    case 'differs':
      return { ...report, differences: fact.differences };
    case 'nights':
      return { ...report, nights: fact.nights };
    case 'based-on':
      return { ...report, basis: fact.basis };
    case 'reused':
      return { ...report, reused: fact.reused };
    case 'judged':
      return { ...report, verdict: fact.verdict };
    case 'diagnosed':
      return { ...report, diagnosis: fact.diagnosis && linked(fact.diagnosis, report) };
    case 'ended':
      return ended(report, fact);
    case 'billed':
      return { ...report, cost: fact.cost };
    case 'kept':
      return { ...report, release: fact.release };
    case 'released':
      return released(report, fact);
    case 'nothing-leased':
      return withoutLease(report);
  }
}

/** The line with the addresses of the gate's files that its remedy names. */
function addressed(line: PreflightCheck, { tool }: Report): PreflightCheck {
  return { ...line, remedy: line.remedy === null ? null : addressIn(line.remedy, tool) };
}

/** The diagnosis with the addresses that its remedy names, and of the page that has its cause. */
function linked(diagnosis: Diagnosis, { tool }: Report): Diagnosis {
  const remedy = addressIn(diagnosis.remedy, tool);
  return { ...diagnosis, remedy, ...(tool.source ? { link: causeAddress(diagnosis.cause, tool.source) } : {}) };
}

/** Without a source the words in capitals stay with the reader. */
function addressIn(text: string, { source = UNKNOWN_SOURCE }: Report['tool']): string {
  return withAddresses(text, source);
}

const UNKNOWN_SOURCE = { server: 'https://github.com', repository: 'OWNER/tpu-serving-gate', ref: 'REF' };

/** The report with several facts, in their order. */
export function foldAll(report: Report, facts: readonly Fact[]): Report {
  return facts.reduce(fold, report);
}

type FactOf<T extends Fact['type']> = Extract<Fact, { type: T }>;

function withStage(report: Report, name: StageName, change: Partial<StageResult>): Report {
  return {
    ...report,
    stages: report.stages.map((stage) => (stage.stage === name ? { ...stage, ...change } : stage)),
  };
}

/** A later outcome of the same check replaces the earlier one, at its place. */
function withCheck(checks: readonly Check[], check: Check): Check[] {
  const known = checks.some(({ id }) => id === check.id);
  return known ? checks.map((each) => (each.id === check.id ? check : each)) : [...checks, check];
}

const COMPARISONS: readonly ArmComparison['name'][] = ['scaling', 'change'];

/** In the order of their names above. */
function withComparison(comparisons: readonly ArmComparison[], comparison: ArmComparison): ArmComparison[] {
  const others = comparisons.filter(({ name }) => name !== comparison.name);
  return [...others, comparison].sort((a, b) => COMPARISONS.indexOf(a.name) - COMPARISONS.indexOf(b.name));
}

function withSpread(report: Report, { unique, check }: FactOf<'unique-spread'>): Report {
  const known = report.checks.some(({ id }) => id === check.id);
  if (!known || !report.routing || unique.sent <= report.routing.unique.sent) return report;
  return {
    ...report,
    routing: { ...report.routing, unique },
    checks: withCheck(report.checks, check),
  };
}

/** The verdict with its reasons. Stages that never began become `skipped`, except release, which may still follow. */
function ended(report: Report, { verdict, reasons, finishedAt, failure }: FactOf<'ended'>): Report {
  const path = criticalPath({ ...report, finishedAt });
  return {
    ...report,
    verdict,
    reasons: reasons.length > 0 ? reasons : report.reasons,
    finishedAt,
    failure: failure ? reported(failure, report) : report.failure,
    ...(path ? { criticalPath: path } : {}),
    stages: report.stages.map((stage) =>
      stage.outcome === 'pending' && stage.startedAt === null && stage.stage !== 'release'
        ? { ...stage, outcome: 'skipped' as const }
        : stage,
    ),
  };
}

function reported(failure: Failure, { tool }: Report): ReportedFailure {
  const locations = locationsOf(failure);
  return {
    stage: failure.stage,
    code: failure.code,
    message: failure.message,
    hint: failure.hint === undefined ? null : addressIn(failure.hint, tool),
    blame: failure.blame,
    ...(locations.length > 0 ? { locations } : {}),
  };
}

function locationsOf(failure: Failure): ManifestLocation[] {
  const found = failure.evidence.locations;
  return Array.isArray(found) ? (found as ManifestLocation[]) : [];
}

function released(report: Report, { release, at }: FactOf<'released'>): Report {
  const own = report.stages.find(({ stage }) => stage === 'release');
  const startedAt = own?.startedAt ?? new Date(Date.parse(at) - release.durationMs).toISOString();
  const outcome = release.outcome === 'failed' ? ('failed' as const) : ('done' as const);
  const { durationMs, message: summary } = release;
  return { ...withStage(report, 'release', { outcome, startedAt, durationMs, summary }), release };
}

const NOTHING_LEASED = 'No TPU node was leased.';

/** A run that never leased a node has none to release. */
function withoutLease(report: Report): Report {
  return {
    ...withStage(report, 'release', { outcome: 'skipped', summary: NOTHING_LEASED }),
    release: {
      outcome: 'not-needed',
      nodePool: report.plan.nodePool,
      restingNodes: null,
      nodesLeft: null,
      message: NOTHING_LEASED,
      command: null,
      durationMs: 0,
    },
  };
}
