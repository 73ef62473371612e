import { ClusterManagerClient } from '@google-cloud/container';
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { afterEach, describe, expect, it } from 'vitest';
import { issueToken } from '../../tokens.ts';
import { type GcpLab, POOL, startGcpLab, until } from './gcp-lab.ts';

const CLUSTER = 'projects/demo/locations/us-east5-b/clusters/serving';
let lab: GcpLab;
afterEach(() => lab.close());

function client(token = lab.token) {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: token });
  return new ClusterManagerClient({
    apiEndpoint: '127.0.0.1',
    port: Number(new URL(lab.url).port),
    fallback: true,
    protocol: 'http',
    projectId: 'demo',
    auth: new GoogleAuth({ authClient }),
  });
}

describe('the Container API, through @google-cloud/container', () => {
  it('describes the cluster: endpoint, certificate authority, pool', async () => {
    lab = await startGcpLab({ nodes: 2 });
    const [cluster] = await client().getCluster({ name: CLUSTER });
    expect(cluster.endpoint).toBe('127.0.0.1:6443');
    expect(Buffer.from(cluster.masterAuth?.clusterCaCertificate ?? '', 'base64').toString()).toBe(
      lab.config.clusterCaPem,
    );
    expect(cluster.nodePools).toHaveLength(1);
    expect(cluster).toMatchObject({ status: 'RUNNING', zone: 'us-east5-b', currentNodeCount: 2 });
    const [all] = await client().listClusters({ parent: 'projects/demo/locations/-' });
    expect(all.clusters?.map((one) => one.name)).toEqual(['serving']);
    const [pools] = await client().listNodePools({ parent: CLUSTER });
    expect(pools.nodePools?.[0]?.config?.machineType).toBe('ct6e-standard-4t');
    const [server] = await client().getServerConfig({ name: 'projects/demo/locations/us-east5-b' });
    expect(server.defaultClusterVersion).toMatch(/-gke\./);
  });

  it('resizes, lists and follows the operation', async () => {
    lab = await startGcpLab();
    const gke = client();
    const [started] = await gke.setNodePoolSize({ name: POOL, nodeCount: 1 });
    expect(started.operationType).toBe('SET_NODE_POOL_SIZE');
    const name = `projects/demo/locations/us-east5-b/operations/${started.name}`;
    await until(async () => (await gke.getOperation({ name }))[0].status === 'DONE');
    const [list] = await gke.listOperations({ parent: 'projects/demo/locations/-' });
    expect(list.operations?.map((operation) => operation.name)).toEqual([started.name]);
    const [pool] = await gke.getNodePool({ name: POOL });
    expect(pool).toMatchObject({ initialNodeCount: 1, status: 'RUNNING' });
  });

  it('gives a stockout as the error of the operation', async () => {
    lab = await startGcpLab({ scenario: 'stockout', timeScale: 5_000 });
    const gke = client();
    const [started] = await gke.setNodePoolSize({ name: POOL, nodeCount: 3 });
    const name = `projects/demo/locations/us-east5-b/operations/${started.name}`;
    const operation = await until(async () => {
      const [now] = await gke.getOperation({ name });
      return now.status === 'DONE' && now;
    });
    expect(operation.error?.message).toContain('[GCE_STOCKOUT]');
    const [pool] = await gke.getNodePool({ name: POOL });
    expect(pool.conditions?.[0]).toMatchObject({ code: 'GCE_STOCKOUT', canonicalCode: 'RESOURCE_EXHAUSTED' });
  });

  it('answers errors with code and reason', async () => {
    lab = await startGcpLab({ timeScale: 1 });
    const gke = client();
    await gke.setNodePoolSize({ name: POOL, nodeCount: 1 });
    await expect(gke.setNodePoolSize({ name: POOL, nodeCount: 0 })).rejects.toMatchObject({
      code: 9,
      reason: 'CLUSTER_ALREADY_HAS_OPERATION',
    });
    await expect(gke.getCluster({ name: CLUSTER.replace('serving', 'other') })).rejects.toMatchObject({
      code: 5,
      message: 'Not found: projects/demo/locations/us-east5-b/clusters/other.',
    });
    await expect(gke.getCluster({ name: CLUSTER.replace('demo', 'theirs') })).rejects.toMatchObject({
      code: 7,
      reason: 'IAM_PERMISSION_DENIED',
    });
    const expired = issueToken('secret', { subject: 'me', expiresAt: Date.now() - 1 });
    await expect(client(expired).getCluster({ name: CLUSTER })).rejects.toMatchObject({ code: 16 });
    await expect(
      client(issueToken('forged', { subject: 'me', expiresAt: Date.now() + 1e6 })).getCluster({ name: CLUSTER }),
    ).rejects.toMatchObject({ code: 16 });
  });
});

