import { describe, expect, it } from 'vitest';
import type { ClusterInfo } from '../../../src/clients/google/gke.ts';
import type { NodePoolInfo } from '../../../src/clients/google/node-pool.ts';
import {
  checkPool,
  choosePool,
  hostsOf,
  isByDemand,
  poolNotes,
  provisioningText,
} from '../../../src/tpu/pool-shape.ts';

const TAINT = { key: 'google.com/tpu', value: 'present', effect: 'NO_SCHEDULE' };

const LIMITS = { minNodes: 0, maxNodes: 3, locationPolicy: 'ANY', autoprovisioned: false };

function pool(change: Partial<NodePoolInfo> = {}): NodePoolInfo {
  return {
    name: 'v6e',
    status: 'RUNNING',
    machineType: 'ct6e-standard-4t',
    tpuTopology: '2x2',
    initialNodeCount: 0,
    locations: ['europe-west4-a'],
    autoscaling: null,
    queuedProvisioning: false,
    spot: false,
    reserved: false,
    reservations: [],
    conditions: [],
    taints: [],
    labels: {},
    flexStart: false,
    maxRunSeconds: null,
    instanceGroups: [],
    ...change,
  };
}

function cluster(...nodePools: NodePoolInfo[]): ClusterInfo {
  return {
    name: 'llmd',
    status: 'RUNNING',
    version: null,
    ipEndpoint: null,
    ipEndpointEnabled: true,
    caPem: null,
    dnsEndpoint: null,
    enforcesPolicies: true,
    nodePools,
  };
}

describe('the pool', () => {
  const cpu = pool({ name: 'default', machineType: 'e2-standard-8', tpuTopology: null });

  it('is the only one with TPU machines', () => {
    expect(choosePool(cluster(cpu, pool()), null).name).toBe('v6e');
  });

  it('is the one that was named', () => {
    expect(choosePool(cluster(pool({ name: 'a' }), pool({ name: 'b' })), 'b').name).toBe('b');
  });

  it.each<[string, NodePoolInfo[], string | null, string, string]>([
    ['no TPU pool', [cpu], null, 'pool-ambiguous', 'has no node pool with TPU machines; its pools: default.'],
    ['no pool at all', [], null, 'pool-ambiguous', 'its pools: none.'],
    [
      'two TPU pools',
      [pool({ name: 'a' }), pool({ name: 'b' })],
      null,
      'pool-ambiguous',
      'has 2 TPU node pools: a, b.',
    ],
    [
      'another name',
      [cpu, pool()],
      'v6',
      'pool-not-found',
      'Node pool "v6" does not exist in llmd; it has: default, v6e.',
    ],
  ])('is not known: %s', (_, pools, wanted, code, text) => {
    expect(() => choosePool(cluster(...pools), wanted)).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringContaining(text),
        hint: expect.stringContaining('"node-pool"'),
      }),
    );
  });
});

describe('hosts', () => {
  it.each([
    ['ct6e-standard-4t', '2x2', 1],
    ['ct6e-standard-4t', '4x4', 4],
    ['ct6e-standard-4t', '16x16', 64],
    ['ct6e-standard-8t', '2x4', 1],
    ['ct5p-hightpu-4t', '2x2x2', 2],
    ['ct5lp-hightpu-4t', '2x4', 2],
    ['tpu7x-standard-4t', '2x2x1', 1],
    ['tpu7x-standard-4t', '4x4x4', 16],
    ['tpu9z-standard-4t', '4x4x4', 1],
    ['ct6e-standard-4t', null, 1],
    ['ct6e-standard-4t', 'odd', 1],
    ['e2-standard-8', '4x4', 1],
  ])('%s with %s is %d hosts', (machineType, tpuTopology, hosts) => {
    expect(hostsOf(pool({ machineType, tpuTopology }))).toBe(hosts);
  });
});

describe('the shape', () => {
  it.each<[string, Partial<NodePoolInfo>, number, number]>([
    ['a single-host pool', {}, 3, 0],
    ['a pool that is at work', { status: 'RECONCILING' }, 3, 0],
    ['a pool that was short of nodes', { status: 'RUNNING_WITH_ERROR', conditions: ['GCE_STOCKOUT: none'] }, 3, 0],
    ['a whole slice', { tpuTopology: '4x4' }, 4, 0],
    ['a whole slice that stays', { tpuTopology: '4x4' }, 4, 4],
    ['a spot pool', { spot: true }, 3, 1],
    ['Ironwood machines', { machineType: 'tpu7x-standard-4t', tpuTopology: '2x2x1' }, 3, 0],
    ['a TPU family that is not in the table', { machineType: 'tpu9z-standard-4t' }, 3, 0],
    ['machines of any name with a TPU topology', { machineType: 'x9-odd', tpuTopology: '2x2' }, 3, 0],
    ['machines of any name with the taint of TPU nodes', { machineType: 'x9-odd', taints: [TAINT] }, 3, 0],
  ])('is fit: %s', (_, change, nodes, resting) => {
    expect(() => checkPool(pool(change), nodes, resting)).not.toThrow();
  });

  it.each<[string, Partial<NodePoolInfo>, number, number, string]>([
    [
      'pool-unusable',
      { status: 'ERROR', conditions: ['GCE_QUOTA_EXCEEDED: too much'] },
      3,
      0,
      'is ERROR (GCE_QUOTA_EXCEEDED: too much).',
    ],
    ['pool-unusable', { status: 'STOPPING' }, 3, 0, 'is STOPPING.'],
    [
      'pool-multi-zone',
      { locations: ['z-a', 'z-b'] },
      3,
      0,
      '(z-a, z-b), and a resize counts per zone: 3 would lease 6 nodes.',
    ],
    ['pool-autoscaled', { autoscaling: LIMITS }, 3, 0, 'is autoscaled'],
    ['pool-queued', { queuedProvisioning: true }, 3, 0, 'queued provisioning'],
    [
      'pool-multi-host',
      { tpuTopology: '4x4' },
      3,
      0,
      'one 4x4 slice of 4 hosts: its size can only be 0 or 4, not 3 with 0 at rest.',
    ],
    ['pool-multi-host', { tpuTopology: '4x4' }, 4, 1, 'not 4 with 1 at rest.'],
  ])('is refused as %s: %j', (code, change, nodes, resting, text) => {
    expect(() => checkPool(pool(change), nodes, resting)).toThrow(
      expect.objectContaining({ code, stage: 'preflight', blame: 'config', message: expect.stringContaining(text) }),
    );
  });
});

