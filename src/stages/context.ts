import type { Manifest } from '../clients/files/manifests.ts';
import type { GkeClient } from '../clients/google/gke.ts';
import type { NodePoolInfo } from '../clients/google/node-pool.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { ObjectRef, OwnedRef } from '../clients/kubernetes/objects.ts';
import type { RegistryClient } from '../clients/registry/client.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { Clock } from '../lib/poll.ts';
import type { BlockRun } from '../load/closed-loop.ts';
import type { Emit } from '../progress/events.ts';
import type { QualityTask } from '../quality/task.ts';
import type { Note } from '../report/facts.ts';
import type { Environment, Report, RunIdentity } from '../report/model.ts';
import type { ServiceRef } from '../stack/refs.ts';

/** What every stage is given. A stage returns its value and notes what it learns; no stage reads the report. */
export interface StageContext {
  inputs: Inputs;
  gke: GkeClient;
  kube: KubeClient;
  /** Asked for the images of the manifests; none where the inputs turn that off. */
  registry?: RegistryClient | null;
  clock: Clock;
  signal: AbortSignal;
  emit: Emit;
  /** Takes what the stage learns, at once. */
  note: Note;
  /** Who asked for the run. */
  run: RunIdentity;
  /** Identifies this run of this job in names and marks of objects: lower case, at most 40 characters. */
  runKey: string;
  /** The user's own prompts for the benchmark; none for unique ones. */
  prompts?: readonly string[] | null;
  /** The user's own tasks for the quality of answers; none for the built-in ones. */
  qualityTasks?: readonly QualityTask[] | null;
  /** The result of an earlier run, for a one-replica arm that cannot be measured; none without one. */
  baseline?: Report | null;
  /** The program of the load clients in the cluster; null where the load comes from the runner in any case. */
  loadScript?: string | null;
  /** Records an object that this run has made, in the lease. Absent before the pool is leased. */
  own?: (ref: ObjectRef, uid: string) => void;
  /** Moment of `clock` at which the run ends by `timeout` or `max-cost`; none while neither can be near. */
  endsMs?: number;
  /**
   * Throws a Failure where a node that the run has leased is gone: no wait for what ran on it can end well. Looks at most
   * once in an interval of polls. Absent where nothing watches the nodes.
   */
  refuseLostNodes?: () => Promise<void>;
  /** Takes the requests of a block, which are in memory no longer then; absent where nobody is to have them. */
  keepRequests?: (block: Pick<BlockRun, 'startMs' | 'records'>) => Promise<void>;
}

/** The same before the cluster is known. */
export type BaseContext = Omit<StageContext, 'gke' | 'kube' | 'registry'>;

/** What preflight found out; all that later stages need to know before money is spent. */
export interface Prepared {
  pool: NodePoolInfo;
  /** Nodes that the run needs. */
  nodes: number;
  /** The pool's autoscaler brings the nodes for pods that need them; absent where the run resizes the pool. */
  demand?: Demand;
  sizeBefore: number;
  restingNodes: number;
  service: ServiceRef;
  manifests: Manifest[];
  /** Objects to delete before the deploy: Pattern 1. */
  retire: ObjectRef[];
  /** The lease that was taken over, of a dead run or of a stack that was kept: what it deployed goes first. */
  leftover?: LeaseState | null;
  /** What preflight discovered of cluster, images and machine. */
  environment: Partial<Environment>;
  /** Whether this is the base stack, which is deployed beside the one under test. */
  isBase?: boolean;
  /** The base stack, where a comparison with it was asked for; absent where it was not. */
  base?: PreparedBase;
}

/** How nodes are got by demand. */
export interface Demand {
  /** Chips that a pod asks for to hold a node. */
  chips: number;
  /** How long the autoscaler may take to remove empty nodes, in milliseconds. */
  scaleDownMs: number;
  /** The pool takes a ProvisioningRequest. */
  queued: boolean;
}

/** What became of the wish to compare with the base stack, before anything is leased. */
export type PreparedBase =
  | { state: 'ready'; prepared: Prepared; contentHash: string; headHash: string }
  /** Both stacks have the same objects. */
  | { state: 'same'; contentHash: string }
  /** One sentence. */
  | { state: 'not-measured'; reason: string };

/** Saved before the first call that can cost money; all that `post` needs to release the TPUs. */
export interface LeaseState {
  v: 1;
  projectId: string;
  location: string;
  cluster: string;
  nodePool: string;
  sizeBefore: number;
  sizeAsked: number;
  restingNodes: number;
  machineType: string | null;
  spot: boolean;
  reserved: boolean;
  flexStart?: boolean;
  /** The pool's autoscaler removes the nodes within that time, and no resize does; absent for a pool that is resized. */
  demand?: { scaleDownMs: number };
  /** ISO 8601. */
  startedAt: string;
  /** `run id/attempt`. */
  run: string;
  runKey: string;
  /** Address of the run, or its name where it has none; the holder of the pool's lease in the cluster. */
  holder: string;
  leaseNamespace: string;
  /** `acquiring`: no node has been asked for yet, and the pool may be somebody else's. */
  phase: 'acquiring' | 'held';
  /** Last sign of life in the cluster, ISO 8601. */
  renewedAt: string;
  namespace: string;
  /** Objects of the manifests, removed before the nodes go if this run made them; with the UID of those that it made. */
  workload: OwnedRef[];
  /** Set once a stack serves that is to stay: no run holds the pool any more, and nobody is to take it before the end. */
  kept?: Kept;
}

export interface Kept {
  /** ISO 8601; null for as long as nobody ends it. */
  until: string | null;
  /** The GitHub Deployment of the stack, to be called inactive at its end; null without one. */
  deployment: { repository: string; id: number } | null;
}
