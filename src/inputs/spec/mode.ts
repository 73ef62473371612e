import { keep, MODE_CHOICES, readOnly, runMode } from '../parsers/mode.ts';
import type { InputRow } from '../row.ts';

/** What is asked for, and how long it stays. */
export const MODE = {
  /** `mode` is `preflight` also for a dry run of another mode; `restores` holds for mode `restore` and a dry run of it. */
  mode: {
    group: 'mode',
    fields: runMode,
    default: 'auto',
    choices: MODE_CHOICES,
    modes: ['validate', 'nightly', 'preflight', 'deploy', 'restore', 'cleanup', 'report', 'command'],
    description: [
      '`validate` leases nodes, deploys, measures, judges and releases the nodes. `nightly` is the same with a fixed number',
      'of pairs and with goodput, for a history. `preflight` checks everything that can be known for free. `deploy` leaves a stack that',
      'serves until `expires-in` is over. `restore` is the same with Pattern 1, as a rollback. `cleanup` ends such stacks',
      'and releases the nodes of dead runs. `report` publishes the result of another job. `command` acts on `/measure` in a',
      'comment. `auto` is `nightly` on a schedule, `report` on workflow_run, else `validate`. It never chooses a mode that',
      'leaves nodes.',
    ].join(' '),
  },
  'dry-run': {
    group: 'mode',
    partOf: 'mode',
    default: 'false',
    modes: ['validate', 'nightly', 'deploy', 'restore', 'cleanup'],
    description: 'Check what `mode` would do, as `preflight` does, and change nothing.',
  },
  /** Whether the identity may only read: what needs more is then not checked. */
  'read-only': {
    group: 'mode',
    key: 'readOnly',
    parse: readOnly,
    default: 'false',
    modes: ['preflight'],
    description: [
      'In mode `preflight`: the identity may only read, as for a check on every push. The gate then does not check the',
      'permissions of a run, and makes no server-side dry run.',
    ].join(' '),
  },
  /** For a stack that stays after the run: how long, or null for no end. Null where nothing stays. */
  'expires-in': {
    group: 'mode',
    key: 'keep',
    parse: keep,
    modes: ['deploy', 'restore'],
    description: [
      'How long a stack of mode `deploy` or `restore` stays, or `never`. The lease of the pool records the end, and the',
      'sweeper then releases the nodes. Default: `2h`, in mode `restore` `never`, since a rollback must not end by itself.',
    ].join(' '),
  },
} as const satisfies Readonly<Record<string, InputRow>>;
