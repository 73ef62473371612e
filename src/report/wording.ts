import type { Blame } from '../lib/causes.ts';
import type { FailureStage } from '../lib/failure.ts';
import { MODES } from '../lib/modes.ts';
import type { Benchmark, Check, CheckOutcome, PreflightCheck, Report, StageName, StageResult } from './model.ts';

export const STAGES: readonly StageName[] = ['preflight', 'lease', 'deploy', 'ready', 'verify', 'benchmark', 'release'];

export const CHECK_WORDS: Record<CheckOutcome, string> = {
  pass: '✅\u00a0pass',
  warning: '⚠️\u00a0warning',
  fail: '❌\u00a0fail',
  inconclusive: '⚠️\u00a0inconclusive',
  'not-observable': 'not\u00a0observable',
};

/** What a stage's failure means for the reader, as the second half of a heading. */
const STAGE_FAILED: Record<FailureStage, string> = {
  inputs: 'the inputs were refused',
  preflight: 'preflight found a reason not to start',
  lease: 'no TPU nodes to run on',
  deploy: 'the manifests were not applied',
  ready: 'the replicas never became ready',
  verify: 'the deployment could not be verified',
  benchmark: 'the benchmark did not finish',
  report: 'the result could not be published',
  release: 'the TPU nodes were not released',
};

const WHO_ACTS: Record<Blame, string> = {
  change: 'the author of this change',
  config: 'whoever configures this workflow',
  cluster: 'the owner of the cluster',
  cloud: 'nobody here: it lies with Google Cloud or another provider',
  operator: 'the person or the runner that stopped it',
  gate: 'the maintainers of the gate',
};

/** What a stage takes as a rule, for a reader who waits; lease and deploy run side by side. */
export const USUAL_MS: Record<StageName, number> = {
  preflight: 20_000,
  lease: 10 * 60_000,
  deploy: 60_000,
  ready: 15 * 60_000,
  verify: 60_000,
  benchmark: 6 * 60_000,
  release: 4 * 60_000,
};

export function stageFailed(stage: FailureStage): string {
  return STAGE_FAILED[stage];
}

export function whoActs(blame: Blame): string {
  return WHO_ACTS[blame];
}

/** `stage 4 of 7`, or null for what lies outside the pipeline. */
export function stagePosition(stage: FailureStage): string | null {
  const names: readonly string[] = STAGES;
  const index = names.indexOf(stage);
  return index < 0 ? null : `stage ${index + 1} of ${STAGES.length}`;
}

export function isRunning(stage: StageResult): boolean {
  return stage.outcome === 'pending' && stage.startedAt !== null;
}

/** Whether the stage began and is over, well or not. */
export function hasEnded({ outcome }: StageResult): boolean {
  return outcome === 'done' || outcome === 'failed' || outcome === 'stopped';
}

/** Checks that the deployment answers at all, and checks of who answered. */
export function splitChecks(checks: Check[]): { service: Check[]; routing: Check[] } {
  const routing = new Set<Check['id']>(['picker-engaged', 'prefix-affinity', 'unique-spread', 'cache-hits']);
  return {
    service: checks.filter((check) => !routing.has(check.id)),
    routing: checks.filter((check) => routing.has(check.id)),
  };
}

/** A group is passed when every check in it passed; anything unseen keeps it from a pass. */
export function groupOutcome(checks: Check[]): CheckOutcome | null {
  if (checks.length === 0) return null;
  const order: CheckOutcome[] = ['fail', 'inconclusive', 'not-observable', 'warning'];
  return order.find((outcome) => checks.some((check) => check.outcome === outcome)) ?? 'pass';
}

const TALLY_WORDS: Record<Exclude<CheckOutcome, 'pass'>, string> = {
  fail: 'failed',
  inconclusive: 'inconclusive',
  'not-observable': 'not observable',
  warning: 'with a warning',
};

/** `2 of 3`, and the outcome of the others when not all passed: `1 of 3, 1 not observable`. */
export function tally(checks: Check[]): string {
  const counted = (outcome: CheckOutcome) => checks.filter((check) => check.outcome === outcome).length;
  const rest = (['fail', 'inconclusive', 'not-observable', 'warning'] as const)
    .map((outcome) => ({ n: counted(outcome), word: TALLY_WORDS[outcome] }))
    .filter(({ n }) => n > 0)
    .map(({ n, word }) => `${n} ${word}`);
  return [`${counted('pass')} of ${checks.length} passed`, ...rest].join(', ');
}

