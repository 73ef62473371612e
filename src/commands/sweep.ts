import { parseArgs } from 'node:util';
import { SWEEP_GROUPS } from '../inputs/groups.ts';
import { spellingsIn } from '../inputs/spec.ts';
import { systemClock } from '../lib/poll.ts';
import { createRedactor } from '../lib/redact.ts';
import { runSweep } from '../modes/sweep-pools.ts';
import { interruptSignal } from '../pipeline/signals.ts';
import { neutral } from '../progress/actions.ts';
import { plainRenderer } from '../progress/plain.ts';

const CODES = { done: 0, failed: 2, 'bad-inputs': 3 } as const;

/**
 * `tpu-serving-gate sweep`: the sweeper from a terminal or a cron job, with the inputs of `sweep/action.yml` as flags.
 * `cleanup` is the same and ends the stacks that are kept too, of `--node-pool` or of all pools.
 */
export async function sweepCommand(
  args: string[],
  env: Readonly<Record<string, string | undefined>>,
  { cleanup = false } = {},
): Promise<number> {
  const known = [...spellingsIn(SWEEP_GROUPS), ...(cleanup ? ['node-pool'] : [])];
  const options = Object.fromEntries(known.map((name) => [name, { type: 'string' as const }]));
  // Not strict: a near miss gets its answer from the inputs, together with everything else that is wrong.
  const { values } = parseArgs({ args, options, strict: false, allowPositionals: true });
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const { register, redact } = createRedactor();
  const write = (line: string) => {
    process.stdout.write(`${neutral(redact(line))}\n`);
  };
  const emit = plainRenderer({ now: systemClock.now, write });
  process.on('unhandledRejection', (reason) => emit({ type: 'warning', text: `unhandled: ${String(reason)}` }));
  const outcome = await runSweep({
    source: {
      get: (name) => text(values[name]) ?? (name === 'github-token' ? env.GITHUB_TOKEN : undefined),
      given: Object.keys(values).filter((name) => !cleanup || name !== 'node-pool'),
      env,
    },
    env,
    ...(cleanup ? { ends: text(values['node-pool']) ?? 'all' } : {}),
    signal: interruptSignal(),
    emit,
    onSecret: register,
    problems: (texts) => {
      for (const problem of texts) process.stderr.write(`${problem}\n`);
    },
    summary: (markdown) => write(markdown),
    outputs: () => {},
  });
  return CODES[outcome];
}
