import type { Cost, Report } from '../../report/model.ts';
import type { Pricing } from '../../tpu/prices.ts';
import { type Billable, bill } from './bill.ts';
import type { Released } from './released.ts';

/**
 * The bill after the release. Without the nodes' own times there is no final bill: what the main step saw stands, and
 * nodes that nobody counted do not become a zero.
 */
export function finalBill(
  report: Billable & Pick<Report, 'cost'>,
  { release, billed }: Released,
  options: Pricing & { now: string },
): Cost | null {
  const isZero = report.cost === null && release.outcome === 'released' && release.nodesLeft !== null;
  const counted = billed.length > 0 || isZero;
  return counted ? bill(report, billed, options, options.now) : report.cost;
}