/** The commit's first seven digits; null for anything that is not a hexadecimal id. */
export function shortSha(sha: string | null): string | null {
  return sha !== null && /^[0-9a-f]{7,64}$/i.test(sha) ? sha.slice(0, 7) : null;
}

/** Pod names without what they all begin with, so that columns stay narrow: `…-7xk2p`. */
export function shortNames(names: string[]): Map<string, string> {
  const unique = [...new Set(names)];
  const first = unique[0] ?? '';
  let shared = first.length;
  for (const name of unique) {
    while (shared > 0 && !name.startsWith(first.slice(0, shared))) shared -= 1;
  }
  const cut = unique.length < 2 ? 0 : first.lastIndexOf('-', shared - 1);
  return new Map(unique.map((name) => [name, cut > 3 ? `…${name.slice(cut)}` : name]));
}

/** How many replicas the `all` arm has: measured, else planned. */
export function replicaCount(report: Report): number | null {
  return report.benchmark?.replicas ?? report.plan.replicas;
}

/**
 * The stages as the reader should see them: `post` releases the nodes after the pipeline's own list was closed, so
 * the release stage follows from the release. Empty when no stage is known to have begun.
 */
export function shownStages(report: Report): StageResult[] {
  const { release } = report;
  const own = report.stages.filter(({ stage }) => stage !== 'release').map((stage) => withCounts(stage, report));
  if (!own.some((stage) => stage.startedAt !== null || hasEnded(stage))) return [];
  if (release === null) return [...own, ...report.stages.filter(({ stage }) => stage === 'release')];
  const outcome = ({ released: 'done', failed: 'failed', 'not-needed': 'skipped', kept: 'skipped' } as const)[
    release.outcome
  ];
  const known = report.stages.find(({ stage }) => stage === 'release');
  const last: StageResult = {
    stage: 'release',
    outcome,
    startedAt: known?.startedAt ?? null,
    durationMs: outcome === 'skipped' ? null : release.durationMs,
    summary: release.message,
  };
  return [...own, last];
}

/** The counts of a stage as they are in the end: a check of the verify stage may be made again by the benchmark. */
function withCounts(stage: StageResult, { checks }: Report): StageResult {
  const isCounted = stage.stage === 'verify' && stage.outcome === 'done' && checks.length > 0;
  return isCounted ? { ...stage, summary: `checks: ${tally(checks)}` } : stage;
}

/** Whether a stack was deployed to stay, which is not measured. */
export function serves({ mode }: Pick<Report, 'mode'>): boolean {
  return MODES[mode].keepsStack;
}

/** The text as a sentence: with a full stop unless it ends in punctuation already. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' || /[.!?:]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** Title of the one-replica arm: one that was not measured in this run has this in its title, wherever its figures stand. */
export function oneReplicaTitle({ design }: Pick<Benchmark, 'design'>): string {
  return design === 'recorded' ? '1 replica, recorded' : '1 replica';
}

export const PREFLIGHT_WORDS: Record<PreflightCheck['outcome'], string> = {
  pass: '✅\u00a0pass',
  warning: '⚠️\u00a0look',
  fail: '❌\u00a0**fail**',
  'not-checked': 'not\u00a0checked',
};

/** Lines that cannot be checked before the lease, whatever the identity may read. They are shown and not counted. */
const KNOWN_LATER: ReadonlySet<string> = new Set(['quota']);

/** `19 of 22 preflight checks passed, 2 with a warning, 1 not checked`. */
export function preflightCounts(all: readonly PreflightCheck[]): string {
  const lines = all.filter(({ id, outcome }) => outcome !== 'not-checked' || !KNOWN_LATER.has(id));
  const counted = (outcome: PreflightCheck['outcome']) => lines.filter((line) => line.outcome === outcome).length;
  const rest = [
    [counted('fail'), 'failed'],
    [counted('warning'), 'with a warning'],
    [counted('not-checked'), 'not checked'],
  ] as const;
  const shown = rest.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}`);
  return [`${counted('pass')} of ${lines.length} preflight checks passed`, ...shown].join(', ');
}

/** Code of the failure of a run whose commit is no longer the head of its pull request. */
export const SUPERSEDED = 'superseded';

/** Whether a run ended because its commit is no longer the head of its pull request. */
export function isSuperseded({ failure }: Pick<Report, 'failure'>): boolean {
  return failure?.code === SUPERSEDED;
}
