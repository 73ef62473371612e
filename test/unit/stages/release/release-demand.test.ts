import { describe, expect, it } from 'vitest';
import type { GkeClient } from '../../../../src/clients/google/gke.ts';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import type { LeaseState } from '../../../../src/stages/context.ts';
import { handCommand } from '../../../../src/stages/release/by-hand.ts';
import { countNodes } from '../../../../src/stages/release/nodes-left.ts';
import { release } from '../../../../src/stages/release/release.ts';
import type { ReleaseContext } from '../../../../src/stages/release/released.ts';
import { fakeClock } from '../../lib/fake-clock.ts';
import { applied, fakeKube, fakePool, LEASE, nodes, POOL, unreachable } from '../fakes.ts';

const BY_DEMAND: LeaseState = {
  ...LEASE,
  demand: { scaleDownMs: 900_000 },
  workload: [{ apiVersion: 'v1', kind: 'PodTemplate', name: 'tpu-gate-hold-183-1', namespace: 'ns' }],
};
const LIMITS = { minNodes: 0, maxNodes: 3, locationPolicy: 'ANY', autoprovisioned: false };
const AUTOSCALED = {
  ...POOL,
  initialNodeCount: 3,
  autoscaling: LIMITS,
  instanceGroups: [
    { zone: 'z-a', name: 'grp-a' },
    { zone: 'z-b', name: 'grp-b' },
  ],
};
const CLEANUP =
  'tpu-serving-gate cleanup --project-id ecoeng-llmd --location europe-west4-a --cluster llmd --node-pool v6e';

const inZone = (node: KubeObject, zone: string): KubeObject => ({
  ...node,
  metadata: { ...node.metadata, labels: { 'topology.kubernetes.io/zone': zone } },
});

/** What the autoscaler has just noted about a pod that holds a node. */
function scaleUp(reason: string): KubeObject {
  return {
    ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: reason, namespace: 'ns' }, reason },
    ...{ involvedObject: { kind: 'Pod', name: 'tpu-gate-hold-183-1-0' }, lastTimestamp: new Date().toISOString() },
  };
}

/** A pool whose autoscaler removes the nodes so many minutes after their work is gone. */
function world(
  options: { removesAfterMin?: number; came?: number; removable?: () => boolean; events?: KubeObject[] } = {},
) {
  const { removesAfterMin = 10, came = 3, removable = () => true, events = [] } = options;
  const clock = fakeClock();
  let emptyAt: number | null = null;
  const isGone = () => emptyAt !== null && clock.now() - emptyAt >= removesAfterMin * 60_000;
  const template = applied('PodTemplate', 'tpu-gate-hold-183-1');
  const { kube, removed } = fakeKube({
    Node: () => (isGone() ? [] : nodes(came)),
    PodTemplate: () => (emptyAt === null ? [template] : []),
  });
  const remove: KubeClient['remove'] = async (ref, given) => {
    if (!removable()) throw unreachable();
    emptyAt ??= clock.now();
    return kube.remove(ref, given);
  };
  const list = async (api: string, kind: string) => (kind === 'Event' ? events : kube.list(api, kind));
  const pool = fakePool(3);
  const gke = { ...pool.gke, getNodePool: async () => AUTOSCALED } as GkeClient;
  const context: ReleaseContext = {
    ...{
      gke,
      kube: { ...kube, remove, list: list as never },
      clock,
      signal: new AbortController().signal,
      emit: () => {},
    },
    ...{ pollIntervalMs: 5_000, limitMs: 25 * 60_000 },
  };
  return { context, removed, asked: pool.asked, clock };
}

