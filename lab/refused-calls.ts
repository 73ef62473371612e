import type { RefusedCall } from './scenarios/types.ts';

/** The refusal that a request meets; undefined where it is carried out. `target` is the path, with the query if any. */
export type Refuse = (method: string, target: string) => Pick<RefusedCall, 'status' | 'body' | 'headers'> | undefined;

/** Refuses calls, each as often and for as long as it says. */
export function refuseCalls(refused: readonly RefusedCall[]): Refuse {
  const calls = refused.map((one) => ({
    ...one,
    pattern: new RegExp(`^${one.call}`),
    left: one.times ?? Infinity,
    until: Infinity,
  }));
  return (method, target) => {
    const now = Date.now();
    const found = calls.find(
      ({ pattern, left, until }) => left > 0 && now <= until && pattern.test(`${method} ${target}`),
    );
    if (found) {
      found.left -= 1;
      found.until = Math.min(found.until, now + 1_000 * (found.seconds ?? Infinity));
    }
    return found;
  };
}
