import { Failure } from '../lib/failure.ts';
import type { StageContext } from '../stages/context.ts';

/** Code of the failure of a stage that was stopped because the stage beside it failed. */
export const BESIDE_FAILED = 'stopped';

/** Two stages that run at the same time. */
export interface SideBySide {
  /** What both stages are given. Its signal also aborts when the other stage fails. */
  context: StageContext;
  /** Waits for both. Throws the failure that came first. */
  join(both: Promise<unknown>[]): Promise<void>;
}

/** Prepares two stages that run at the same time: the failure of one stops the other. */
export function sideBySide(context: StageContext): SideBySide {
  const stop = new AbortController();
  return {
    context: { ...context, signal: AbortSignal.any([context.signal, stop.signal]) },
    async join(both) {
      const failures: unknown[] = [];
      await Promise.all(
        both.map((one) =>
          one.catch((error: unknown) => {
            failures.push(error);
            stop.abort(
              new Failure({
                stage: 'lease',
                code: BESIDE_FAILED,
                message: 'Stopped because the stage beside it failed.',
              }),
            );
          }),
        ),
      );
      if (failures.length > 0) throw failures[0];
    },
  };
}
