import { timesWithRange } from '../../lib/speedup.ts';
import { benchmark, type Measured } from '../../stages/benchmark/benchmark.ts';
import type { Prepared, StageContext } from '../../stages/context.ts';
import type { ReadyStack } from '../../stages/ready/ready.ts';
import type { VerifiedModel } from '../../stages/verify/verify.ts';
import { checkNodes } from '../endings.ts';
import type { Run } from '../run.ts';

/** Measures one replica against all. A measurement during which nodes went away does not count. */
export async function benchmarkStep(
  run: Run,
  context: StageContext,
  { prepared, stack, model }: { prepared: Prepared; stack: ReadyStack; model: VerifiedModel },
): Promise<Measured> {
  const measured = await run.stage({ name: 'benchmark', title: 'Measure one replica against all' }, async () => {
    const value = await benchmark({ ...context, endsMs: run.endsMs() }, prepared, stack, model);
    const { speedup, pairs } = value.benchmark;
    const { minSpeedup, expectedMaxSpeedup } = run.report().target;
    const text = speedup ? timesWithRange(speedup, [minSpeedup, expectedMaxSpeedup]) : 'no ratio';
    return { value, summary: `${text} after ${pairs.length} pairs` };
  });
  run.found({ measured });
  await checkNodes(run, context.kube, 'benchmark');
  context.note({ type: 'measured', benchmark: measured.benchmark, runbook: measured.runbook });
  return measured;
}
