import type { ActionsIo } from '../clients/runner/actions.ts';
import { OUTPUT_NAMES, type OutputName } from '../report/outputs.ts';

/** Sets every output; those without a value become empty. */
export function setOutputs(io: ActionsIo, values: Partial<Record<OutputName, string>>): void {
  for (const name of OUTPUT_NAMES) io.setOutput(name, values[name] ?? '');
}

/** Reports all that is wrong with the inputs. Returns the exit code. */
export function refuseInputs(io: ActionsIo, problems: readonly string[]): number {
  setOutputs(io, { verdict: 'error', passed: 'false' });
  for (const problem of problems) io.info(problem);
  io.error(problems.join(' '), { title: 'Bad input' });
  return 1;
}

/** The Google client rejects twice when it cannot start; the second, unhandled rejection must not end the process. */
export function warnOfUnhandled(io: ActionsIo): void {
  process.on('unhandledRejection', (reason) => io.warning(`Unhandled: ${String(reason)}`));
}
