import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import type { Prepared } from '../../../../src/stages/context.ts';
import { holdAgain, holdNodes } from '../../../../src/stages/lease/demand/hold.ts';
import { holderPod, holderTemplate, provisioningRequest } from '../../../../src/stages/lease/demand/holders.ts';
import type { AnyObject } from '../../../any-object.ts';
import { fakeClock } from '../../lib/fake-clock.ts';
import { LEASE, nodes, POOL, prepared, stageContext, texts } from '../fakes.ts';

const LIMITS = { minNodes: 0, maxNodes: 3, locationPolicy: 'ANY', autoprovisioned: false };
const SPOT_TAINT = { key: 'cloud.google.com/gke-spot', value: 'true', effect: 'NO_SCHEDULE' };
const PLAN: Prepared = prepared({
  pool: { ...POOL, autoscaling: LIMITS, taints: [SPOT_TAINT] },
  demand: { chips: 4, scaleDownMs: 900_000, queued: false },
});
const LIMIT_MS = 40 * 60_000;
const FAILED = (why: string) =>
  `Node scale up in zones europe-west4-a associated with this pod failed: ${why}. Pod is at risk of not being scheduled.`;

/** A cluster in this process: what is created stays, and `each` changes what others would, at each turn. */
function cluster(each: (objects: Map<string, AnyObject>, turn: number) => void, plan = PLAN, inputs = {}) {
  const objects = new Map<string, AnyObject>();
  const made: string[] = [];
  let turn = 0;
  const key = ({ kind, name }: { kind: string; name: string }) => `${kind}/${name}`;
  const of = (kind: string) => [...objects.values()].filter((object) => object.kind === kind);
  const kube = {
    create: async (object: KubeObject) => {
      const name = key({ kind: object.kind, name: object.metadata.name });
      if (objects.has(name)) return null;
      made.push(name);
      const stored = { ...structuredClone(object), metadata: { ...object.metadata, uid: `uid-${made.length}` } };
      objects.set(name, stored as AnyObject);
      return stored;
    },
    get: async (ref: { kind: string; name: string }) => objects.get(key(ref)) ?? null,
    list: async (_api: string, kind: string) => of(kind),
    remove: async (ref: { kind: string; name: string }) => objects.delete(key(ref)),
    serverTime: () => Date.now(),
  } as unknown as KubeClient;
  const { context, said } = stageContext({ kube }, inputs);
  const clock = fakeClock(() => {
    turn += 1;
    each(objects, turn);
  });
  const told = { owned: [] as string[], first: 0, short: [] as string[] };
  const run = () =>
    holdNodes({ ...context, clock }, plan, LIMIT_MS, {
      own: ({ kind, name }, uid) => told.owned.push(`${kind}/${name} ${uid}`),
      onFirst: () => {
        told.first += 1;
      },
      onShort: (reason) => told.short.push(reason),
    });
  return { run, objects, made, told, said, clock, context: { ...context, clock } };
}

/** The scheduler: pod `index` is on a node that is Ready. */
function bind(objects: Map<string, AnyObject>, ...indexes: number[]): void {
  for (const index of indexes) {
    const node = nodes(3)[index] as AnyObject;
    objects.set(`Node/node-${index}`, node);
    const pod = objects.get(`Pod/tpu-gate-hold-183-1-${index}`);
    if (pod) pod.spec.nodeName = `node-${index}`;
  }
}

function event(objects: Map<string, AnyObject>, reason: string, message: string, at = '2026-11-22T14:10:00Z'): void {
  objects.set(`Event/${reason}`, {
    ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: reason }, reason, message, lastTimestamp: at },
    involvedObject: { kind: 'Pod', name: 'tpu-gate-hold-183-1-0' },
  } as AnyObject);
}