describe('the Container API, as HTTP', () => {
  it('asks for credentials', async () => {
    lab = await startGcpLab();
    const response = await fetch(`${lab.url}/v1/${CLUSTER}`);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      error: { status: 'UNAUTHENTICATED', details: [{ reason: 'CREDENTIALS_MISSING' }] },
    });
  });

  it('refuses fields and values that the message does not have', async () => {
    lab = await startGcpLab();
    const unknown = await lab.call('POST', `${POOL}:setSize`, { nodes: 3 });
    expect(unknown.json.error.message).toBe('Invalid JSON payload received. Unknown name "nodes": Cannot find field.');
    expect((await lab.call('POST', `${POOL}:setSize`, { nodeCount: 'three' })).status).toBe(400);
    expect((await lab.call('POST', `${POOL}:setSize`, { nodeCount: -1 })).status).toBe(400);
    expect((await lab.record()).resizes).toEqual([]);
  });

  it.each([
    ['DELETE', `/v1/${POOL}`],
    ['PUT', `/v1/${POOL}`],
    ['POST', '/v1/projects/demo/locations/us-east5-b/clusters'],
    ['POST', `/v1/${POOL}:rollback`],
    ['GET', '/v1/projects/demo/aggregated/usableSubnetworks'],
    ['GET', '/compute/v1/projects/demo/zones/us-east5-b/instances'],
    ['GET', '/v1beta1/projects/demo/locations/us-east5-b/clusters'],
    ['GET', '/token'],
    ['POST', '/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com:signBlob'],
  ])('names itself where it does not play a call: %s %s', async (method, path) => {
    lab = await startGcpLab();
    const headers = { authorization: `Bearer ${lab.token}` };
    const response = await fetch(`${lab.url}${path}`, { method, headers });
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({
      error: {
        code: 404,
        status: 'NOT_FOUND',
        message: `The lab does not play ${method} ${path}.`,
        details: [expect.objectContaining({ reason: 'NOT_PLAYED' })],
      },
    });
  });

  it('names the topology of a slice of several hosts only', async () => {
    lab = await startGcpLab({ topology: '2x4' });
    expect((await lab.call('GET', POOL)).json.placementPolicy).toEqual({ type: 'COMPACT', tpuTopology: '2x4' });
    await lab.close();
    lab = await startGcpLab({ topology: '2x2' });
    expect((await lab.call('GET', POOL)).json).not.toHaveProperty('placementPolicy');
  });

  it('lets a fault answer first, and records what was answered', async () => {
    lab = await startGcpLab({ inject: ({ method }) => (method === 'POST' ? { status: 503, body: {} } : undefined) });
    expect((await lab.call('POST', `${POOL}:setSize`, { nodeCount: 3 })).status).toBe(503);
    expect((await lab.call('GET', POOL)).status).toBe(200);
    const { requests } = await lab.record();
    expect(requests).toMatchObject([
      { method: 'POST', path: `/v1/${POOL}:setSize`, status: 503, body: { nodeCount: 3 } },
      { method: 'GET', path: `/v1/${POOL}`, status: 200 },
    ]);
  });
});
