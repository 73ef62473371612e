import type { RefusedCall } from './scenarios/types.ts';

/** The refusal that a request meets; undefined where it is carried out. `target` is the path, with the query if any. */
export function refusalOf(
  refused: readonly RefusedCall[],
  method: string,
  target: string,
): Pick<RefusedCall, 'status' | 'body' | 'headers'> | undefined {
  return refused.find(({ call }) => new RegExp(`^${call}`).test(`${method} ${target}`));
}
