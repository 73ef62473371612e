import { storedVerdict } from '../../publish/stored-verdict.ts';
import { unmeasuredChange } from '../../verdict/comparisons.ts';
import { reusedReason } from '../../verdict/reuse.ts';
import type { Ending } from '../execute.ts';
import type { Run } from '../run.ts';
import type { Planned } from './preflight.ts';

/**
 * How the run ends where an earlier verdict counts for it, before anything is leased; null where the stack has to be
 * measured, with the reason in the log.
 */
export async function reuseStep(run: Run, { context, prepared }: Planned): Promise<Ending | null> {
  const { inputs, note, emit, signal } = context;
  if (inputs.reuse === 'never') return null;
  const measured = (reason: string) => {
    emit({ type: 'fact', stage: 'preflight', text: `no earlier verdict is reused: ${reason}` });
    return null;
  };
  const { base } = prepared;
  if (base && base.state !== 'same') return measured('The change has to be compared with a base stack that differs.');
  const { basis } = run.report();
  if (!basis?.hash) return measured(basis?.problem ?? 'What the verdict rests on is not known.');
  const found = await storedVerdict(basis.hash, { inputs, env: run.host.env, signal });
  if ('reason' in found) return measured(found.reason);
  const { reused } = found;
  note({ type: 'reused', reused });
  if (base) {
    const reason = 'The base stack has the same objects.';
    note({ type: 'compared', comparison: unmeasuredChange('same', reason, 1 - inputs.maxSlowdown) });
  }
  return { verdict: reused.verdict, reasons: [reusedReason(reused, inputs.target)] };
}
