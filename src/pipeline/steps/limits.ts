import type { Report, SloReport } from '../../report/model.ts';
import type { Measured } from '../../stages/benchmark/benchmark.ts';
import type { Prepared, StageContext } from '../../stages/context.ts';
import { chipHourPrice, priceBasis } from '../../tpu/prices.ts';
import { judgeLimits } from '../../verdict/slo.ts';
import type { Run } from '../run.ts';

/** Judges the limits of the input `slo` by what the run has seen, and notes them. Null without limits. */
export function limitsStep(
  run: Run,
  { inputs, note }: StageContext,
  prepared: Prepared,
  measured: Measured | null,
): SloReport | null {
  const report = run.report();
  const { location, pricePerChipHourUsd } = inputs;
  const price = chipHourPrice(priceBasis(location, { ...prepared.pool, pricePerChipHourUsd }));
  const chips = chipsOfReplicas(report);
  const slo = judgeLimits(inputs.slo, {
    benchmark: measured?.benchmark ?? null,
    samples: measured?.samples ?? null,
    routing: report.routing,
    usdPerHour: price && chips > 0 ? price.usd * chips : null,
  });
  if (slo) note({ type: 'limits', slo });
  return slo;
}

/** Chips of the nodes of the stack under test. */
function chipsOfReplicas({ environment, plan }: Pick<Report, 'environment' | 'plan'>): number {
  return (environment.chipsPerNode ?? 0) * ((plan.nodes ?? 0) - (plan.baseNodes ?? 0));
}
