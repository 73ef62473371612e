import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { awaitNodes, requestNodes } from '../../../../src/stages/lease/lease.ts';
import { leaseState } from '../../../../src/stages/lease/lease-state.ts';
import { resizeFailure } from '../../../../src/stages/lease/resize-failure.ts';
import type { AnyObject } from '../../../any-object.ts';
import {
  applied,
  conflict,
  fakeKube,
  fakePool,
  nodes,
  operation,
  POOL,
  prepared,
  stageContext,
  texts,
} from '../fakes.ts';

const LIMIT_MS = 60_000;
const STOCKOUT =
  "Google Compute Engine: Not all instances running in IGM after 35m. Expected 3, running 2, transitioning 1. Current errors: [GCE_STOCKOUT]: Instance 'x' creation failed: The zone does not have enough resources available to fulfill the request.";

describe('a resize that failed', () => {
  it.each<[string, string, number, string, string, RegExp]>([
    [
      'no capacity',
      STOCKOUT.replace('running 2', 'running 0'),
      0,
      'gke-stockout',
      'cloud',
      /^The zone has no TPU capacity for 3 nodes of v6e\.$/,
    ],
    ['some capacity', STOCKOUT, 2, 'gke-stockout', 'cloud', /of v6e; 2 of 3 nodes arrived\.$/],
    ['an exhausted zone', 'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS', 0, 'gke-stockout', 'cloud', /capacity/],
    [
      'no quota',
      "[GCE_QUOTA_EXCEEDED]: Quota 'TPUS_PER_TPU_FAMILY' exceeded. Limit: 8.0",
      0,
      'gke-quota',
      'config',
      /TPU quota does not allow 3/,
    ],
    ['too little quota', 'Insufficient quota to satisfy the request', 2, 'gke-quota', 'config', /2 of 3 nodes arrived/],
    [
      'no permission',
      "Required 'compute.instances.create' permission for 'x'",
      0,
      'gke-node-permission',
      'config',
      /lacks a permission/,
    ],
    ['no service account', 'The service account was deleted', 0, 'gke-node-permission', 'config', /lacks a permission/],
    [
      'a quota that the message names by its code',
      "[QUOTA_EXCEEDED]: Instance 'x' creation failed: Quota 'TPUS' exceeded.  Limit: 8.0 in region us-east5.",
      0,
      'gke-quota',
      'config',
      /TPU quota/,
    ],
    [
      'a reservation without room',
      'Reservation does not have enough resources for the request: specific reservation "r" is insufficient.',
      0,
      'gke-reservation-full',
      'cluster',
      /reservation of the pool has no room/,
    ],
    [
      'a reservation that is not there',
      "The specified reservation 'r' does not exist.",
      0,
      'gke-reservation',
      'config',
      /reservation of the pool cannot be used/,
    ],
    [
      'no IP addresses, in an exhausted resource',
      "requested resource is exhausted: Expected 3, running 0, transitioning 3. Current errors: [IP_SPACE_EXHAUSTED]: Instance 'x' creation failed: IP space of 'projects/p/regions/r/subnetworks/s' is exhausted.",
      0,
      'gke-ip-space',
      'cluster',
      /no IP addresses left/,
    ],
    [
      'a slice',
      "Invalid value for field 'resource.resizeBy': '16'. Requested invalid target size '16' for a Managed Instance Group in the gang mode of size '8'. Should be equal to the gang size.",
      0,
      'gke-gang-size',
      'config',
      /one slice of several hosts/,
    ],
    [
      'a policy',
      'Constraint constraints/compute.requireShieldedVm violated for project demo.',
      0,
      'gke-org-policy',
      'cluster',
      /policy of the organisation/,
    ],
    [
      'capacity, with advice on reservations',
      'The zone does not have enough resources available to fulfill the request. Try a different zone, or use a reservation.',
      0,
      'gke-stockout',
      'cloud',
      /no TPU capacity/,
    ],
    ['a quota that was only read', 'The quota page could not be read', 0, 'gke-resize-failed', 'cloud', /quota page/],
    [
      'anything else',
      'Internal error 13',
      1,
      'gke-partial',
      'cloud',
      /^Only 1 of 3 nodes of v6e arrived: Internal error 13$/,
    ],
    ['nothing at all', 'Internal error 13', 0, 'gke-resize-failed', 'cloud', /to 3 nodes failed: Internal error 13$/],
  ])('for %s', (_, text, got, code, blame, message) => {
    const failure = resizeFailure(text, 3, got, 'v6e', { project: 'demo', location: 'us-east5-b', cluster: 'serving' });
    expect(failure).toMatchObject({ stage: 'lease', code, blame, evidence: { text, asked: 3, got } });
    expect(failure.message).toMatch(message);
  });
});

