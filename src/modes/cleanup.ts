import type { ActionsIo } from '../clients/runner/actions.ts';
import { ACTION_GROUPS } from '../inputs/groups.ts';
import type { InputSource } from '../inputs/source.ts';
import { spellingsIn } from '../inputs/spec.ts';
import { adviceText } from '../lib/failure.ts';
import { stepLog } from '../pipeline/action-log.ts';
import { noteChanged, refuseInputs, setOutputs } from '../pipeline/action-outputs.ts';
import { interruptSignal } from '../pipeline/signals.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Ends stacks that were deployed to stay, and releases what dead runs left behind. */
export async function cleanUp(io: ActionsIo, env: Env): Promise<number> {
  const { runSweep } = await import('./sweep-pools.ts');
  const pool = io.inputs.get('node-pool')?.trim() || 'all';
  const dryRun = io.inputs.get('dry-run')?.trim() || 'false';
  if (dryRun !== 'true' && dryRun !== 'false') {
    return refuseInputs(io, [`Input "dry-run" is "${dryRun}"; allowed: true or false.`]);
  }
  let changed = false;
  noteChanged(io)(changed);
  let bad: string[] = [];
  const sweeping = runSweep({
    source: forSweep(io.inputs),
    env,
    emit: stepLog(io),
    signal: interruptSignal(),
    onSecret: io.mask,
    ends: pool,
    dryRun: dryRun === 'true',
    onChanging: () => {
      changed = true;
      noteChanged(io)(changed);
    },
    problems: (texts) => {
      bad = texts;
    },
    summary: io.appendSummary,
    outputs: ({ 'issue-url': url }) => {
      if (url) io.notice(url, 'Issue');
    },
  });
  const outcome = await sweeping.catch((error: unknown) => {
    io.error(adviceText(error), { title: 'Cleanup' });
    return 'failed' as const;
  });
  if (outcome === 'bad-inputs') return refuseInputs(io, bad);
  const done = outcome === 'done';
  const verdict = done ? 'pass' : 'error';
  setOutputs(io, { mode: 'cleanup', verdict, passed: String(done), changed: String(changed) });
  if (!done) io.error('Not all pools could be released; the summary and the log name them.', { title: 'Cleanup' });
  return done ? 0 : 1;
}

/** The inputs of the action for the sweeper. Those of other modes are not read, and are not a mistake. */
function forSweep(source: InputSource): InputSource {
  const known = new Set(spellingsIn(ACTION_GROUPS));
  return { ...source, given: source.given.filter((name) => !known.has(name)) };
}
