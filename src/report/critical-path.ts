import type { CriticalPath, PathStep, PodSummary, Report, StageName, StageResult } from './model.ts';

/** A part of the run on the clock of the runner, milliseconds since the epoch. */
interface Span {
  fromMs: number;
  toMs: number;
}

type StepSpan = Span & Pick<PathStep, 'step' | 'stage'>;

/** Stages one after another. `deploy` runs beside `lease`, and pods of the `ready` stage begin beside both. */
const IN_ORDER: readonly Exclude<StageName, 'release'>[] = [
  'preflight',
  'lease',
  'deploy',
  'ready',
  'verify',
  'benchmark',
];

/**
 * The steps that had to follow one another up to the verdict, and what the run took beyond them. Null before the verdict,
 * and for a run with a stage whose end nobody saw.
 */
export function criticalPath(
  report: Pick<Report, 'startedAt' | 'finishedAt' | 'stages' | 'pods'>,
): CriticalPath | null {
  const wallMs = Date.parse(report.finishedAt ?? '') - Date.parse(report.startedAt);
  const spans = spansOf(report.stages);
  if (!(wallMs >= 0) || spans === null) return null;
  const steps = oneAfterAnother(
    IN_ORDER.flatMap((name) => stepsOf(name, spans, report.pods)),
    report,
  );
  const pathMs = steps.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return { steps, pathMs, wallMs, slackMs: wallMs - pathMs, ratio: pathMs > 0 ? wallMs / pathMs : null };
}

/** Whether a stage has a step of the path. */
export function isOnPath(path: CriticalPath, stage: StageName): boolean {
  return path.steps.some((step) => step.stage === stage);
}

type Spans = ReadonlyMap<StageName, Span>;

function spansOf(stages: readonly StageResult[]): Spans | null {
  const begun = stages.filter(({ stage, startedAt }) => stage !== 'release' && startedAt !== null);
  if (begun.some(({ durationMs }) => durationMs === null)) return null;
  return new Map(
    begun.map(({ stage, startedAt, durationMs }) => {
      const fromMs = Date.parse(startedAt ?? '');
      return [stage, { fromMs, toMs: fromMs + (durationMs ?? 0) }];
    }),
  );
}

function stepsOf(name: (typeof IN_ORDER)[number], spans: Spans, pods: readonly PodSummary[]): StepSpan[] {
  const span = spans.get(name);
  if (!span) return [];
  const [lease, ready] = [spans.get('lease'), spans.get('ready')];
  const slowest = lease && ready ? slowestReplica(pods, { fromMs: lease.fromMs, toMs: ready.toMs }) : null;
  if (slowest && name === 'lease') {
    return [{ step: 'nodes', stage: 'lease', fromMs: span.fromMs, toMs: slowest.scheduledMs }];
  }
  if (slowest && name === 'deploy') return [];
  if (slowest && name === 'ready') {
    return [
      { step: 'images', stage: 'ready', fromMs: slowest.scheduledMs, toMs: slowest.startedMs },
      { step: 'start', stage: 'ready', fromMs: slowest.startedMs, toMs: slowest.readyMs },
    ];
  }
  return [{ step: name, stage: name, ...span }];
}

/** The times of the replica that was Ready last. Null where a replica has no times, or times outside of `within`. */
function slowestReplica(
  pods: readonly PodSummary[],
  within: Span,
): { scheduledMs: number; startedMs: number; readyMs: number } | null {
  const replicas = pods.filter(({ role }) => role === 'replica');
  const all = replicas.flatMap(({ times }) => {
    if (!times) return [];
    const at = (iso: string) => Date.parse(iso);
    return [{ scheduledMs: at(times.scheduledAt), startedMs: at(times.startedAt), readyMs: at(times.readyAt) }];
  });
  if (all.length < replicas.length) return null;
  const [slowest] = all.toSorted((one, other) => other.readyMs - one.readyMs);
  if (!slowest) return null;
  // Kubernetes cuts its times to whole seconds.
  const isInside = slowest.readyMs > within.fromMs - 1_000 && slowest.readyMs <= within.toMs + 1_000;
  return isInside ? slowest : null;
}

/** Cuts what overlaps: a step begins where the one before it ended, and none ends after the verdict. */
function oneAfterAnother(
  spans: readonly StepSpan[],
  { startedAt, finishedAt }: Pick<Report, 'startedAt' | 'finishedAt'>,
): PathStep[] {
  const endMs = Date.parse(finishedAt ?? '');
  let atMs = Date.parse(startedAt);
  return spans.flatMap(({ step, stage, fromMs, toMs }) => {
    const from = Math.max(fromMs, atMs);
    const to = Math.min(toMs, endMs);
    if (!(to > from)) return [];
    atMs = to;
    return [{ step, stage, durationMs: Math.round(to - from) }];
  });
}