describe('the lease', () => {
  it('holds all that is needed to give the nodes back', () => {
    const { context } = stageContext({});
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'ns' },
      data: { secret: 'x' },
    };
    const ready = prepared({ sizeBefore: 1, restingNodes: 1, manifests: [{ object, file: 'a.yaml', line: 1 }] });
    const state = leaseState(context, ready, '2026-11-22T14:07:07Z');
    expect(JSON.parse(JSON.stringify(state))).toMatchObject({
      v: 1,
      projectId: 'ecoeng-llmd',
      location: 'europe-west4-a',
      cluster: 'llmd',
      nodePool: 'v6e',
      sizeBefore: 1,
      sizeAsked: 3,
      restingNodes: 1,
      machineType: 'ct6e-standard-4t',
      spot: true,
      reserved: false,
      startedAt: '2026-11-22T14:07:07Z',
      run: '18300012345/1',
      runKey: '183-1',
      namespace: 'ns',
    });
    expect(state.workload[0]).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: 'ns' });
    // What the benchmark makes is known beforehand, so that a run that is killed leaves nothing behind.
    expect(state.workload.slice(1).some(({ name }) => name.includes('183-1'))).toBe(true);
    expect(JSON.stringify(state)).not.toContain('secret');
  });

  it.each(['Namespace', 'CustomResourceDefinition', 'StorageClass'])('never names a %s for removal', (kind) => {
    const { context } = stageContext({});
    const manifests = [applied(kind, 'kept'), applied('ConfigMap', 'goes')].map((object) => ({
      object,
      file: 'a.yaml',
      line: 1,
    }));
    const { workload } = leaseState(context, prepared({ manifests }), '2026-11-22T14:07:07Z');
    expect(workload.map(({ name }) => name)).not.toContain('kept');
    expect(workload[0]).toMatchObject({ kind: 'ConfigMap', name: 'goes' });
  });

  it('names the Job of the load clients last, which is removed first', () => {
    const image = `docker.io/library/node@sha256:${'a'.repeat(64)}`;
    const state = (change: Record<string, string>) =>
      leaseState(stageContext({}, change).context, prepared(), '2026-11-22T14:07:07Z').workload;
    expect(state({ 'load-from': 'cluster', 'load-image': image }).at(-1)).toEqual({
      ...{ apiVersion: 'batch/v1', kind: 'Job', name: 'tpu-serving-gate-load', namespace: 'ns' },
    });
    expect(state({ 'load-from': 'auto', 'load-image': image }).at(-1)).toMatchObject({ kind: 'Job' });
    for (const none of [{}, { 'load-from': 'auto' }])
      expect(state(none as Record<string, string>).map(({ kind }) => kind)).not.toContain('Job');
  });

  it('is not needed for nodes that are there already', async () => {
    const pool = fakePool(3);
    const { context, said } = stageContext({ gke: pool.gke, kube: fakeKube({ Node: () => pool.nodes }).kube });
    const ready = prepared({ pool: { ...POOL, initialNodeCount: 3 }, sizeBefore: 3 });
    expect(await requestNodes(context, ready, LIMIT_MS)).toBeNull();
    expect(pool.asked).toEqual([]);
    expect(texts(said)).toEqual(['v6e is set to 3 nodes already']);
  });

  it.each<[string, () => KubeObject[]]>([
    ['none', () => []],
    ['fewer', () => nodes(2)],
    [
      'perhaps none, since they cannot be listed',
      () => {
        throw new Failure({ stage: 'lease', code: 'kube-api', message: 'down' });
      },
    ],
  ])('is made for a pool whose size says 3 while its nodes are %s', async (_, list) => {
    const pool = fakePool(0);
    const { context } = stageContext({ gke: pool.gke, kube: fakeKube({ Node: list }).kube });
    const ready = prepared({ pool: { ...POOL, initialNodeCount: 3 }, sizeBefore: 3 });
    expect(await requestNodes(context, ready, LIMIT_MS)).not.toBeNull();
    expect(pool.asked).toEqual([3]);
  });

  it('names what holds the pool, and nothing of other pools and clusters', async () => {
    const on = (rest: string) => `https://container.googleapis.com/v1/projects/1/zones/z/clusters/${rest}`;
    const running = [
      operation({
        name: 'operation-up',
        type: 'UPGRADE_NODES',
        targetLink: on('llmd/nodePools/v6e'),
        startTime: '2026-11-22T14:00:00Z',
      }),
      operation({ name: 'operation-master', type: 'UPGRADE_MASTER', targetLink: on('llmd') }),
      operation({ name: 'operation-other', targetLink: on('llmd/nodePools/cpu') }),
      operation({ name: 'operation-far', targetLink: on('llmd-two') }),
      operation({ name: 'operation-past', status: 'DONE', targetLink: on('llmd') }),
    ];
    const pool = fakePool(0, { refusals: [conflict()], running });
    const { context, said } = stageContext({ gke: pool.gke });
    await requestNodes(context, prepared(), LIMIT_MS);
    expect(texts(said)[0]).toBe(
      'another operation runs (operation-up, UPGRADE_NODES since 2026-11-22T14:00:00Z; operation-master, UPGRADE_MASTER)',
    );
  });

  it('waits for another operation, and says which', async () => {
    const pool = fakePool(0, { refusals: [conflict(), conflict()] });
    const { context, said } = stageContext({ gke: pool.gke });
    await requestNodes(context, prepared(), LIMIT_MS);
    expect(pool.asked).toEqual([3, 3, 3]);
    expect(texts(said)[0]).toMatch(/^another operation runs \(.*operation-1/);
  });

  it('ends when the pool is not free in time, and says what runs', async () => {
    const pool = fakePool(0, { refusals: Array.from({ length: 99 }, conflict) });
    const { context } = stageContext({ gke: pool.gke });
    await expect(requestNodes(context, prepared(), LIMIT_MS)).rejects.toMatchObject({
      code: 'pool-busy',
      stage: 'lease',
      blame: 'cluster',
      message: expect.stringMatching(/^Node pool v6e was not free in time; last seen: .*operation-1/),
      hint: expect.stringContaining('concurrency group'),
    });
    expect(context.clock.now()).toBeLessThan(LIMIT_MS + 1_000);
  });

  it('ends at once with any other refusal', async () => {
    const pool = fakePool(0, { refusals: [new Error('permission denied')] });
    const { context } = stageContext({ gke: pool.gke });
    await expect(requestNodes(context, prepared(), LIMIT_MS)).rejects.toThrow('permission denied');
    expect(pool.asked).toEqual([3]);
  });
});

