/** The repository of the gate and what of it ran, for links to its pages. */
export interface ToolSource {
  /** `https://github.com`, or a server of GitHub Enterprise. */
  server: string;
  repository: string;
  ref: string;
}

export interface RunIdentity {
  /** Page of the workflow run, null on the command line. */
  url: string | null;
  id: string;
  /**
   * @asType integer
   * @minimum 0
   * @maximum 1000000000
   */
  attempt: number;
  /**
   * Orders the comments of several runs.
   * @asType integer
   * @minimum 0
   * @maximum 1000000000
   */
  number: number;
  event: string | null;
  repository: string | null;
  workflow: string | null;
  job: string | null;
  sha: string | null;
  ref: string | null;
  pullRequest: number | null;
  /** First line of the message of the commit, where it is known. */
  subject?: string | null;
  /** The branch that the pull request is to be merged into; absent where the event names none, and in older reports. */
  baseRef?: string;
}

export interface Target {
  /** The gate: the lower limit of the speedup must exceed it. */
  minSpeedup: number;
  /** Upper end of the expected range; exceeding it is a note, not a failure. */
  expectedMaxSpeedup: number;
  successRate: number;
}

/** What the run set out to do; shown even when nothing was measured. */
export interface Plan {
  project: string;
  location: string;
  cluster: string;
  nodePool: string | null;
  nodes: number | null;
  /** Nodes among them that are for the base stack; absent where there is none. */
  baseNodes?: number;
  namespace: string;
  service: string | null;
  replicas: number | null;
  /** Concurrency per replica, equal in both arms; null until the ladder has found it. */
  concurrency: number | null;
  gateway: string | null;
  manifests: string;
}

/** A run that this one is compared with. */
export interface EarlierRun {
  url: string | null;
  sha: string | null;
  /** @format date-time */
  finishedAt: string | null;
}

/** What differs from the last run that passed. */
export interface ChangesSincePass {
  run: EarlierRun;
  /** Names of figures and versions with both values; empty when nothing that is recorded differs. */
  changes: { name: string; before: string; after: string }[];
}

export type StageName = 'preflight' | 'lease' | 'deploy' | 'ready' | 'verify' | 'benchmark' | 'release';

export interface StageResult {
  stage: StageName;
  /** `stopped`: it was ended from outside, by another stage that failed, a signal or a limit, and has no fault of its own. */
  outcome: 'done' | 'failed' | 'stopped' | 'skipped' | 'pending';
  /** @format date-time */
  startedAt: string | null;
  durationMs: number | null;
  /** One line: `3 nodes, 12 chips`. */
  summary: string;
}

/** A step of the critical path. */
export interface PathStep {
  /**
   * A stage by its name, or a part of one: `nodes` until the slowest replica had a node, `images` until its model server
   * started, with its images and model files, and `start` until it was Ready, with loading and compilation.
   */
  step: Exclude<StageName, 'release'> | 'nodes' | 'images' | 'start';
  /** The stage that the step belongs to. */
  stage: StageName;
  durationMs: number;
}

/** The steps that had to follow one another, from the start of the run to its verdict. */
export interface CriticalPath {
  steps: PathStep[];
  /** The sum of the steps. */
  pathMs: number;
  /** From the start of the run to its verdict. */
  wallMs: number;
  /** What the run took beyond the path. */
  slackMs: number;
  /** `wallMs` over `pathMs`; null without a step. */
  ratio: number | null;
}
