import { percentile } from '../../../src/verdict/statistics.ts';

/** The middle one of some figures. Throws RangeError for none. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/**
 * Takes several measurements in turn, each round in the reverse order of the last, so that a machine that becomes slower
 * or faster meanwhile does so for all of them. Returns the figures of each by its name.
 */
export async function inTurn<Name extends string>(
  rounds: number,
  measurements: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(measurements) as Name[];
  const taken = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) taken[name].push(await measurements[name]());
  }
  return taken;
}

/** The median over all rounds of what one measurement took as a multiple of another in the same round. */
export function medianRatio(of: readonly number[], to: readonly number[]): number {
  return median(of.map((value, round) => value / (to[round] ?? Number.NaN)));
}
