import type { GkeClient } from '../../clients/google/gke.ts';
import type { KubeClient } from '../../clients/kubernetes/client.ts';
import type { Clock } from '../../lib/poll.ts';
import type { Emit } from '../../progress/events.ts';
import type { LeaseState } from '../context.ts';
import type { Holder } from '../lease/lease-record.ts';
import type { SeenPool } from '../lease/pool-note.ts';

export interface SweepContext {
  gke: GkeClient;
  kube: KubeClient;
  clock: Clock;
  signal: AbortSignal;
  emit: Emit;
  pollIntervalMs: number;
  /** For one pool. */
  limitMs: number;
  namespace: string;
  holder: Holder;
  /** The cluster that is swept; leases that name another are left alone. */
  where: { projectId: string; location: string; cluster: string };
  /** Pools that the sweep before saw leased; none for the first. */
  seen?: readonly SeenPool[];
  /** Only says what would be released. */
  dryRun?: boolean;
  /** A pool whose stack is kept no longer, or `all`: its end was asked for. */
  ends?: string | 'all';
  /** Told of a pool that `ends` means and a run still holds. */
  onHeld?: (nodePool: string, holder: string) => void;
  /** Told after a stack that was kept has gone. */
  onEnded?: (state: LeaseState) => Promise<void>;
  /** Whether the run with this page has ended, and its post step with it; null when that cannot be known. */
  runEnded: (holder: string) => Promise<boolean | null>;
}

/** Whether a record is of the cluster that is swept. */
export function isHere(state: LeaseState, { projectId, location, cluster }: SweepContext['where']): boolean {
  return state.projectId === projectId && state.location === location && state.cluster === cluster;
}
