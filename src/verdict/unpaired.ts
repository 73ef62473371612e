import type { DecisionPlan, Look } from './decide.ts';
import { studentQuantile } from './distributions.ts';
import { mean, standardDeviation } from './statistics.ts';

/**
 * Relative difference between two deployments of the same thing, as a standard deviation: what no block within one of
 * them shows. Reports of repeated deployments give 1 to 8 %.
 */
export const DEPLOYMENT_NOISE = 0.04;

/** Relative difference of one replica from the mean of its peers, as a standard deviation: 15 % is seen, 5 % is usual. */
const REPLICA_NOISE = 0.06;

/**
 * Judges throughputs of two arms that were measured one after the other. A t interval on the logarithms, with the fewer
 * degrees of freedom of the two, wider by what differs between deployments (`noise`, a relative standard deviation) and
 * between replicas. It never passes: the one replica that was left may be slower than its peers, and nothing shows it.
 */
export function unpairedLook(
  one: readonly number[],
  all: readonly number[],
  { minSpeedup, alpha }: Pick<DecisionPlan, 'minSpeedup' | 'alpha'>,
  noise = DEPLOYMENT_NOISE,
): Look {
  const arms = [one, all];
  if (arms.some((rates) => rates.length < 2 || rates.some((rate) => !(rate > 0)))) {
    return { estimate: null, decision: 'continue' };
  }
  const [logsOne, logsAll] = [one.map(Math.log), all.map(Math.log)];
  const variance = (logs: number[]) => standardDeviation(logs) ** 2 / logs.length;
  const error = Math.sqrt(variance(logsOne) + variance(logsAll) + 2 * noise ** 2 + REPLICA_NOISE ** 2);
  const t = studentQuantile(1 - alpha, Math.min(one.length, all.length) - 1);
  const centre = mean(logsAll) - mean(logsOne);
  const estimate = {
    value: Math.exp(centre),
    low: Math.exp(centre - t * error),
    high: Math.exp(centre + t * error),
    level: 1 - 2 * alpha,
  };
  if (estimate.high < minSpeedup) return { estimate, decision: 'fail' };
  return { estimate, decision: 'exhausted' };
}
