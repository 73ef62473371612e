import type { ModeName } from '../lib/modes.ts';

/** Inputs that a mode reads together or not at all. */
export type InputGroup =
  | 'mode'
  | 'place'
  | 'access'
  | 'stack'
  | 'target'
  | 'load'
  | 'run'
  | 'lease'
  | 'release'
  | 'price'
  | 'comment'
  | 'report'
  | 'history'
  | 'store'
  | 'token'
  | 'issue'
  | 'command';

const RUN = [
  'mode',
  'place',
  'access',
  'stack',
  'target',
  'load',
  'run',
  'lease',
  'release',
  'price',
  'comment',
  'report',
  'store',
  'token',
] as const;

/** Groups that each mode reads. A mode without a row here does not compile. */
export const MODE_GROUPS = {
  validate: RUN,
  nightly: RUN,
  preflight: RUN,
  deploy: RUN,
  restore: RUN,
  cleanup: ['place', 'access', 'lease', 'release', 'token'],
  command: ['command', 'comment', 'token'],
  report: ['comment', 'report', 'history', 'store', 'token'],
} as const satisfies Readonly<Record<ModeName, readonly InputGroup[]>>;

/** Groups of a mode that runs the stages. */
export const RUN_GROUPS = MODE_GROUPS.validate;

/** Groups of the sweeper, an action of its own. */
export const SWEEP_GROUPS = ['issue', ...MODE_GROUPS.cleanup] as const;

/** Groups of the post step. Its lease names the cluster. */
export const RELEASE_GROUPS = ['access', 'release', 'price', 'comment', 'token'] as const;

/** Groups of the gate as an action: of any mode. */
export const ACTION_GROUPS: readonly InputGroup[] = [...new Set(Object.values(MODE_GROUPS).flat())];
