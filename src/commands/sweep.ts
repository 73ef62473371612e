import type { InputSource } from '../inputs/source.ts';
import { keepForStderr } from '../lib/exit.ts';
import { systemClock } from '../lib/poll.ts';
import { createRedactor } from '../lib/redact.ts';
import { runSweep, type SweepIo, type SweepOutcome } from '../modes/sweep-pools.ts';
import { interruptSignal } from '../pipeline/signals.ts';
import { neutral } from '../progress/actions.ts';
import { plainRenderer } from '../progress/plain.ts';
import { type Ending, exitCode } from './exit-codes.ts';
import { asFlags, spelled } from './spelling.ts';

const ENDINGS: Readonly<Record<SweepOutcome, Ending>> = { done: 'pass', failed: 'error', 'bad-inputs': 'usage' };

/**
 * Sweeps from a terminal or a cron job. `ends`: also ends the stack that is kept on one pool, or on `all`. `isJson`: stdout has the
 * result as JSON alone. Returns the exit code.
 */
export async function sweepCommand(
  source: InputSource,
  { ends, isJson }: { ends?: string; isJson: boolean },
): Promise<number> {
  const { env } = source;
  const { register, redact } = createRedactor();
  const write = (line: string) => {
    const text = spelled(neutral(redact(line)));
    (isJson ? process.stderr : process.stdout).write(`${text}\n`);
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
      for (const problem of texts) process.stderr.write(`${asFlags(problem)}\n`);
    },
    summary: (markdown) => write(markdown),
    outputs: (values) => {
      if (isJson) process.stdout.write(`${redact(JSON.stringify(resultOf(values), null, 2))}\n`);
    },
  });
  return exitCode(ENDINGS[outcome]);
}

/** Pools by name, the address of the issue, and when the sweep before this one ended; null for none. */
function resultOf(values: Parameters<SweepIo['outputs']>[0]) {
  const list = (names: string) => names.split(',').filter((name) => name !== '');
  return {
    swept: list(values.swept),
    failed: list(values.failed),
    issueUrl: values['issue-url'] || null,
    lastRun: values['last-run'] || null,
  };
}
