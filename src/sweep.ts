import { type ActionsIo, createActionsIo } from './clients/runner/actions.ts';
import { errorText } from './lib/failure.ts';
import { runSweep } from './modes/sweep-pools.ts';
import { stepLog } from './pipeline/action-log.ts';
import { warnOfUnhandled } from './pipeline/action-outputs.ts';
import { configuredIo } from './pipeline/config.ts';
import { interruptSignal } from './pipeline/signals.ts';
import { logLine } from './report/escape.ts';

/** The sweeper as an action: `sweep/action.yml`. It fails when it cannot release a pool, and when it cannot look. */
export async function sweepAction(): Promise<number> {
  const { env } = process;
  const given = createActionsIo(env);
  warnOfUnhandled(given);
  const found = await configuredIo(given);
  const io = 'io' in found ? found.io : given;
  const problems = (texts: readonly string[]) => {
    for (const text of texts) io.info(text);
    io.error(texts.join(' '), { title: 'Bad input' });
  };
  if ('problems' in found) {
    problems(found.problems);
    return 1;
  }
  const sweeping = runSweep({
    source: io.inputs,
    env,
    signal: interruptSignal(),
    emit: stepLog(io),
    onSecret: io.mask,
    problems,
    summary: io.appendSummary,
    outputs: (values) => {
      for (const [name, value] of Object.entries(values)) io.setOutput(name, value);
    },
  });
  const outcome = await sweeping.catch((error: unknown) => endedEarly(io, error));
  if (outcome === 'failed') {
    io.error('A node pool whose run is gone could not be released: TPU nodes may still be running. See the summary.', {
      title: 'TPU nodes were not released',
    });
  }
  return outcome === 'done' ? 0 : 1;
}

/** A sweep that could not look may leave nodes behind: the reader gets the command that looks again. */
function endedEarly(io: ActionsIo, error: unknown): 'early' {
  const where = ['project-id', 'location', 'cluster'].map((name) => `--${name} ${io.inputs.get(name)}`).join(' ');
  const text = `The sweep ended early: ${logLine(errorText(error), 1_000)} TPU nodes of runs that are gone may still be running.`;
  io.error(`${text} Run it again, or by hand: tpu-serving-gate sweep ${where}`, {
    title: 'TPU nodes may still be running',
  });
  return 'early';
}
