import { atStage, Failure, type FailureStage, isAbort } from '../lib/failure.ts';
import type { Report, StageName } from '../report/model.ts';
import { preflightCounts, STAGES } from '../report/wording.ts';
import type { BaseContext } from '../stages/context.ts';

/** Runs a stage: start and end are told and timed, and its result line is kept in the report. */
export async function stage<T>(
  context: BaseContext,
  name: StageName,
  title: string,
  usualMs: number | null,
  limitMs: number | null,
  body: () => Promise<[T, string]>,
): Promise<T> {
  const entry = context.report.stages.find((candidate) => candidate.stage === name);
  if (!entry) throw new Error(`the report has no stage ${name}`);
  const started = context.clock.now();
  entry.startedAt = now();
  context.emit({ type: 'stage-start', stage: name, title, usualMs, limitMs });
  const end = (outcome: 'done' | 'failed', summary: string) => {
    Object.assign(entry, { outcome, summary, durationMs: Math.round(context.clock.now() - started) });
    context.emit({ type: 'stage-end', stage: name, outcome, summary, durationMs: entry.durationMs ?? 0 });
  };
  try {
    const [result, summary] = await body();
    end('done', summary);
    return result;
  } catch (error) {
    const failure = atStage(error, name);
    const { preflight: lines } = context.report;
    const told = name === 'preflight' && lines.some(({ outcome }) => outcome === 'fail');
    end('failed', told ? preflightCounts(lines) : failure.message);
    throw failure;
  }
}

/** Nodes and manifests run side by side; the failure of one ends the other, and is the one that is told. */
export async function firstFailureStopsBoth(both: Promise<unknown>[], stop: AbortController): Promise<void> {
  let first: { error: unknown } | null = null;
  await Promise.all(
    both.map((one) =>
      one.catch((error: unknown) => {
        first ??= { error };
        stop.abort(
          new Failure({ stage: 'lease', code: 'stopped', message: 'Stopped, since the stage beside it failed.' }),
        );
      }),
    ),
  );
  if (first) throw (first as { error: unknown }).error;
}

/** Why a run ended from outside: an interrupt, a limit, a pool that was lost. Null where it did not. */
export function interrupted(context: BaseContext, error: unknown): Failure | null {
  if (!context.signal.aborted && !isAbort(error)) return null;
  const reason: unknown = context.signal.reason;
  if (reason instanceof Failure) return atStage(reason, currentStage(context.report));
  return new Failure({
    stage: currentStage(context.report),
    code: 'interrupted',
    message: 'The run was interrupted before it had a result.',
    hint: 'Nothing is wrong with the change; run it again.',
    blame: 'gate',
    cause: error,
  });
}

/** The last stage that began. */
export function currentStage(report: Report): FailureStage {
  const begun = STAGES.filter((name) => report.stages.find(({ stage: entry }) => entry === name)?.startedAt);
  return (begun.at(-1) as FailureStage | undefined) ?? 'preflight';
}

function now(): string {
  return new Date().toISOString();
}