describe('the way to the nodes of a pool', () => {
  const autoscaled = pool({ autoscaling: LIMITS });

  it.each<[string, Partial<NodePoolInfo>, 'auto' | 'resize' | 'demand', boolean]>([
    ['a resize without an autoscaler', {}, 'auto', false],
    ['a resize by choice', {}, 'resize', false],
    ['demand with an autoscaler', { autoscaling: LIMITS }, 'auto', true],
    ['demand with flex-start', { autoscaling: LIMITS, flexStart: true }, 'auto', true],
    ['demand with queued provisioning', { autoscaling: LIMITS, queuedProvisioning: true }, 'demand', true],
  ])('is %s', (_what, change, capacity, byDemand) => {
    expect(isByDemand(pool(change), capacity)).toBe(byDemand);
  });

  it.each<[string, Partial<NodePoolInfo>, 'auto' | 'resize' | 'demand', RegExp]>([
    ['pool-autoscaled', { autoscaling: LIMITS }, 'resize', /the autoscaler and not the gate owns its size/],
    ['pool-queued', { queuedProvisioning: true }, 'resize', /queued provisioning, which a resize bypasses/],
    ['pool-flex-start', { flexStart: true }, 'resize', /flex-start, from the autoscaler's queue/],
    ['pool-not-autoscaled', {}, 'demand', /has no autoscaler, so pods that wait bring no nodes\./],
    ['pool-not-autoscaled', { flexStart: true }, 'auto', /bring no nodes, and a resize does not either/],
  ])('is refused as %s: %j with capacity %s', (code, change, capacity, message) => {
    expect(() => isByDemand(pool(change), capacity)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it.each<[string, Partial<NodePoolInfo>, number, number, RegExp]>([
    ['pool-autoscaler-limits', { autoscaling: { ...LIMITS, minNodes: 1 } }, 3, 0, /keeps at least 1 nodes/],
    ['pool-autoscaler-limits', {}, 4, 0, /needs 4 nodes of v6e, and its autoscaler brings at most 3/],
    ['pool-multi-host', { tpuTopology: '4x4' }, 4, 0, /would have to be LeaderWorkerSets of 4 pods/],
  ])('refuses what an autoscaler cannot do as %s: %j', (code, change, nodes, resting, message) => {
    expect(() => checkPool({ ...autoscaled, ...change }, nodes, resting, true)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('accepts several zones, since one pod brings one node', () => {
    expect(() => checkPool({ ...autoscaled, locations: ['z-a', 'z-b'] }, 3, 0, true)).not.toThrow();
  });

  it.each<[string, Partial<NodePoolInfo>]>([
    ['', {}],
    [' on spot', { spot: true }],
    [' on a reservation', { reserved: true }],
    [' on reservation v6e-nightly', { reserved: true, reservations: ['v6e-nightly'] }],
    [' on flex-start with queued provisioning', { flexStart: true, queuedProvisioning: true }],
  ])('names what is paid for as "%s"', (words, change) => {
    expect(provisioningText(pool(change))).toBe(words);
  });
});

describe('a pool with a shape of its own', () => {
  it.each<[string, Partial<NodePoolInfo>, RegExp]>([
    ['flex-start', { flexStart: true }, /gets its nodes by flex-start/],
    [
      'machines without chips',
      { machineType: 'e2-standard-8', tpuTopology: null },
      /e2-standard-8, which have no TPU chips/,
    ],
    ['GPU machines', { machineType: 'a3-highgpu-8g', tpuTopology: null }, /a3-highgpu-8g, which have no TPU chips/],
  ])('is refused for %s', (_what, change, message) => {
    expect(() => checkPool(pool(change), 3, 0)).toThrow(message);
  });

  it.each<[string, Partial<NodePoolInfo>, RegExp]>([
    ['spot nodes', { spot: true }, /of spot nodes: a run that loses one is an error, named as preempted/],
    ['an operation under way', { status: 'RECONCILING' }, /is RECONCILING: an operation is under way/],
    ['a partial fault', { status: 'RUNNING_WITH_ERROR' }, /usable in part/],
    ['nodes that end before the run', { maxRunSeconds: 1_800 }, /deletes the nodes of v6e after 30 min/],
    ['conditions', { conditions: ['GCE_STOCKOUT: no'] }, /GCE_STOCKOUT: no/],
  ])('is accepted with a note on %s', (_what, change, note) => {
    expect(() => checkPool(pool(change), 3, 0)).not.toThrow();
    expect(poolNotes(pool(change), 3_600_000)).toEqual([expect.stringMatching(note)]);
  });

  it('has no note when there is nothing to say', () => {
    expect(poolNotes(pool({ maxRunSeconds: 7_200 }), 3_600_000)).toEqual([]);
  });
});
