import { errorText, Failure } from '../../lib/failure.ts';
import { timesWithRange } from '../../lib/speedup.ts';
import type { ArmComparison } from '../../report/model.ts';
import { benchmark, type Measured } from '../../stages/benchmark/benchmark.ts';
import { measureChange } from '../../stages/benchmark/change.ts';
import type { Prepared, StageContext } from '../../stages/context.ts';
import type { ReadyStack } from '../../stages/ready/ready.ts';
import type { VerifiedModel } from '../../stages/verify/verify.ts';
import { scalingComparison, unmeasuredChange } from '../../verdict/comparisons.ts';
import { checkNodes } from '../endings.ts';
import type { Run } from '../run.ts';
import type { BaseStack } from './base.ts';

interface Served {
  prepared: Prepared;
  stack: ReadyStack;
  model: VerifiedModel;
}

/**
 * Measures one replica against all, then the stack against the base stack where that was asked for. A measurement during
 * which nodes went away does not count.
 */
export async function benchmarkStep(
  run: Run,
  given: StageContext,
  served: Served,
  base: BaseStack | null = null,
): Promise<Measured> {
  const { note } = given;
  const title = base
    ? 'Measure one replica against all, and the change against its base'
    : 'Measure one replica against all';
  return run.stage({ name: 'benchmark', title }, async () => {
    const context = { ...given, endsMs: run.endsMs() };
    const measured = await benchmark(context, served.prepared, served.stack, served.model);
    run.found({ measured });
    await checkNodes(run, context.kube, 'benchmark');
    const { speedup, pairs } = measured.benchmark;
    const { target } = run.report();
    note({ type: 'measured', benchmark: measured.benchmark, runbook: measured.runbook });
    const service = served.prepared.service.name;
    note({ type: 'compared', comparison: scalingComparison(measured.benchmark, target, service) });
    const text = speedup ? timesWithRange(speedup, [target.minSpeedup, target.expectedMaxSpeedup]) : 'no ratio';
    const summary = `${text} after ${pairs.length} pairs`;
    if (!base) return { value: measured, summary };
    const comparison = await compareWithBase(run, context, { served, base, measured });
    await checkNodes(run, context.kube, 'benchmark');
    note({ type: 'compared', comparison });
    return { value: measured, summary: `${summary}; against the base stack: ${changeSummary(comparison)}` };
  });
}

/** Whatever keeps the comparison from being made is its own result, and none of the scaling. */
async function compareWithBase(
  run: Run,
  context: StageContext,
  { served, base, measured }: { served: Served; base: BaseStack; measured: Measured },
): Promise<ArmComparison> {
  const limit = 1 - context.inputs.maxSlowdown;
  const without = (verdict: 'same' | 'not-measured', reason: string) => unmeasuredChange(verdict, reason, limit);
  try {
    const outcome = await base.verified();
    if (outcome.state === 'same') return without('same', 'The base stack has the same objects.');
    if (outcome.state === 'not-measured') return without('not-measured', outcome.reason);
    const head = { ...served, ...outcome.head };
    const [own, other] = [served.stack.route.gateway, outcome.base.stack.route.gateway];
    if (own.namespace !== other.namespace || own.name !== other.name) {
      return without('not-measured', `The base stack is behind another gateway, ${other.namespace}/${other.name}.`);
    }
    return await measureChange({ ...context, endsMs: run.endsMs() }, { head, base: outcome.base }, measured.benchmark);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    return without('not-measured', `The comparison could not be made: ${errorText(error)}`);
  }
}

function changeSummary({ verdict, ratio, limit }: ArmComparison): string {
  return ratio ? `${verdict}, ${timesWithRange(ratio, [limit, 1])}` : verdict;
}
