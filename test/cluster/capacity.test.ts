import { Agent, request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RealKube, startApiServer } from '../../lab/apiserver/api-server.ts';
import { tpuNode } from '../../lab/cluster/node-objects.ts';
import { provisioningRequestDefinition } from '../../lab/cluster/seed/capacity.ts';
import type { KubeClient } from '../../src/clients/kubernetes/client.ts';
import type { KubeObject, ObjectRef } from '../../src/clients/kubernetes/objects.ts';
import { EXAMPLES } from '../../src/lib/gate-files.ts';
import { type Clock, systemClock } from '../../src/lib/poll.ts';
import type { Prepared, StageContext } from '../../src/stages/context.ts';
import { removeMarked } from '../../src/stages/deploy/ownership.ts';
import { holdNodes } from '../../src/stages/lease/demand/hold.ts';
import { holderName, holdRef, requestRef } from '../../src/stages/lease/demand/holders.ts';
import { checkCapacity } from '../../src/stages/preflight/capacity.ts';
import { objectsOf } from '../unit/manifests/files.ts';
import { POOL, prepared, stageContext } from '../unit/stages/fakes.ts';
import { clientOf } from './client.ts';
import { type Grant, rulesIn, rulesWithout } from './permissions.ts';

const NAMESPACE = 'llm-d-inference-scheduling';
const ROLES = ['capacity', 'nodes', 'serving'].flatMap((name) => objectsOf(`rbac/${name}.yaml`));
const GRANTS = rulesIn(objectsOf('rbac/capacity.yaml'));
const title = ({ role, verb, resource }: Grant) => `${verb} ${resource} of ${role.kind} ${role.metadata.name}`;

/** Two hundred times as fast: the nodes of a base stack are waited for for five minutes. */
const CLOCK: Clock = { now: () => performance.now() * 200, sleep: (ms, signal) => systemClock.sleep(ms / 200, signal) };

describe('pods that hold nodes on a real API server, with the shipped roles and no others', () => {
  let kube: RealKube;
  let admin: KubeClient;
  const agent = () => new Agent({ connect: { ca: kube.caPem } });

  beforeAll(async () => {
    kube = await startApiServer();
    admin = clientOf(kube);
    await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    await admin.apply(provisioningRequestDefinition() as KubeObject);
    const state = { machineType: 'ct6e-standard-4t', tpuTopology: '2x2', chipsPerNode: 4, zone: 'z', nodes: [] };
    const node = tpuNode('node-1', POOL.name, state, '10.0.0.2');
    const allocatable = { ...node.status.allocatable, 'google.com/tpu': '4' };
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: '' }];
    await admin.create({
      ...node,
      status: { ...node.status, allocatable, capacity: allocatable, conditions },
    } as never);
  }, 120_000);
  afterAll(async () => {
    await admin?.close();
    await kube?.stop();
  });
  beforeEach(async () => {
    for (const object of ROLES) await admin.apply(object as KubeObject, { force: true });
    // No controller collects here what the template owned.
    for (const ref of [holdRef(NAMESPACE, '183-1'), requestRef(NAMESPACE, '183-1'), podRef(0), podRef(1)]) {
      await admin.remove(ref);
    }
  });

  const podRef = (index: number): ObjectRef => ({
    ...{ apiVersion: 'v1', kind: 'Pod', namespace: NAMESPACE },
    name: holderName('183-1', index),
  });

  /** As a scheduler, once the first pod is there. */
  async function bindFirst(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await systemClock.sleep(50, signal);
      if (!(await admin.get(podRef(0)))) continue;
      const { name } = podRef(0);
      const target = { apiVersion: 'v1', kind: 'Node', name: 'node-1' };
      const { body } = await request(`${kube.server}/api/v1/namespaces/${NAMESPACE}/pods/${name}/binding`, {
        ...{ method: 'POST', dispatcher: agent() },
        headers: { authorization: `Bearer ${kube.adminToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ apiVersion: 'v1', kind: 'Binding', metadata: { name }, target }),
      });
      await body.dump();
      return;
    }
  }

  /** Preflight, two nodes of which one comes, and the release, as the gate. */
  async function hold(): Promise<{ held: string[]; short: string[]; first: KubeObject | null }> {
    const gate = clientOf(kube, { accessToken: async () => kube.tokenFor(EXAMPLES.identity) });
    const context: StageContext = { ...stageContext({ kube: gate }).context, clock: CLOCK };
    const demand = { chips: 4, scaleDownMs: 60_000, queued: true };
    const service = { ...prepared().service, namespace: NAMESPACE };
    const base = { state: 'ready', prepared: prepared({ nodes: 1 }), contentHash: 'a', headHash: 'b' } as const;
    const plan: Prepared = prepared({ pool: POOL, nodes: 2, demand, service, base });
    const binding = new AbortController();
    const bound = bindFirst(binding.signal).catch(() => {});
    const short: string[] = [];
    try {
      await checkCapacity(context, demand);
      const nodes = await holdNodes(context, plan, 600_000, {
        ...{ own: () => {}, onFirst: () => {} },
        onShort: (reason) => short.push(reason),
      });
      const first = (await admin.get(podRef(0))) as KubeObject | null;
      const lease = { runKey: '183-1', startedAt: new Date(Date.now() - 60_000).toISOString() };
      for (const ref of [requestRef(NAMESPACE, '183-1'), holdRef(NAMESPACE, '183-1')]) {
        expect(await removeMarked(gate, ref, lease)).toBe('removed');
      }
      return { held: nodes.map(({ name }) => name), short, first };
    } finally {
      binding.abort();
      await bound;
      await gate.close();
    }
  }

  it('hold the node that came, and are of a priority that replicas replace', async () => {
    const { held, short, first } = await hold();
    expect(held).toEqual(['node-1']);
    expect(short).toEqual([expect.stringContaining('1 of 2 nodes of v6e are held')]);
    expect(first).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'PodTemplate' }] },
      spec: { priority: -1, preemptionPolicy: 'Never', nodeName: 'node-1' },
    });
    expect(await admin.get(podRef(1))).toBeNull();
    expect(await admin.get(holdRef(NAMESPACE, '183-1'))).toBeNull();
  }, 60_000);

  it.each(GRANTS.map((grant) => [title(grant), grant] as const))(
    'cannot do without %s',
    async (_title, grant) => {
      await admin.apply({ ...grant.role, rules: rulesWithout(grant.role, [grant]) } as never, { force: true });
      const { verb, resource } = grant;
      // A PriorityClass that may not be read is not checked; the pods are made with it nevertheless.
      if (resource === 'priorityclasses') {
        const gate = clientOf(kube, { accessToken: async () => kube.tokenFor(EXAMPLES.identity) });
        const context = stageContext({ kube: gate }).context;
        const look = await checkCapacity(context, { chips: 4, scaleDownMs: 60_000, queued: false });
        expect(look.outcome).toBe('not-checked');
        await gate.close();
        return;
      }
      await expect(hold()).rejects.toMatchObject({
        code: 'kube-permission',
        message: expect.stringContaining(`cannot ${verb} resource "${resource}"`),
      });
    },
    60_000,
  );
});
