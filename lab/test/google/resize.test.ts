import { afterEach, describe, expect, it } from 'vitest';
import { done, type GcpLab, POOL, startGcpLab, until } from './gcp-lab.ts';

let lab: GcpLab;
afterEach(() => lab.close());

describe('resizing a node pool', () => {
  it('brings the nodes one after another, ends DONE without an error and tells the cluster', async () => {
    lab = await startGcpLab({ timeScale: 100 });
    const { status, json: started } = await lab.call('POST', `${POOL}:setSize`, { nodeCount: 3 });
    expect(status).toBe(200);
    expect(started).toMatchObject({ operationType: 'SET_NODE_POOL_SIZE', status: 'PENDING', zone: 'us-east5-b' });
    expect(started.targetLink).toContain('/projects/123456789012/zones/us-east5-b/clusters/serving/nodePools/v6e');
    expect((await lab.call('GET', POOL)).json).toMatchObject({ status: 'RECONCILING', initialNodeCount: 3 });

    const operation = await done(lab, started);
    expect(operation.error).toBeUndefined();
    expect(operation.endTime > operation.startTime).toBe(true);
    expect((await lab.call('GET', POOL)).json.status).toBe('RUNNING');
    await until(() => lab.published.at(-1)?.nodes.length === 3);
    const counts = lab.published.map((state) => state.nodes.length);
    // Two of them come in one turn where this machine is late by as much as lies between them.
    expect(counts.length).toBeGreaterThan(2);
    expect(counts).toEqual([...new Set(counts)].sort());
    expect([counts[0], counts.at(-1)]).toEqual([0, 3]);
    expect(lab.published.at(-1)).toMatchObject({ zone: 'us-east5-b', tpuTopology: '2x2', chipsPerNode: 4 });
    const record = await lab.record();
    expect(record.nodes.v6e).toEqual(lab.published.at(-1)?.nodes.map((node) => node.name));
    expect(record.nodes.v6e?.[0]).toMatch(/^gke-tpu-[0-9a-f]{8}-[0-9a-z]{4}$/);
  });

  it('takes the nodes away again; a request without nodeCount means 0', async () => {
    lab = await startGcpLab({ nodes: 3 });
    const { json: started } = await lab.call('POST', `${POOL}:setSize`, {});
    await done(lab, started);
    const record = await lab.record();
    expect(record.nodes.v6e).toEqual([]);
    expect(record.targetSize.v6e).toBe(0);
    expect(record.resizes).toMatchObject([{ pool: 'v6e', nodeCount: 0, operation: started.name }]);
    // A count of zero is left out, as proto3 does.
    expect((await lab.call('GET', POOL)).json).not.toHaveProperty('initialNodeCount');
  });

  it('refuses a second operation on the pool, and a cancel, while the first runs', async () => {
    lab = await startGcpLab({ timeScale: 1 });
    const { json: started } = await lab.call('POST', `${POOL}:setSize`, { nodeCount: 3 });
    const refused = await lab.call('POST', `${POOL}:setSize`, { nodeCount: 0 });
    expect(refused.status).toBe(400);
    expect(refused.json.error).toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: `Cluster is running incompatible operation ${started.name}.`,
      details: [{ reason: 'CLUSTER_ALREADY_HAS_OPERATION' }],
    });
    const scope = 'projects/demo/locations/us-east5-b/operations';
    expect((await lab.call('POST', `${scope}/${started.name}:cancel`, {})).status).toBe(400);
    expect((await lab.call('GET', scope)).json.operations).toHaveLength(1);
    expect((await lab.record()).resizes).toHaveLength(1);
  });

  it('runs out of stock: DONE with an error, a pool in error, and a group that keeps chasing', async () => {
    lab = await startGcpLab({ scenario: 'stockout', timeScale: 2_000 });
    const { json: started } = await lab.call('POST', `${POOL}:setSize`, { nodeCount: 3 });
    const operation = await done(lab, started);
    expect(operation.error.code).toBe(8);
    expect(operation.error.message).toMatch(/IGM after 5m|IGM after 4m/);
    expect(operation.error.message).toContain('Expected 3, running 0, transitioning 3. Current errors: [GCE_STOCKOUT]');
    expect(operation.statusMessage).toBe(operation.error.message);
    expect((await lab.call('GET', POOL)).json).toMatchObject({
      status: 'RUNNING_WITH_ERROR',
      conditions: [{ code: 'GCE_STOCKOUT' }],
    });
    expect((await lab.record()).targetSize.v6e).toBe(3);
    // Nobody asks any more, yet a node comes, and bills.
    await until(async () => (await lab.record()).nodes.v6e?.length === 1);
  });

  it('stops chasing once it is resized to 0', async () => {
    lab = await startGcpLab({ scenario: 'stockout', timeScale: 5_000 });
    await done(lab, (await lab.call('POST', `${POOL}:setSize`, { nodeCount: 3 })).json);
    await done(lab, (await lab.call('POST', `${POOL}:setSize`, { nodeCount: 0 })).json);
    expect((await lab.call('GET', POOL)).json.status).toBe('RUNNING');
    // 600 s of cluster time are 120 ms here.
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect((await lab.record()).nodes.v6e).toEqual([]);
  });

  it('keeps autoscaling settings', async () => {
    lab = await startGcpLab();
    const autoscaling = { enabled: true, max_node_count: 3 };
    await done(lab, (await lab.call('POST', `${POOL}:setAutoscaling`, { autoscaling })).json);
    expect((await lab.call('GET', POOL)).json.autoscaling).toEqual({ enabled: true, maxNodeCount: 3 });
  });
});
