import type { GcpAuth } from '../clients/google/auth.ts';
import type { GkeClient } from '../clients/google/gke.ts';
import type { KubeClient } from '../clients/kubernetes/client.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { errorText } from '../lib/failure.ts';
import { deadline, orAbort, patient, poll, systemClock } from '../lib/poll.ts';
import type { LeaseState } from '../stages/context.ts';
import { notOurs, settleLease } from '../stages/lease/lease-owner.ts';
import { poolNodes } from '../stages/lease/nodes.ts';
import { keepPool } from '../stages/lease/pool-lease.ts';
import { bill, billedFrom } from '../stages/release/bill.ts';
import { removeWorkload } from '../stages/release/clear-cluster.ts';
import { finalBill } from '../stages/release/final-bill.ts';
import { release } from '../stages/release/release.ts';
import { type Released, releaseFailed } from '../stages/release/released.ts';
import { type Connection, KUBE_ANSWER_MS, openAuth, openGke, openKube } from './connect.ts';
import type { Journal } from './journal.ts';

/** What a release needs beside the clients of the cluster. */
export interface ReleaseConnection extends Connection {
  inputs: Connection['inputs'] & Pick<Inputs, 'releaseTimeoutMs' | 'pollIntervalMs' | 'pricePerChipHourUsd'>;
}

/** The release as a stage: reported, timed, and noted with the final bill. Never throws. */
export async function releaseLease(connection: ReleaseConnection, journal: Journal, lease: LeaseState): Promise<void> {
  noteRelease(journal, await releaseAsStage(connection, lease), lease, connection.inputs);
}

/** The release as a stage, which needs nothing but the lease. Never throws. */
export async function releaseAsStage(connection: ReleaseConnection, lease: LeaseState): Promise<Released> {
  const { inputs, emit } = connection;
  const limitMs = releaseLimitMs(lease, inputs.releaseTimeoutMs);
  emit({
    type: 'stage-start',
    stage: 'release',
    title: `Release node pool ${lease.nodePool}`,
    usualMs: null,
    limitMs,
  });
  // A signal of its own: what ended the run must not end the release.
  const released = await releaseNodes({ ...connection, signal: AbortSignal.timeout(limitMs) }, lease);
  const { outcome, message, durationMs } = released.release;
  const ended = outcome === 'failed' ? 'failed' : 'done';
  emit({ type: 'stage-end', stage: 'release', outcome: ended, summary: message, durationMs });
  return released;
}

/** Notes a release and its final bill. */
export function noteRelease(
  { note, report }: Journal,
  released: Released,
  lease: LeaseState,
  { pricePerChipHourUsd }: Pick<Inputs, 'pricePerChipHourUsd'>,
): void {
  const at = new Date().toISOString();
  note({ type: 'billed', cost: finalBill(report(), released, { ...lease, pricePerChipHourUsd, now: at }) });
  note({ type: 'released', release: released.release, at });
}

/** Notes the bill when the main step ends, with the nodes still there; the release makes it final. */
export async function noteCostSoFar(
  { note, report }: Journal,
  lease: LeaseState,
  { kube, pricePerChipHourUsd }: { kube: KubeClient; pricePerChipHourUsd: number | null },
): Promise<void> {
  try {
    const nodes = (await poolNodes(kube, lease.nodePool)).map((node) => billedFrom(node, lease));
    const cost = bill(report(), nodes, { ...lease, pricePerChipHourUsd }, new Date().toISOString());
    note({ type: 'billed', cost });
  } catch {
    // Nodes that cannot be listed cannot be billed yet.
    note({ type: 'billed', cost: null });
  }
}

/**
 * Removes the workload while the result is published, so that the release finds nodes without pods. Nodes that come by demand
 * are left to the release, which looks at their pods first. Never throws: the release removes what is left.
 */
