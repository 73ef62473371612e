import type { Cost, Report } from '../../report/model.ts';
import { chipsOf } from '../../tpu/pool-shape.ts';
import { chipHourPrice } from '../../tpu/prices.ts';
import { type BilledNode, costOf } from '../../verdict/cost.ts';
import type { Prepared, StageContext } from '../context.ts';

/** What a bill needs of a report. */
export type Billable = Pick<Report, 'benchmark' | 'plan' | 'environment'>;

export interface Pricing {
  machineType: string | null;
  spot: boolean;
  /** A reservation has a price of its own, which no list tells. */
  reserved: boolean;
  /** From the input; null takes the list price of the region. */
  pricePerChipHourUsd: number | null;
}

/** The bill of the nodes so far, or in the end when all of them have a time of deletion. */
export function bill(report: Billable, nodes: readonly BilledNode[], pricing: Pricing, now: string): Cost {
  const { benchmark, plan, environment } = report;
  return costOf({
    nodes,
    ...priceBasis(plan.location, pricing),
    now,
    measured: benchmark
      ? {
          requestsPerSecond: benchmark.arms.all.requestsPerSecond,
          outputTokensPerSecond: benchmark.arms.all.outputTokensPerSecond,
          chips: (environment.chipsPerNode ?? 0) * (plan.nodes ?? 0),
        }
      : null,
  });
}

/** What a run takes as a rule, from the resize to the last node: nodes, model, compilation, measurement, release. */
export const USUAL_RUN_MS = 40 * 60_000;

/** What the lease will cost by the hour and for a usual run, said before the first node is asked for. */
export function priceText(
  context: Pick<StageContext, 'inputs'>,
  { pool, nodes }: Pick<Prepared, 'pool' | 'nodes'>,
): string {
  const chips = nodes * (chipsOf(pool.machineType) ?? 0);
  const { location, pricePerChipHourUsd } = context.inputs;
  const price = chipHourPrice(priceBasis(location, { ...pool, pricePerChipHourUsd }));
  const { keep } = context.inputs;
  const span = keep
    ? keep.expiresMs === null
      ? 'for as long as nobody ends it'
      : `about $${((price?.usd ?? 0) * chips * (keep.expiresMs / 3_600_000)).toFixed(0)} until its end`
    : `about $${(((price?.usd ?? 0) * chips * USUAL_RUN_MS) / 3_600_000).toFixed(0)} for a usual run of ${USUAL_RUN_MS / 60_000} min`;
  const amount = price
    ? `$${(price.usd * chips).toFixed(2)} an hour at $${price.usd} per chip-hour (${price.source}), ${span}`
    : `no price known for ${location}${pool.reserved ? ' with a reservation' : ''}; give "price-per-chip-hour" to see an amount`;
  return `${nodes} nodes × ${chips / nodes} chips = ${chips} chips: ${amount}`;
}

/** List prices are for v6e on demand or spot; for anything else only the input can tell. */
export function priceBasis(location: string, pricing: Pricing) {
  const listed = !pricing.reserved && /^ct6e-/.test(pricing.machineType ?? '');
  return { location: listed ? location : '', spot: pricing.spot, pricePerChipHour: pricing.pricePerChipHourUsd };
}
