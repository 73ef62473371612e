/**
 * Modes that run the stages and leave a report: `validate` and `nightly` lease, deploy, measure and release; `preflight`
 * only checks; `deploy` and `restore` leave a stack that serves.
 */
export type RunMode = 'validate' | 'nightly' | 'preflight' | 'deploy' | 'restore';

/** Every value of the input `mode` except `auto`. */
export type ModeName = RunMode | 'cleanup' | 'report' | 'command';

/** What a mode does. The rest of the gate asks for a trait and never for a mode's name. */
export interface ModeTraits {
  /** Runs the stages, and so makes a report of its own. */
  runs: boolean;
  /** Measures; its result belongs in the history, and a pass is what later changes are compared with. */
  measures: boolean;
  /** Leaves a stack that serves after the run. */
  keepsStack: boolean;
  /** Creates the stack again where it exists already, since somebody else may own its fields. */
  remakesStack: boolean;
  /** Takes components of the gate over the manifests. */
  takesComponents: boolean;
  /** Leases nodes; without it nothing is deployed and nothing costs money. */
  leases: boolean;
  /** Calls Google Cloud and the Kubernetes API. */
  needsCluster: boolean;
  /** The shipped stack that `manifests` and `retire` default to. */
  pattern: 1 | 3;
  /** Default of the input `pairs`: fewest and most. An early stop biases the ratio, which a history cannot bear. */
  pairs: '6-15' | '12-12';
  /** Default of the input `goodput-slo`: figures that decide nothing keep the nodes of a run for which somebody waits. */
  goodput: 'auto' | 'off';
  /** Default of the input `expires-in`. A rollback must not end by itself. */
  expiresIn: '2h' | 'never';
  /** US dollars that `max-cost: auto` limits a run to; null for no limit. */
  maxCostUsd: number | null;
  /** Events of GitHub Actions for which `auto` means this mode. */
  autoEvents: readonly string[];
  /** Replaces the word before the verdict in headings; null for the usual one. */
  heading: string | null;
}

const RUN: ModeTraits = {
  runs: true,
  measures: false,
  keepsStack: false,
  remakesStack: false,
  takesComponents: false,
  leases: true,
  needsCluster: true,
  pattern: 3,
  pairs: '6-15',
  goodput: 'off',
  expiresIn: '2h',
  maxCostUsd: null,
  autoEvents: [],
  heading: null,
};

/** The traits of every mode. */
export const MODES: Readonly<Record<ModeName, ModeTraits>> = {
  validate: { ...RUN, measures: true, maxCostUsd: 60 },
  nightly: { ...RUN, measures: true, maxCostUsd: 60, pairs: '12-12', goodput: 'auto', autoEvents: ['schedule'] },
  preflight: { ...RUN, leases: false, heading: 'Preflight' },
  deploy: { ...RUN, keepsStack: true, takesComponents: true, heading: 'Deploy' },
  restore: { ...RUN, keepsStack: true, remakesStack: true, pattern: 1, expiresIn: 'never', heading: 'Restore' },
  cleanup: { ...RUN, runs: false, leases: false },
  report: { ...RUN, runs: false, leases: false, needsCluster: false, autoEvents: ['workflow_run'] },
  command: { ...RUN, runs: false, leases: false, needsCluster: false },
};

/** What `auto` means where no mode claims the event. */
export const DEFAULT_MODE: RunMode = 'validate';

/** The names of all modes, in the order in which texts list them. */
export const MODE_NAMES = Object.keys(MODES) as readonly ModeName[];

/** Whether a mode runs the stages. */
export function isRunMode(name: ModeName): name is RunMode {
  return MODES[name].runs;
}

/** The mode that `auto` means for an event of GitHub Actions. */
export function modeOfEvent(event: string | undefined): ModeName {
  return MODE_NAMES.find((name) => event !== undefined && MODES[name].autoEvents.includes(event)) ?? DEFAULT_MODE;
}
