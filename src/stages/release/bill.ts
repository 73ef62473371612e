import type { Cost, Report } from '../../report/model.ts';
import { chipsOf } from '../../tpu/machines.ts';
import { provisioningText } from '../../tpu/pool-shape.ts';
import { chipHourPrice, type Pricing, priceBasis } from '../../tpu/prices.ts';
import { type BilledNode, costOf } from '../../verdict/cost.ts';
import type { LeaseState, Prepared, StageContext } from '../context.ts';
import type { TpuNode } from '../lease/nodes.ts';

/** What a bill needs of a report. */
export type Billable = Pick<Report, 'benchmark' | 'plan' | 'environment'>;

/** A node that exists, as it is billed: from its creation, or from the lease on where it was there before. */
export function billedFrom(
  { createdAt, chips }: Pick<TpuNode, 'createdAt' | 'chips'>,
  { startedAt }: Pick<LeaseState, 'startedAt'>,
): BilledNode {
  return { createdAt: Date.parse(createdAt) > Date.parse(startedAt) ? createdAt : startedAt, deletedAt: null, chips };
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
          chips: (environment.chipsPerNode ?? 0) * ((plan.nodes ?? 0) - (plan.baseNodes ?? 0)),
        }
      : null,
    serving:
      plan.replicas && environment.chipsPerNode
        ? {
            replicas: plan.replicas,
            chipsPerReplica: environment.chipsPerNode,
            rates: benchmark ? { one: benchmark.arms.one, all: benchmark.arms.all } : null,
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
  const perNode = chipsOf(pool.machineType);
  if (perNode === null)
    return `${nodes} nodes of ${pool.machineType ?? 'unknown machines'}: no amount, as the gate does not know their chips`;
  const chips = nodes * perNode;
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
    : `no price known for ${location}${pool.reserved ? ' with a reservation' : pool.flexStart ? ' with flex-start' : ''}; give "price-per-chip-hour" to see an amount`;
  return `${nodes} nodes × ${perNode} chips = ${chips} chips${provisioningText(pool)}: ${amount}`;
}