describe('the nodes', () => {
  const wait = (pool = fakePool(), list = () => pool.nodes) => {
    const { kube } = fakeKube({ Node: list });
    const { context, said } = stageContext({ gke: pool.gke, kube });
    const run = async () =>
      awaitNodes(context, prepared(), await requestNodes(context, prepared(), LIMIT_MS), LIMIT_MS);
    return { run, said };
  };

  it('are awaited, not the operation', async () => {
    const { run, said } = wait();
    const found = await run();
    expect(found.map(({ name, chips }) => `${name} ${chips}`)).toEqual(['node-0 4', 'node-1 4', 'node-2 4']);
    expect(texts(said).filter((text) => text.startsWith('node '))).toHaveLength(3);
  });

  it('are awaited through an outage of the Container API, and not through its refusal', async () => {
    const pool = fakePool(0, { operationProbes: 4 });
    const { getOperation } = pool.gke;
    const faults = ['gke-api', 'gke-api'].map((code) => new Failure({ stage: 'lease', code, message: 'down' }));
    pool.gke.getOperation = async (name) => {
      const fault = faults.shift();
      if (fault) throw fault;
      return getOperation(name);
    };
    const { run, said } = wait(pool);
    expect(await run()).toHaveLength(3);
    expect(texts(said)).toContain('0 of 3 nodes Ready, 0 registered, operation unknown (down)');
    const refused = fakePool(0);
    refused.gke.getOperation = () =>
      Promise.reject(new Failure({ stage: 'lease', code: 'gke-permission', message: 'no' }));
    await expect(wait(refused).run()).rejects.toMatchObject({ code: 'gke-permission' });
  });

  describe('with those of a base stack', () => {
    const base = { state: 'ready', prepared: { ...prepared(), nodes: 1 }, contentHash: 'a', headHash: 'b' } as const;
    const shortOf = async (pool = fakePool(), list = () => pool.nodes) => {
      const { kube } = fakeKube({ Node: list });
      const { context } = stageContext({ gke: pool.gke, kube });
      const wanted = prepared({ nodes: 4, base });
      const reasons: string[] = [];
      const operation = await requestNodes(context, wanted, LIMIT_MS);
      const found = await awaitNodes(context, wanted, operation, LIMIT_MS, (reason) => reasons.push(reason));
      return { nodes: found.length, reasons };
    };

    it('are all awaited', async () => {
      expect(await shortOf()).toEqual({ nodes: 4, reasons: [] });
    });

    it('are done without where the quota ends with those of the stack under test', async () => {
      const pool = fakePool(0, { operationError: 'Quota TPUS_PER_TPU_FAMILY exceeded. Limit: 12.0 in region.' });
      const { nodes: found, reasons } = await shortOf(pool, () => nodes(3));
      expect(found).toBe(3);
      expect(reasons).toEqual([expect.stringContaining('3 of 4 nodes')]);
    });

    it('are done without where they do not come in time', async () => {
      const { nodes: found, reasons } = await shortOf(fakePool(), () => nodes(3));
      expect({ found, reasons }).toEqual({
        found: 3,
        reasons: ['3 of 4 nodes of v6e are Ready, and the others did not come in time.'],
      });
    });

    it('are no reason to go on with fewer than the stack under test needs', async () => {
      const pool = fakePool(0, { operationError: 'Quota TPUS_PER_TPU_FAMILY exceeded.' });
      await expect(shortOf(pool, () => nodes(2))).rejects.toMatchObject({ stage: 'lease' });
    });
  });

  it('count only when Ready with chips', async () => {
    const pool = fakePool();
    const { run } = wait(pool, () => nodes(3, 2));
    await expect(run()).rejects.toMatchObject({
      code: 'nodes-timeout',
      message: expect.stringContaining('last seen: 2 of 3 nodes Ready, 3 registered, operation DONE.'),
      hint: expect.stringContaining('"lease-timeout"'),
    });
  });

  it('do not count when Ready before their chips are there', async () => {
    const listed: AnyObject[] = nodes(3);
    listed[1]!.status.allocatable = {};
    listed[2]!.status.allocatable = { 'google.com/tpu': '0' };
    const { run, said } = wait(fakePool(), () => listed);
    await expect(run()).rejects.toMatchObject({
      code: 'nodes-timeout',
      message: expect.stringContaining('last seen: 1 of 3 nodes Ready, 3 registered, operation DONE.'),
    });
    expect(texts(said).filter((text) => text.startsWith('node '))).toEqual(['node node-0 Ready, 4 chips']);
  });

  it('end with the cause of the operation', async () => {
    const pool = fakePool(0, { operationError: STOCKOUT });
    const { run } = wait(pool, () => nodes(2));
    await expect(run()).rejects.toMatchObject({ code: 'gke-stockout', evidence: { asked: 3, got: 2 } });
  });

  it('are enough when they came although the operation ended badly', async () => {
    const pool = fakePool(0, { operationError: 'Internal error' });
    const { run } = wait(pool, () => nodes(3));
    expect(await run()).toHaveLength(3);
  });
});