describe('the release of nodes that came by demand', () => {
  it('removes what needs them, waits for the autoscaler, bills until they are gone, and resizes nothing', async () => {
    const { context, removed, asked, clock } = world();
    const { release: ended, billed } = await release(context, BY_DEMAND);
    expect(ended).toMatchObject({ outcome: 'released', nodesLeft: 0, command: null });
    expect(ended.durationMs).toBeGreaterThanOrEqual(600_000);
    expect(removed).toEqual(['PodTemplate tpu-gate-hold-183-1 in ns']);
    expect(asked).toEqual([]);
    expect(billed).toHaveLength(3);
    expect(billed.every(({ deletedAt }) => deletedAt !== null)).toBe(true);
    expect(clock.now()).toBeLessThan(11 * 60_000);
  });

  it('fails for nodes that the autoscaler leaves, with a command for each zone that has one', async () => {
    const { context, asked } = world({ removesAfterMin: 60 });
    const [one, two, three] = nodes(3) as [KubeObject, KubeObject, KubeObject];
    const all = [inZone(one, 'z-a'), inZone(two, 'z-b'), inZone(three, 'z-a')];
    const kube = { ...(context.kube as KubeClient), list: (async () => all) as never };
    const { release: ended } = await release({ ...context, kube }, BY_DEMAND);
    expect(ended).toMatchObject({
      outcome: 'failed',
      nodesLeft: 3,
      message: expect.stringContaining('its autoscaler left 3 nodes after 15 min without work of this run'),
      command:
        'gcloud compute instance-groups managed delete-instances grp-a --instances=node-0,node-2 --zone=z-a --project=ecoeng-llmd && ' +
        'gcloud compute instance-groups managed delete-instances grp-b --instances=node-1 --zone=z-b --project=ecoeng-llmd',
    });
    expect(asked).toEqual([]);
  });

  it('waits for a node that is still on its way when the run ends', async () => {
    const { context, clock } = world({ came: 0, events: [scaleUp('TriggeredScaleUp')] });
    const { release: ended } = await release(context, BY_DEMAND);
    expect(ended).toMatchObject({ outcome: 'released', nodesLeft: 0 });
    expect(clock.now()).toBeGreaterThanOrEqual(3 * 60_000);
  });

  it.each([
    ['the autoscaler has tried nothing', []],
    ['its last try has failed', [scaleUp('TriggeredScaleUp'), scaleUp('FailedScaleUp')]],
  ])('waits for no node where %s', async (_why, events) => {
    const { context, clock } = world({ came: 0, events });
    expect((await release(context, BY_DEMAND)).release).toMatchObject({ outcome: 'released', nodesLeft: 0 });
    expect(clock.now()).toBe(0);
  });

  it('tries to remove the workload until it succeeds: nodes go by nothing else', async () => {
    let tries = 0;
    const removable = () => {
      tries += 1;
      return tries > 3;
    };
    const { context } = world({ removable });
    const { release: ended } = await release(context, BY_DEMAND);
    expect(tries).toBe(4);
    expect(ended).toMatchObject({ outcome: 'released', nodesLeft: 0 });
  });

  it('fails without the Kubernetes API, and leaves the rest to the cleanup', async () => {
    const { context, asked } = world();
    const away = { ...context, kube: null, kubeAgain: async () => null };
    const { release: ended } = await release(away, BY_DEMAND);
    expect(ended).toMatchObject({ outcome: 'failed', nodesLeft: null, command: CLEANUP });
    expect(asked).toEqual([]);
  });

  it('is done when no more nodes are left than the pool rests at', async () => {
    const { context } = world({ removesAfterMin: 60 });
    const { release: ended } = await release(context, { ...BY_DEMAND, restingNodes: 3 });
    expect(ended).toMatchObject({ outcome: 'released', nodesLeft: 3 });
  });
});

describe('nodes of an autoscaled pool under a lease that is nobody’s', () => {
  it('are counted as they are, not as the pool was set last', async () => {
    const { context } = world({ came: 0 });
    const { kube } = context;
    expect(await countNodes({ ...context, kube: kube as KubeClient }, 'v6e', 0)).toBe(0);
  });

  it('go by a command that resizes nothing, whatever the lease says', async () => {
    const { gke, kube } = world().context;
    const { demand: _, ...old } = BY_DEMAND;
    expect(await handCommand({ gke, kube }, old)).toContain('delete-instances grp-a --instances=node-0,node-1,node-2');
    const down = { getNodePool: async () => Promise.reject(unreachable()) };
    expect(await handCommand({ gke: down, kube }, BY_DEMAND)).toBe(CLEANUP);
    expect(await handCommand({ gke: down, kube }, old)).toContain('gcloud container clusters resize');
  });
});