describe('nodes by demand', () => {
  it('are held by one pod each, all made at once and owned by a template that the lease records', async () => {
    const { run, made, told } = cluster((objects, turn) => {
      if (turn === 2) bind(objects, 0);
      if (turn === 4) bind(objects, 1, 2);
    });
    expect((await run()).map(({ name }) => name)).toEqual(['node-0', 'node-1', 'node-2']);
    expect(made).toEqual(['PodTemplate/tpu-gate-hold-183-1', ...[0, 1, 2].map((n) => `Pod/tpu-gate-hold-183-1-${n}`)]);
    expect(told).toEqual({ owned: ['PodTemplate/tpu-gate-hold-183-1 uid-1'], first: 1, short: [] });
  });

  it('are not held by pods whose node has no chips yet', async () => {
    const { run, clock } = cluster((objects, turn) => {
      if (turn === 1) bind(objects, 0, 1, 2);
      const node = objects.get('Node/node-2');
      if (node && turn < 5) node.status.allocatable = {};
      if (turn === 5) objects.set('Node/node-2', nodes(3)[2] as AnyObject);
    });
    await run();
    expect(clock.sleeps.length).toBe(5);
  });

  it('are awaited with the words of the autoscaler, or else of the scheduler', async () => {
    const { run, said } = cluster((objects, turn) => {
      const pod = objects.get('Pod/tpu-gate-hold-183-1-0');
      if (turn === 1 && pod) {
        pod.status = { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/4 nodes are available.' }] };
      }
      if (turn === 2) event(objects, 'TriggeredScaleUp', 'pod triggered scale-up: [{grp 0->3 (max: 3)}]');
      if (turn === 3) event(objects, 'FailedScaleUp', FAILED('GCE out of resources'));
      if (turn === 4) bind(objects, 0, 1, 2);
    });
    await run();
    const seen = texts(said).filter((text) => text.startsWith('0 of 3'));
    expect(seen).toEqual([
      '0 of 3 nodes held; the autoscaler has noted nothing about them yet',
      '0 of 3 nodes held; 0/4 nodes are available.',
      '0 of 3 nodes held; TriggeredScaleUp: pod triggered scale-up: [{grp 0->3 (max: 3)}]',
      // Both are of the same second.
      `0 of 3 nodes held; FailedScaleUp: ${FAILED('GCE out of resources')}`,
    ]);
  });

  it.each<[string, string, string, number]>([
    ['GCE out of resources', 'gke-stockout', 'until the limit', LIMIT_MS],
    ['GCE quota exceeded', 'gke-quota', 'until the limit', LIMIT_MS],
    ['IP space exhausted', 'gke-ip-space', 'until the limit', LIMIT_MS],
    ['Reservation capacity exceeded', 'gke-reservation-full', 'until the limit', LIMIT_MS],
    ['Reservation not found or incorrectly shared', 'gke-reservation', 'no longer', 60_000],
    ['Reservation incompatible with node group', 'gke-reservation', 'no longer', 60_000],
    ['Service Account was deleted', 'gke-node-permission', 'no longer', 60_000],
    ['Internal error', 'nodes-timeout', 'until the limit', LIMIT_MS],
  ])('that GKE refuses with "%s" end as %s, awaited %s', async (why, code, _how, atMostMs) => {
    const { run, clock } = cluster((objects) => event(objects, 'FailedScaleUp', FAILED(why)));
    await expect(run()).rejects.toMatchObject({ code, stage: 'lease', blame: expect.not.stringMatching(/^change$/) });
    expect(clock.now()).toBeLessThanOrEqual(atMostMs + 10_000);
    if (atMostMs === LIMIT_MS) expect(clock.now()).toBeGreaterThanOrEqual(LIMIT_MS);
  });

  it('are held by new pods where somebody deleted one, or its node took it along', async () => {
    const { run, made } = cluster((objects, turn) => {
      if (turn === 1) objects.delete('Pod/tpu-gate-hold-183-1-1');
      const failed = objects.get('Pod/tpu-gate-hold-183-1-2');
      if (turn === 2 && failed) failed.status = { phase: 'Failed' };
      if (turn === 5) bind(objects, 0, 1, 2);
    });
    await run();
    expect(made.filter((name) => name.endsWith('-1-1'))).toHaveLength(2);
    expect(made.filter((name) => name.endsWith('-1-2'))).toHaveLength(2);
  });

  it('of a base stack that do not come are done without, and nothing asks for them any more', async () => {
    const base = { state: 'ready', prepared: prepared({ nodes: 1 }), contentHash: 'a', headHash: 'b' } as const;
    const { run, told, objects } = cluster(
      (there, turn) => {
        if (turn === 1) bind(there, 0, 1);
      },
      { ...PLAN, base },
    );
    expect(await run()).toHaveLength(2);
    expect(told.short).toEqual([expect.stringContaining('2 of 3 nodes of v6e are held')]);
    expect(objects.has('Pod/tpu-gate-hold-183-1-2')).toBe(false);
  });

  it('wait for the pods of a dead run, which would make others bring more nodes', async () => {
    const leftover = { ...LEASE, runKey: '180-1', demand: { scaleDownMs: 1 } };
    const { run, made, objects } = cluster(
      (there, turn) => {
        if (turn === 1) expect(made).toEqual([]);
        if (turn === 2) there.delete('Pod/old');
        if (turn === 4) bind(there, 0, 1, 2);
      },
      { ...PLAN, leftover },
    );
    objects.set('Pod/old', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'old' }, spec: {} } as AnyObject);
    await run();
    expect(made[0]).toBe('PodTemplate/tpu-gate-hold-183-1');
  });

  it('are held again when all replicas but one have left them', async () => {
    const { run, made, objects, context } = cluster((there, turn) => {
      if (turn === 1) bind(there, 0, 1, 2);
    });
    await run();
    for (const name of [...objects.keys()].filter((key) => key.startsWith('Pod/'))) objects.delete(name);
    await holdAgain(context, PLAN, 1);
    expect(made.slice(-2)).toEqual(['Pod/tpu-gate-hold-183-1-0', 'Pod/tpu-gate-hold-183-1-1']);
    await holdAgain(context, prepared(), 1);
    expect(made).toHaveLength(6);
  });
});

