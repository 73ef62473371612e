import { type MeasuredResult, tooBusy } from '../../lab/busy.ts';

/** Options of a test that measures: once more, where its own machine was too busy. Any other failure is one. */
export const ON_A_BUSY_MACHINE = { retry: { count: 1, condition: /too busy to measure/ } };

/** Throws what `ON_A_BUSY_MACHINE` repeats the test for. */
export function needsQuiet(result: MeasuredResult): void {
  const busy = tooBusy(result);
  if (busy !== null) throw new Error(`this machine is too busy to measure: ${busy}`);
}

/** A measured run; once more, and loudly, where its own machine was too busy. `again` cleans up after the first. */
export async function onQuietMachine<Run>(
  measure: () => Promise<Run>,
  resultOf: (run: Run) => MeasuredResult,
  again: () => Promise<unknown> = async () => {},
): Promise<Run> {
  const run = await measure();
  const busy = tooBusy(resultOf(run));
  if (busy === null) return run;
  process.stderr.write(`This machine is too busy to measure (${busy}): measured once more.\n`);
  await again();
  return measure();
}
