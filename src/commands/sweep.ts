import type { InputSource } from '../inputs/source.ts';
import { keepForStderr } from '../lib/exit.ts';
import { systemClock } from '../lib/poll.ts';
import { createRedactor } from '../lib/redact.ts';
import { runSweep, type SweepOutcome } from '../modes/sweep-pools.ts';
import { interruptSignal } from '../pipeline/signals.ts';
import { neutral } from '../progress/actions.ts';
import { plainRenderer } from '../progress/plain.ts';
import { type Ending, exitCode } from './exit-codes.ts';

const ENDINGS: Readonly<Record<SweepOutcome, Ending>> = { done: 'pass', failed: 'error', 'bad-inputs': 'usage' };

/**
 * Sweeps from a terminal or a cron job. `ends`: also ends the stack that is kept on one pool, or on `all`. Returns the
 * exit code.
 */
export async function sweepCommand(source: InputSource, { ends }: { ends?: string }): Promise<number> {
  const { env } = source;
  const { register, redact } = createRedactor();
  const write = (line: string) => {
    const text = neutral(redact(line));
    process.stdout.write(`${text}\n`);
    keepForStderr(text);
  };
  const emit = plainRenderer({ now: systemClock.now, write });
  process.on('unhandledRejection', (reason) => emit({ type: 'warning', text: `unhandled: ${String(reason)}` }));
  const outcome = await runSweep({
    source,
    env,
    ...(ends === undefined ? {} : { ends }),
    signal: interruptSignal(),
    emit,
    onSecret: register,
    problems: (texts) => {
      for (const problem of texts) process.stderr.write(`${problem}\n`);
    },
    summary: (markdown) => write(markdown),
    outputs: () => {},
  });
  return exitCode(ENDINGS[outcome]);
}
