import type { ActionsIo } from '../clients/runner/actions.ts';
import { errorText } from '../lib/failure.ts';
import { prose } from '../report/escape.ts';
import { OUTPUT_NAMES, type OutputName } from '../report/outputs.ts';

/** Sets every output; those without a value become empty. Outputs that cannot be written are an error in the log. */
export function setOutputs(io: ActionsIo, values: Partial<Record<OutputName, string>>): void {
  try {
    for (const name of OUTPUT_NAMES) io.setOutput(name, values[name] ?? '');
  } catch (error) {
    io.error(`The outputs were not written: ${errorText(error)}`, { title: 'No outputs' });
  }
}

/** Sets the output `changed`. It is appended synchronously, so that it survives a kill of this process. */
export function noteChanged({ setOutput }: ActionsIo): (changed: boolean) => void {
  return (changed) => setOutput('changed' satisfies OutputName, String(changed));
}

/** Reports all that is wrong with the inputs. Returns the exit code. */
export function refuseInputs(io: ActionsIo, problems: readonly string[]): number {
  setOutputs(io, { verdict: 'error', passed: 'false', changed: 'false' });
  for (const problem of problems) io.info(problem);
  io.error(problems.join(' '), { title: 'Bad input' });
  return 1;
}

/**
 * Ends a run that is not to be measured, which is nobody's fault: a notice, empty outputs and no verdict. Returns the exit
 * code.
 */
export function notMeasured(io: ActionsIo, { text, command = '' }: { text: string; command?: string }): number {
  setOutputs(io, { passed: 'false', changed: 'false' });
  io.notice(`${text} ${command}`.trim(), 'Not measured');
  io.appendSummary(command === '' ? prose(text) : `${text}\n\n\`\`\`sh\n${command}\n\`\`\``);
  return 0;
}

/** The Google client rejects twice when it cannot start; the second, unhandled rejection must not end the process. */
export function warnOfUnhandled(io: ActionsIo): void {
  process.on('unhandledRejection', (reason) => io.warning(`Unhandled: ${String(reason)}`));
}
