import { createActionsIo } from './clients/runner/actions.ts';
import { runSweep } from './modes/sweep-pools.ts';
import { stepLog } from './pipeline/action-log.ts';
import { warnOfUnhandled } from './pipeline/action-outputs.ts';
import { interruptSignal } from './pipeline/signals.ts';

/** The sweeper as an action: `sweep/action.yml`. Red when a pool could not be given back, and when it could not look. */
export async function sweepAction(): Promise<number> {
  const { env } = process;
  const io = createActionsIo(env);
  warnOfUnhandled(io);
  const outcome = await runSweep({
    source: io.inputs,
    env,
    signal: interruptSignal(),
    emit: stepLog(io),
    onSecret: io.mask,
    problems: (texts) => {
      for (const text of texts) io.info(text);
      io.error(texts.join(' '), { title: 'Bad input' });
    },
    summary: io.appendSummary,
    outputs: (values) => {
      for (const [name, value] of Object.entries(values)) io.setOutput(name, value);
    },
  });
  if (outcome === 'failed') {
    io.error(
      'A node pool whose run is gone could not be given back: TPU nodes may still be running. See the summary.',
      {
        title: 'TPU nodes were not given back',
      },
    );
  }
  return outcome === 'done' ? 0 : 1;
}
