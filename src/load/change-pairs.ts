import { type BlockLoad, baselineOf, type PairTimings, withTrim } from './pairs.ts';

/** A pair of a comparison of two stacks. */
export interface ChangePairPlan {
  index: number;
  order: 'head-first' | 'base-first';
  /** The replica under test, from 0. */
  replica: number;
  blocks: readonly BlockLoad<'head' | 'base'>[];
}

/**
 * Both blocks of a pair are as long. Many short pairs show more than a few long ones: what comes with a block, such as a
 * neighbour's load, is drawn more often. So a pair has twenty latencies, but at least a third of `mostMs` and at most all of it:
 * the length of a pair of the scaling. Cut off from the start of each block are three latencies, an eighth of the
 * pair at least and half of a block at most.
 */
export function changeTimings({ mostMs, medianLatencyMs }: { mostMs: number; medianLatencyMs: number }): PairTimings {
  const pairMs = Math.min(mostMs, Math.max(mostMs / 3, 20 * medianLatencyMs));
  const blockMs = pairMs / 2;
  return withTrim({ oneMs: blockMs, allMs: blockMs }, { pairMs, medianLatencyMs });
}

/**
 * The pair at `index` (from 0). Each replica under test has its turn in every round, in an order that the seed decides,
 * and comes first in every other round. With one replica the arms take turns.
 */
export function changePairAt(
  index: number,
  {
    timings,
    concurrency,
    replicas,
    seed,
  }: { timings: PairTimings; concurrency: number; replicas: number; seed: string },
): ChangePairPlan {
  const { replica, order } = baselineOf(index, replicas, `${seed}/change`);
  const arms = order === 'one-first' ? (['head', 'base'] as const) : (['base', 'head'] as const);
  return {
    index,
    order: arms[0] === 'head' ? 'head-first' : 'base-first',
    replica,
    blocks: arms.map((arm, place) => ({
      ...{ arm, pair: index, block: 2 * index + place, concurrency },
      durationMs: arm === 'head' ? timings.oneMs : timings.allMs,
    })),
  };
}