export async function clearBeside(kube: KubeClient, emit: Connection['emit'], lease: LeaseState): Promise<void> {
  if (lease.phase !== 'held' || lease.demand) return;
  await removeWorkload(kube, emit, lease).catch((error: unknown) => {
    emit({ type: 'warning', text: `the workload was not removed before the release: ${errorText(error)}` });
  });
}

/** How long a release may take: an autoscaler takes its own time, beyond that of the gate. */
function releaseLimitMs({ demand }: LeaseState, timeoutMs: number): number {
  return timeoutMs + (demand?.scaleDownMs ?? 0);
}

/** A wait for the autoscaler outlasts a lease: without signs of life a sweeper would take it over meanwhile. */
function renewWhile(
  signal: AbortSignal,
  { kube, emit }: { kube: KubeClient; emit: Connection['emit'] },
  lease: LeaseState,
): void {
  const holder = { identity: lease.holder, runKey: lease.runKey };
  // In real time, as the times in the lease are.
  void keepPool({ kube, clock: systemClock, signal, emit, namespace: lease.leaseNamespace, holder }, lease, {
    onLost: (failure) => emit({ type: 'warning', text: failure.message }),
  });
}

/**
 * Releases the leased nodes with clients of its own, so that a main step that lasted for hours changes nothing. The
 * lease alone names cluster and pool: inputs and environment may have changed since it was taken.
 */
async function releaseNodes(given: ReleaseConnection, lease: LeaseState): Promise<Released> {
  const { projectId, location, cluster } = lease;
  const connection: ReleaseConnection = { ...given, inputs: { ...given.inputs, projectId, location, cluster } };
  const { clock, signal, emit, inputs } = connection;
  const started = clock.now();
  const limitMs = releaseLimitMs(lease, inputs.releaseTimeoutMs);
  const over = new AbortController();
  let gke: GkeClient | null = null;
  let kube = null as KubeClient | null;
  try {
    const auth = await openAuth(connection);
    gke = await poll({
      stage: 'release',
      what: 'the Container API',
      everyMs: Math.max(1_000, inputs.pollIntervalMs),
      limitMs: inputs.releaseTimeoutMs,
      clock,
      signal,
      onWait: (status) => emit({ type: 'waiting', stage: 'release', ...status }),
      probe: patient(signal, async () => ({ done: await openGke(connection, auth, 'release') })),
    });
    const opened = gke;
    const openKube = async () => {
      kube ??= await kubeWithin(connection, auth, opened);
      return kube;
    };
    const context = () => ({
      gke: opened,
      clock,
      signal,
      emit,
      pollIntervalMs: inputs.pollIntervalMs,
      limitMs: Math.max(inputs.pollIntervalMs, limitMs - (clock.now() - started)),
    });
    const foreign = await notOurs({ ...context(), openKube }, lease);
    if (foreign) return foreign;
    if (lease.demand && kube) renewWhile(AbortSignal.any([signal, over.signal]), { kube, emit }, lease);
    const released = await release({ ...context(), kube, kubeAgain: openKube }, lease);
    over.abort();
    await settleLease(kube, lease, released, emit);
    return released;
  } catch (error) {
    return releaseFailed(lease, error, Math.round(clock.now() - started));
  } finally {
    over.abort();
    await Promise.allSettled([gke?.close(), kube?.close()]);
  }
}

/** Nodes cost money, objects do not: the pool is released without Kubernetes when that does not respond soon. */
async function kubeWithin(connection: Connection, auth: GcpAuth, gke: GkeClient): Promise<KubeClient | null> {
  try {
    const cluster = await orAbort(gke.getCluster(), deadline(connection.signal, KUBE_ANSWER_MS));
    return await openKube(connection, auth, cluster, 'release');
  } catch (error) {
    connection.signal.throwIfAborted();
    connection.emit({ type: 'warning', text: `the Kubernetes API cannot be asked: ${errorText(error)}` });
    return null;
  }
}
