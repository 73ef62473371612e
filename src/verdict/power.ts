import { type DecisionPlan, lookLimit } from './decide.ts';
import { studentQuantile } from './distributions.ts';

export interface NoiseAssumption {
  /** Coefficient of variation of the service time. Recorded runs: 0.14–0.35. */
  serviceCv: number;
  /** Relative block-to-block noise that more requests do not remove, e.g. 0.02. */
  blockNoise: number;
  /** Requests counted in the windows of one pair. */
  requestsOne: number;
  requestsAll: number;
}

/**
 * Standard deviation of one pair's log ratio: CV²·(1/N_one + 1/N_all) from a finite number of requests in a closed loop
 * with busy slots, plus the block noise of both arms.
 */
export function pairNoise(noise: NoiseAssumption): number {
  const sampling = noise.serviceCv ** 2 * (1 / noise.requestsOne + 1 / noise.requestsAll);
  return Math.sqrt(sampling + 2 * noise.blockNoise ** 2);
}

/**
 * The smallest true speedup that the plan proves with probability `power` when all its pairs are measured. Slightly
 * pessimistic: earlier looks, which can only help, are left out. Print it before money is spent: a target below it
 * cannot be decided by this plan.
 */
export function smallestProvableSpeedup(plan: DecisionPlan, perPairNoise: number, power = 0.8): number {
  const df = plan.maxPairs - 1;
  const distance = lookLimit(plan.maxPairs, plan).t + studentQuantile(power, df);
  return plan.minSpeedup * Math.exp((distance * perPairNoise) / Math.sqrt(plan.maxPairs));
}
