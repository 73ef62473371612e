import { ask } from '../ask.ts';
import type { DemandView, GcpConfig, ScaleEvent } from '../protocol.ts';
import type { Autoscaler } from '../scenarios/types.ts';
import type { ClusterClock } from './clock.ts';
import type { InstanceGroup } from './instance-group.ts';

/** Cluster seconds between two looks, and after a try that failed (`initial-node-group-backoff-duration`). */
const LOOKS_EVERY = 10;
const BACKOFF = 300;
/** Cluster seconds from a node that is chosen to go until its machine does. */
const DELETES = 60;
/** Wall milliseconds: what asks the cluster more often keeps it from its work. */
const SHORTEST_MS = 40;

/**
 * GKE's cluster autoscaler for one pool: brings machines for pods that wait and would fit on a new node, and takes nodes
 * away that have been empty for a time. Events and conditions are worded as GKE's and the cluster autoscaler's.
 */
export function startAutoscaler(options: {
  config: GcpConfig;
  plan: Autoscaler;
  clock: ClusterClock;
  group: InstanceGroup;
}): { stop(): void } {
  const { config, plan, clock, group } = options;
  const { project, location, cluster, nodePool, timeScale } = config;
  const url = `${config.kubeControlUrl}/node-pools/${encodeURIComponent(nodePool.name)}`;
  const groupUrl = `https://www.googleapis.com/compute/v1/projects/${project}/zones/${location}/instanceGroups/gke-${cluster}-${nodePool.name}-grp`;
  const stopped = new AbortController();
  const idleSince = new Map<string, number>();
  const going = new Set<string>();
  let wantedSince: number | null = null;
  let quietUntil = 0;
  let taken = false;
  const now = () => (Date.now() * timeScale) / 1_000;

  const post = async (what: 'events' | 'requests' | 'drain', body: unknown) => {
    await ask(`${url}/${what}`, { method: 'POST', body: JSON.stringify(body), signal: stopped.signal });
  };
  const tell = async (view: DemandView, event: Pick<ScaleEvent, 'type' | 'reason' | 'message'>) => {
    for (const pod of view.pending) await post('events', { ...pod, ...event });
  };

  const grow = (count: number) => {
    group.add(count, () => {
      const { takesAfter } = plan;
      if (taken || takesAfter === null) return;
      taken = true;
      clock.after(takesAfter, () => {
        const [name] = group.vms().map((vm) => vm.name);
        if (name !== undefined) remove(name);
      });
    });
  };
  const remove = (name: string) => {
    if (going.has(name)) return;
    going.add(name);
    // Compute Engine takes spot machines back, and notes nothing in the cluster.
    if (!config.scenario.gcp.spot) void post('drain', { node: name }).catch(() => {});
    group.remove(name, DELETES);
  };

  /** What capacity there is for a try that began `seconds` ago. */
  const refusal = (seconds: number) => (seconds < plan.capacityAfter ? plan.refusal : null);

  const scaleUp = async (view: DemandView) => {
    const upcoming = group.targetSize() - view.usable.length;
    const missing = view.needed - Math.max(0, upcoming);
    if (missing <= 0) {
      if (view.needed === 0) wantedSince = null;
      return;
    }
    wantedSince ??= now();
    const waited = now() - wantedSince;
    if (waited < plan.asksAfter || now() < quietUntil) return;
    const room = plan.max - group.targetSize();
    if (room <= 0) {
      quietUntil = now() + BACKOFF;
      return tell(view, {
        ...{ type: 'Normal', reason: 'NotTriggerScaleUp' },
        message: "pod didn't trigger scale-up: 1 max node group size reached",
      });
    }
    const size = group.targetSize();
    const next = size + Math.min(missing, room);
    const reason = refusal(waited);
    if (reason === null && waited < plan.capacityAfter) return;
    await tell(view, {
      ...{ type: 'Normal', reason: 'TriggeredScaleUp' },
      message: `pod triggered scale-up: [{${groupUrl} ${size}->${next} (max: ${plan.max})}]`,
    });
    if (reason === null) return grow(next - size);
    quietUntil = now() + BACKOFF;
    await tell(view, {
      ...{ type: 'Warning', reason: 'FailedScaleUp' },
      message: `Node scale up in zones ${location} associated with this pod failed: ${reason}. Pod is at risk of not being scheduled.`,
    });
  };

  const provision = async (view: DemandView) => {
    for (const { namespace, name, count, conditions } of view.requests) {
      if (conditions.Failed === 'True' || conditions.Provisioned === 'True') continue;
      const settle = (type: string, status: 'True' | 'False', message: string) =>
        post('requests', { namespace, name, type, status, message });
      if (conditions.Accepted !== 'True') {
        wantedSince = now();
        await settle('Accepted', 'True', 'Provisioning Request was successfully queued.');
        await settle(
          'Provisioned',
          'False',
          'Waiting for resources. Currently there are not enough resources available.',
        );
        continue;
      }
      const waited = now() - (wantedSince ?? now());
      if (waited < plan.capacityAfter) continue;
      if (count > plan.max) {
        await settle('Failed', 'True', `Provisioning Request's pods cannot be scheduled in the nodepool.`);
      } else if (plan.refusal !== null) {
        await settle('Failed', 'True', plan.refusal);
      } else if (group.targetSize() < count) grow(count - group.targetSize());
      else if (view.usable.length >= count)
        await settle('Provisioned', 'True', 'Provisioning Request was successfully provisioned.');
    }
  };

  const scaleDown = (view: DemandView) => {
    for (const name of [...idleSince.keys()]) if (!view.idle.includes(name)) idleSince.delete(name);
    if (plan.removesAfter === null) return;
    for (const name of view.idle) {
      const since = idleSince.get(name) ?? now();
      idleSince.set(name, since);
      if (now() - since >= plan.removesAfter && group.targetSize() > plan.min) remove(name);
    }
  };

  const look = async () => {
    const { ok, text } = await ask(`${url}/demand`, { signal: stopped.signal });
    if (!ok) return;
    const view = JSON.parse(text) as DemandView;
    if (plan.pool === 'queued') await provision(view);
    else await scaleUp(view);
    scaleDown(view);
  };
  const loop = async () => {
    while (!stopped.signal.aborted) {
      await look().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, Math.max(SHORTEST_MS, (LOOKS_EVERY * 1_000) / timeScale)));
    }
  };
  void loop();
  return { stop: () => stopped.abort() };
}