describe('a pod that holds a node', () => {
  const options = {
    ...{ namespace: 'ns', runKey: '183-1', image: 'registry.k8s.io/pause:3.10.1', queue: '', nodes: 3 },
    ...{ pool: PLAN.pool, demand: PLAN.demand as NonNullable<Prepared['demand']> },
  };
  const template = { ...holderTemplate(options), metadata: { name: 'tpu-gate-hold-183-1', uid: 'u' } } as KubeObject;

  it('asks for all chips of a node of the pool, tolerates its taints, gives way, and is left alone', () => {
    expect(holderPod(options, template, 0)).toMatchObject({
      metadata: {
        name: 'tpu-gate-hold-183-1-0',
        annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' },
        ownerReferences: [{ kind: 'PodTemplate', name: 'tpu-gate-hold-183-1', uid: 'u' }],
      },
      spec: {
        priorityClassName: 'tpu-serving-gate-holder',
        terminationGracePeriodSeconds: 0,
        nodeSelector: {
          'cloud.google.com/gke-nodepool': 'v6e',
          'cloud.google.com/gke-tpu-accelerator': 'tpu-v6e-slice',
          'cloud.google.com/gke-tpu-topology': '2x2',
        },
        tolerations: [
          { key: 'google.com/tpu', operator: 'Exists', effect: 'NoSchedule' },
          { key: 'cloud.google.com/gke-spot', operator: 'Equal', value: 'true' },
        ],
        containers: [{ resources: { requests: { 'google.com/tpu': '4' }, limits: { 'google.com/tpu': '4' } } }],
      },
    });
  });

  it('consumes the request of a pool with queued provisioning, which is for all nodes at once', () => {
    const queued = { ...options, demand: { ...options.demand, queued: true } };
    expect(holderPod(queued, template, 1).metadata.annotations).toMatchObject({
      'autoscaling.x-k8s.io/consume-provisioning-request': 'tpu-gate-hold-183-1',
      'autoscaling.x-k8s.io/provisioning-class-name': 'queued-provisioning.gke.io',
    });
    expect(provisioningRequest(queued, template, 7_200)).toMatchObject({
      metadata: { name: 'tpu-gate-hold-183-1' },
      spec: {
        provisioningClassName: 'queued-provisioning.gke.io',
        parameters: { maxRunDurationSeconds: '7200' },
        podSets: [{ count: 3, podTemplateRef: { name: 'tpu-gate-hold-183-1' } }],
      },
    });
  });

  it('is one of a group in a queue of Kueue', () => {
    const { metadata } = holderPod({ ...options, queue: 'tpus' }, template, 0);
    expect(metadata.labels).toMatchObject({
      'kueue.x-k8s.io/queue-name': 'tpus',
      'kueue.x-k8s.io/pod-group-name': 'tpu-gate-hold-183-1',
    });
    expect(metadata.annotations).toMatchObject({ 'kueue.x-k8s.io/pod-group-total-count': '3' });
  });
});
