import type { MaxCost } from '../../inputs/parsers/mode.ts';
import { humanDuration } from '../../lib/duration.ts';
import { Failure } from '../../lib/failure.ts';
import { chipsOf } from '../../tpu/machines.ts';
import { chipHourPrice, priceBasis } from '../../tpu/prices.ts';
import type { Prepared, StageContext } from '../context.ts';
import { USUAL_RUN_MS } from '../release/bill.ts';

/** Time of the bill that is kept for the release: nodes are billed until they are deleted. */
export const RESERVE_MS = 5 * 60_000;

/** The same of a run: an autoscaler removes nodes only once they have been empty for a time. */
function reserveMs({ demand }: Pick<Prepared, 'demand'>): number {
  return RESERVE_MS + (demand?.scaleDownMs ?? 0);
}

/** What the planned nodes cost by the hour, in US dollars; null without a known price. */
export function usdPerHour(
  context: Pick<StageContext, 'inputs'>,
  { pool, nodes }: Pick<Prepared, 'pool' | 'nodes'>,
): number | null {
  const { location, pricePerChipHourUsd } = context.inputs;
  const price = chipHourPrice(priceBasis(location, { ...pool, pricePerChipHourUsd }));
  const chips = nodes * (chipsOf(pool.machineType) ?? 0);
  return price && chips > 0 ? price.usd * chips : null;
}

/**
 * How long the run may have its nodes before the release must begin, for the bill to stay below `max-cost`: counted from
 * the resize as if all nodes came at once, which is the dearest they can be. Null without a limit, and for the default
 * limit where no price is known. Refuses a limit that no run can keep, and a given one that nobody can watch because the
 * price is not known.
 */
export function budgetMs(
  context: Pick<StageContext, 'inputs'>,
  prepared: Pick<Prepared, 'pool' | 'nodes' | 'demand'>,
): number | null {
  const { maxCost, location } = context.inputs;
  if (maxCost === null) return null;
  const hourly = usdPerHour(context, prepared);
  if (hourly === null && maxCost.isDefault) return null;
  const limit = limitText(maxCost);
  if (hourly === null && chipsOf(prepared.pool.machineType) === null) {
    throw refuse(
      `${limit}, but the gate does not know how many chips a ${prepared.pool.machineType ?? 'node of this pool'} has.`,
      'Leave "max-cost" out.',
    );
  }
  if (hourly === null) {
    throw refuse(
      `${limit}, but no price is known for ${prepared.pool.machineType ?? 'this pool'} in ${location}${prepared.pool.reserved ? ' with a reservation' : prepared.pool.flexStart ? ' with flex-start' : ''}.`,
      'Give "price-per-chip-hour".',
    );
  }
  const reserve = reserveMs(prepared);
  const ms = (maxCost.usd / hourly) * 3_600_000 - reserve;
  if (ms < RESERVE_MS) {
    throw refuse(
      `${limit}, which pays for ${humanDuration(Math.max(0, ms + reserve))} of ${prepared.nodes} nodes at $${hourly.toFixed(2)} an hour; a run takes about ${humanDuration(USUAL_RUN_MS)}.`,
      `Raise it, to about ${Math.ceil((hourly * USUAL_RUN_MS) / 3_600_000)}, or lease fewer nodes.`,
    );
  }
  checkKept(context.inputs, maxCost.usd, hourly);
  return ms;
}

function limitText({ usd, isDefault }: MaxCost): string {
  return isDefault ? `By default a run may cost $${usd} ("max-cost: auto")` : `Input "max-cost" is ${usd}`;
}

/** What the limit on cost does to the planned run, where a reader has to know it; null where there is nothing to know. */
export function budgetNote(
  context: Pick<StageContext, 'inputs'>,
  prepared: Pick<Prepared, 'pool' | 'nodes' | 'demand'>,
): { outcome: 'warning' | 'not-checked'; text: string } | null {
  const { maxCost } = context.inputs;
  if (!maxCost?.isDefault) return null;
  const ms = budgetMs(context, prepared);
  if (ms === null) {
    return { outcome: 'not-checked', text: `the default limit of $${maxCost.usd} ("max-cost: auto") is not checked` };
  }
  if (ms >= USUAL_RUN_MS) return null;
  const text = `the default limit of $${maxCost.usd} ("max-cost: auto") ends the run after ${humanDuration(ms)}; give an amount, or none`;
  return { outcome: 'warning', text };
}

/** A stack that stays goes on costing: what it costs until its end has to be within the limit as well. */
function checkKept({ keep }: StageContext['inputs'], maxCostUsd: number, hourly: number): void {
  if (!keep) return;
  const stays = keep.expiresMs;
  const total = stays === null ? null : (hourly * (USUAL_RUN_MS + stays)) / 3_600_000;
  if (total !== null && total <= maxCostUsd) return;
  throw refuse(
    `Input "max-cost" is ${maxCostUsd}, and a stack that stays ${stays === null ? 'without an end has no limit' : `for ${humanDuration(stays)} costs about $${total?.toFixed(0)}`}, at $${hourly.toFixed(2)} an hour.`,
    stays === null ? 'Give "expires-in" a time, or leave "max-cost" out.' : 'Raise it, or lower "expires-in".',
  );
}

/** Why a run ended before its result: the bill would have passed the limit. */
export function overBudget(maxCostUsd: number, afterMs: number): Failure {
  return new Failure({
    stage: 'lease',
    code: 'max-cost',
    message: `The run was ended after ${humanDuration(afterMs)} so that its bill stays below $${maxCostUsd}, the release included.`,
    hint: 'Look at the slowest stage, or raise "max-cost".',
  });
}

function refuse(message: string, hint: string): Failure {
  return new Failure({ stage: 'preflight', code: 'max-cost', message, hint });
}
