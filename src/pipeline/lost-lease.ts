import { runIdentity } from '../clients/runner/identity.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { errorText } from '../lib/failure.ts';
import { deadline, poll } from '../lib/poll.ts';
import type { LeaseState } from '../stages/context.ts';
import { leasesOf } from '../stages/lease/find-leases.ts';
import { holderIdentity } from '../stages/lease/lease.ts';
import { isHeldBy } from '../stages/lease/lease-record.ts';
import { type Connection, openCluster } from './connect.ts';
import { runKeyOf } from './first-report.ts';

/** What the cluster knows of this run's lease. */
export type FoundLease = { lease: LeaseState | null } | { problem: string; command: string };

/**
 * Finds this run's lease in the cluster, for a post step whose state was lost. Asks until the limit of the release. Never
 * throws: what cannot be read is a problem, with the command that releases the nodes.
 */
export async function findLostLease(connection: Connection & { inputs: Inputs }): Promise<FoundLease> {
  const { inputs, env, clock, emit } = connection;
  const limitMs = inputs.releaseTimeoutMs;
  const signal = deadline(connection.signal, limitMs);
  const identity = runIdentity(env, { pullRequest: inputs.prNumber });
  const runKey = runKeyOf(identity, inputs);
  const holder = { identity: holderIdentity(identity, runKey), runKey };
  try {
    const found = await poll({
      stage: 'release',
      what: "this run's lease",
      everyMs: Math.max(1_000, inputs.pollIntervalMs),
      limitMs,
      clock,
      signal,
      onWait: (status) => emit({ type: 'waiting', stage: 'release', ...status }),
      probe: async () => {
        try {
          const { gke, kube } = await openCluster({ ...connection, signal }, 'release');
          try {
            const leases = await leasesOf(kube, inputs.leaseNamespace);
            return { done: leases.filter((each) => isHeldBy(each, holder)) };
          } finally {
            await Promise.allSettled([gke.close(), kube.close()]);
          }
        } catch (error) {
          signal.throwIfAborted();
          return { waiting: errorText(error) };
        }
      },
    });
    const [record] = found;
    if (record && !record.state) throw new Error(`its lease ${record.object.metadata.name} cannot be read`);
    return { lease: record?.state ?? null };
  } catch (error) {
    const { projectId, location, cluster } = inputs;
    return {
      problem: errorText(error),
      command: `tpu-serving-gate cleanup --project-id ${projectId} --location ${location} --cluster ${cluster}`,
    };
  }
}
