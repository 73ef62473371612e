import { prose } from '../../escape.ts';
import { count, integer, NOT_MEASURED, usd } from '../../format.ts';
import type { Cost, Report, RunningCost } from '../../model.ts';
import { paragraphs, table } from '../markdown.ts';

/** What serving costs: one replica, all, and the difference. Null where nothing was billed; a missing price is stated. */
export function costTable({ cost }: Report): string | null {
  if (!cost) return null;
  if (cost.pricePerChipHourUsd === null) {
    return 'No price of a chip-hour is known, so no cost of serving is stated. The input `price-per-chip-hour` sets it.';
  }
  const line = basis(cost, cost.pricePerChipHourUsd);
  if (!cost.serving) return line;
  const { replicas, hoursPerMonth, one, all, difference } = cost.serving;
  const row = (title: string, of: (arm: RunningCost) => number | null) => [
    title,
    amount(of(one)),
    amount(of(all)),
    signed(of(difference)),
  ];
  return paragraphs([
    table(
      ['Cost of serving', '1 replica', count(replicas, 'replica'), 'Difference'],
      ['left', 'right', 'right', 'right'],
      [
        row('Per hour', (arm) => arm.usdPerHour),
        row(`Per month of ${integer(hoursPerMonth)} hours`, (arm) => arm.usdPerMonth),
        row('Per million requests', (arm) => arm.usdPerMillionRequests),
        row('Per million output tokens', (arm) => arm.usdPerMillionOutputTokens),
      ],
    ),
    line,
  ]);
}

function basis({ priceSource }: Cost, price: number): string {
  const source = priceSource === null ? '' : ` (${prose(priceSource, 200)})`;
  return `At ${usd(price)} per chip-hour${source}, chips alone. A million is at the measured rate and fully used.`;
}

const amount = (value: number | null) => (value === null ? NOT_MEASURED : usd(value));

function signed(value: number | null): string {
  if (value === null) return NOT_MEASURED;
  return `${value < 0 ? '−' : '+'}${usd(Math.abs(value))}`;
}
