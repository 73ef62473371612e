import type { Prepared, StageContext } from '../context.ts';
import { usdPerHour } from './budget.ts';

/** What a limit on cost lacks, said before money is spent: without a price it is never decided. Null where it lacks nothing. */
export function unpricedLimit(
  context: Pick<StageContext, 'inputs'>,
  planned: Pick<Prepared, 'pool' | 'nodes'>,
): { text: string; remedy: string } | null {
  const isSet = context.inputs.slo.some(({ name }) => name === 'cost-per-million-tokens');
  if (!isSet || usdPerHour(context, planned) !== null) return null;
  return {
    text: 'the limit on cost-per-million-tokens cannot be decided without a price, so no run with it passes',
    remedy: 'Give "price-per-chip-hour", or take the limit out of "slo".',
  };
}
