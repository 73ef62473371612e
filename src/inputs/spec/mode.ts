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
    description: [
      '`validate` leases, deploys, measures, judges and gives back. `nightly` is the same with a fixed number of',
      'pairs, for a history. `preflight` only looks: everything that can be known for free, in one table. `deploy`',
      'leaves a stack that serves until `expires-in` is over; `restore` is the same with Pattern 1, as a rollback.',
      '`cleanup` ends what was left. `report` publishes a result that was made elsewhere. `command` takes up `/measure` in a comment. `auto`: `nightly` on a',
      'schedule, `report` on workflow_run, else `validate`; a mode that leaves nodes is asked for by name.',
    ].join(' '),
  },
  'dry-run': {
    group: 'mode',
    partOf: 'mode',
    default: 'false',
    description: 'Only look, as `preflight` does, at what `mode` would do.',
  },
  /** Whether the identity may only read: what needs more is then not checked. */
  'read-only': {
    group: 'mode',
    key: 'readOnly',
    parse: readOnly,
    default: 'false',
    description: [
      'In mode `preflight`: the identity may only read, as that of a check on every push should. What needs more is then',
      'not checked: the permissions of a run, and the server-side dry run.',
    ].join(' '),
  },
  /** For a stack that stays after the run: how long, or null for no end. Null where nothing stays. */
  'expires-in': {
    group: 'mode',
    key: 'keep',
    parse: keep,
    description: [
      "How long a stack of mode `deploy` or `restore` stays, or `never`. The pool's lease says so; the sweeper",
      'gives the nodes back then. Default: `2h`, in mode `restore` `never`, since a rollback must not end by itself.',
    ].join(' '),
  },
} as const satisfies Readonly<Record<string, InputRow>>;
