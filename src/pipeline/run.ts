import type { Manifest } from '../clients/files/manifests.ts';
import type { ClusterInfo, GkeClient } from '../clients/google/gke.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { RegistryClient } from '../clients/registry/client.ts';
import { atStage, Failure } from '../lib/failure.ts';
import { isCutOff } from '../report/cause.ts';
import type { Fact, StageEnding } from '../report/facts.ts';
import type { Report, StageName } from '../report/model.ts';
import { preflightCounts, SUPERSEDED } from '../report/wording.ts';
import type { ServiceRef } from '../stack/refs.ts';
import type { Measured } from '../stages/benchmark/benchmark.ts';
import type { BaseContext, Kept, LeaseState } from '../stages/context.ts';
import type { TpuNode } from '../stages/lease/nodes.ts';
import type { Table } from '../stages/preflight/table.ts';
import type { Files } from '../stages/preflight/workspace.ts';
import type { Journal } from './journal.ts';
import { BESIDE_FAILED } from './side-by-side.ts';

/** The cluster, once credentials have been accepted. */
export interface World {
  gke: GkeClient;
  kube: KubeClient;
  /** Null where the inputs turn the look at images off. */
  registry: RegistryClient | null;
  cluster: ClusterInfo;
}

/** The lines of preflight that a connection is made of. */
export type ConnectLine = 'identity' | 'cluster' | 'kubernetes';

/**
 * Opens one part of the connection. An error is the failed line of that part, and is thrown again. With `seen` a success is
 * a line too; without it a later check has the line.
 */
export type ConnectStep = <T>(line: ConnectLine, open: () => Promise<T>, seen?: (value: T) => string) => Promise<T>;

/** What a run needs from where it runs. */
export interface RunHost {
  /** Of the process, for what is asked of GitHub. */
  env: Readonly<Record<string, string | undefined>>;
  /** Reads the files that the inputs name; each is a line of preflight. No call is made. Null when a line failed. */
  load: (table: Table) => Promise<Files | null>;
  /** The first calls. Each of its steps is a line of preflight. */
  connect: (step: ConnectStep) => Promise<World>;
  /** Called before the first call that can cost money. */
  saveLease: (state: LeaseState) => void;
  /** Throws when nobody needs the result any more. Called before the first call that can cost money. */
  stillWanted?: () => Promise<void>;
  /** Called with `true` before each first call that changes the cluster, and with `false` when such a call changed nothing. */
  changing?: (changed: boolean) => void;
  /** Called once it is known that a stack that stays will be deployed. Returns where that is announced. */
  announce?: () => Promise<Kept['deployment']>;
}

/** What a run has found so far; a diagnosis asks about it, and lost nodes explain a failure. */
export interface Known {
  world: World | null;
  manifests: readonly Manifest[];
  service: ServiceRef | null;
  /** The nodes that were leased, once they were Ready. */
  leased: { pool: string; spot: boolean; nodes: readonly TpuNode[] } | null;
  measured: Measured | null;
}

export interface StageTitle {
  name: StageName;
  title: string;
  /** What the stage usually takes, and the most that it may take, in milliseconds; null for no such time. */
  usualMs?: number | null;
  limitMs?: number | null;
}

/** What the body of a stage returns: its value, one line for the reader, and facts that the value implies. */
export interface StageEnd<T> {
  value: T;
  summary: string;
  facts?: readonly Fact[];
}

/** One run from its first check to its verdict: clock, signal, events, deadlines, and what is known. */
export interface Run {
  /** What stages are given before the cluster is known. Its signal also aborts when the run must end early. */
  readonly context: BaseContext;
  readonly host: RunHost;
  readonly known: Readonly<Known>;
  report(): Report;
  found(what: Partial<Known>): void;
  /** Runs a stage: its start, its end and its time are reported. A failure is thrown as one of that stage. */
  stage<T>(title: StageTitle, body: () => Promise<StageEnd<T>>): Promise<T>;
  /** Ends the run early, for nodes or a pool that were lost, or for money. */
  end(failure: Failure): void;
  /** The moment of the clock, in milliseconds, at which the run must have ended. */
  endsMs(): number;
  /** Brings that moment forward. */
  endBefore(ms: number): void;
  /** Calls back when the run has its verdict, however it ended. */
  onEnd(callback: () => void): void;
  ended(): void;
}

/** A run that has not begun. */
export function createRun(given: Omit<BaseContext, 'note'>, journal: Journal, host: RunHost): Run {
  const early = new AbortController();
  const { note, report } = journal;
  const context: BaseContext = { ...given, note, signal: AbortSignal.any([given.signal, early.signal]) };
  const known: Known = { world: null, manifests: [], service: null, leased: null, measured: null };
  const { clock, emit } = context;
  const callbacks: (() => void)[] = [];
  let endsMs = clock.now() + context.inputs.timeoutMs;
  return {
    context,
    host,
    known,
    report,
    found: (what) => Object.assign(known, what),
    end: (failure) => early.abort(failure),
    endsMs: () => endsMs,
    endBefore: (ms) => {
      endsMs = Math.min(endsMs, ms);
    },
    onEnd: (callback) => callbacks.push(callback),
    ended: () => {
      for (const callback of callbacks) callback();
    },
    async stage({ name, title, usualMs = null, limitMs = null }, body) {
      const started = clock.now();
      note({ type: 'stage-started', stage: name, at: new Date().toISOString() });
      emit({ type: 'stage-start', stage: name, title, usualMs, limitMs });
      const end = (outcome: StageEnding, summary: string) => {
        const durationMs = Math.round(clock.now() - started);
        note({ type: 'stage-ended', stage: name, outcome, summary, durationMs });
        emit({ type: 'stage-end', stage: name, outcome, summary, durationMs });
      };
      try {
        const { value, summary, facts = [] } = await body();
        end('done', summary);
        for (const fact of facts) note(fact);
        return value;
      } catch (error) {
        const failure = atStage(error, name);
        const { preflight: lines } = report();
        const counted = name === 'preflight' && lines.some(({ outcome }) => outcome === 'fail');
        end(
          wasStopped(failure, context.signal, report()) ? 'stopped' : 'failed',
          counted ? preflightCounts(lines) : failure.message,
        );
        throw failure;
      }
    },
  };
}

/**
 * Whether a stage ended without a fault of its own: by a signal, by a limit on the run, or for a stage that has failed
 * already. Such a stage is not a second failure for a reader to look into.
 */
function wasStopped({ code }: Failure, { aborted, reason }: AbortSignal, { stages }: Report): boolean {
  if (code === BESIDE_FAILED || code === SUPERSEDED || isCutOff(code)) return true;
  if (!aborted || !(reason instanceof Failure)) return aborted;
  return isCutOff(reason.code) || (reason.code === code && stages.some(({ outcome }) => outcome === 'failed'));
}
