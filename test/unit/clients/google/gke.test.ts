import { afterEach, describe, expect, it } from 'vitest';
import { googleError } from '../../../../lab/google/errors.ts';
import type { Inject, Reply } from '../../../../lab/google/http.ts';
import { type GcpLab, startGcpLab, until } from '../../../../lab/test/google/gcp-lab.ts';
import { createGkeClient, type GkeClientOptions } from '../../../../src/clients/google/gke.ts';
import { isOperationConflict } from '../../../../src/clients/google/operation-conflict.ts';
import type { Failure } from '../../../../src/lib/failure.ts';
import { gkeOptions } from './gcp-auth.ts';

let lab: GcpLab;
afterEach(() => lab?.close());

async function gke(
  options: Parameters<typeof startGcpLab>[0] = {},
  change: Partial<GkeClientOptions> = {},
): Promise<Awaited<ReturnType<typeof createGkeClient>> & { told: string[] }> {
  lab = await startGcpLab(options);
  const told: string[] = [];
  const client = await createGkeClient({
    ...gkeOptions(lab),
    onRetry: (message) => told.push(message),
    ...change,
  });
  return { ...client, told };
}

/** Answers in turn to requests for the path, then lets them through. */
function answers(path: RegExp, replies: Reply[]): Inject & { asked: () => number } {
  let asked = 0;
  const inject: Inject = (request) => (path.test(request.path) ? replies[asked++] : undefined);
  return Object.assign(inject, { asked: () => asked });
}

/** The API's own JSON with fields changed, whatever they are. */
function changed(path: RegExp, change: (body: Record<string, unknown>) => void): Inject {
  let own = false;
  return async (request) => {
    if (own || !path.test(request.path)) return undefined;
    own = true;
    const { json } = await lab.call('GET', request.path.replace('/v1/', ''));
    own = false;
    change(json);
    return { status: 200, body: json };
  };
}

describe('the cluster', () => {
  it('is told with its endpoints and pools', async () => {
    const client = await gke({ nodes: 2 });
    const cluster = await client.getCluster();
    expect(cluster).toMatchObject({
      name: 'serving',
      status: 'RUNNING',
      version: expect.stringMatching(/^1\.\d+\.\d+-gke/),
      ipEndpoint: '127.0.0.1:6443',
      ipEndpointEnabled: true,
      caPem: lab.config.clusterCaPem,
    });
    expect(cluster.nodePools).toEqual([
      {
        name: 'v6e',
        status: 'RUNNING',
        machineType: 'ct6e-standard-4t',
        // GKE tells it for slices of several hosts only.
        tpuTopology: null,
        initialNodeCount: 2,
        locations: ['us-east5-b'],
        autoscaling: null,
        queuedProvisioning: false,
        spot: false,
        reserved: false,
        reservations: [],
        flexStart: false,
        maxRunSeconds: null,
        conditions: [],
        taints: [],
        labels: {},
        instanceGroups: [{ zone: 'us-east5-b', name: 'gke-serving-v6e-grp' }],
      },
    ]);
    expect(await client.getNodePool('v6e')).toEqual(cluster.nodePools[0]);
  });

  it('is told with all that makes a pool unfit', async () => {
    const client = await gke({
      inject: changed(/nodePools\/v6e$/, (pool) => {
        Object.assign(pool, {
          status: 'RUNNING_WITH_ERROR',
          locations: ['us-east5-a', 'us-east5-b'],
          autoscaling: { enabled: true },
          queuedProvisioning: { enabled: true },
          conditions: [{ code: 'GCE_STOCKOUT', message: 'no capacity' }, { message: 'only words' }],
        });
        Object.assign(pool.config as object, {
          spot: true,
          reservationAffinity: { consumeReservationType: 'SPECIFIC_RESERVATION' },
        });
      }),
    });
    expect(await client.getNodePool('v6e')).toMatchObject({
      status: 'RUNNING_WITH_ERROR',
      locations: ['us-east5-a', 'us-east5-b'],
      autoscaling: { minNodes: 0, maxNodes: null, locationPolicy: null, autoprovisioned: false },
      queuedProvisioning: true,
      spot: true,
      reserved: true,
      conditions: ['GCE_STOCKOUT: no capacity', 'only words'],
    });
  });

  it('is told when its IP endpoint is off and its DNS endpoint open', async () => {
    const client = await gke({
      inject: changed(/clusters\/serving$/, (cluster) => {
        cluster.controlPlaneEndpointsConfig = {
          ipEndpointsConfig: { enabled: false },
          dnsEndpointConfig: { endpoint: 'gke-1.us-east5.gke.goog', allowExternalTraffic: true },
        };
      }),
    });
    expect(await client.getCluster()).toMatchObject({
      ipEndpointEnabled: false,
      dnsEndpoint: { host: 'gke-1.us-east5.gke.goog', allowsExternalTraffic: true },
    });
  });
});

describe('a pool of several hosts', () => {
  it('is told with its topology', async () => {
    const client = await gke({ topology: '4x4' });
    expect((await client.getNodePool('v6e')).tpuTopology).toBe('4x4');
  });
});

describe('a resize', () => {
  it('answers its operation, and is done later', async () => {
    const client = await gke();
    const started = await client.setNodePoolSize('v6e', 3);
    expect(started).toMatchObject({ type: 'SET_NODE_POOL_SIZE', status: 'PENDING', error: null });
    expect(started.targetLink).toMatch(/\/nodePools\/v6e$/);
    const done = await until(async () => {
      const now = await client.getOperation(started.name);
      return now.status === 'DONE' && now;
    });
    expect(done.error).toBeNull();
    expect((await client.listOperations()).map(({ name }) => name)).toEqual([started.name]);
    expect((await client.getNodePool('v6e')).initialNodeCount).toBe(3);
  });

  it('is a conflict while another one runs', async () => {
    const client = await gke({ timeScale: 1 });
    const first = await client.setNodePoolSize('v6e', 3);
    const error = await client.setNodePoolSize('v6e', 0).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ evidence: { reason: 'CLUSTER_ALREADY_HAS_OPERATION' } });
    expect((error as Failure).message).toContain(first.name);
    expect(isOperationConflict(error)).toBe(true);
    expect((await lab.record()).resizes).toHaveLength(1);
  });

  it('that ends without capacity is DONE with the reason', async () => {
    const client = await gke({ scenario: 'stockout', timeScale: 20_000 });
    const { name } = await client.setNodePoolSize('v6e', 3);
    const done = await until(async () => {
      const now = await client.getOperation(name);
      return now.status === 'DONE' && now;
    });
    expect(done.error).toMatch(/Expected 3, running \d.*GCE_STOCKOUT/);
    expect((await client.getNodePool('v6e')).conditions[0]).toMatch(/^GCE_STOCKOUT: /);
  });

  it.each([Number.NaN, -1, 1.5, undefined as unknown as number])('to %s nodes is never sent', async (nodeCount) => {
    const client = await gke();
    expect(() => client.setNodePoolSize('v6e', nodeCount)).toThrow('nodeCount must be a whole number from 0');
    expect((await lab.record()).requests.filter(({ path }) => path.includes('setSize'))).toEqual([]);
  });

  it('to zero sends its zero', async () => {
    const client = await gke({ nodes: 1 });
    await client.setNodePoolSize('v6e', 0);
    expect((await lab.record()).resizes).toMatchObject([{ pool: 'v6e', nodeCount: 0 }]);
  });
});

describe('isOperationConflict', () => {
  it.each([
    'Cluster is running incompatible operation operation-1700000000000-abcdef.',
    'Cluster is currently being created, deleted, updated or repaired and cannot be updated.',
    'Operation operation-17 is currently upgrading cluster serving. Please wait and try again once it is done.',
    'Operation operation-17 is currently REPAIRING cluster serving. Please wait and try again once it is done.',
  ])('knows: %s', (text) => {
    expect(isOperationConflict(new Error(`9 FAILED_PRECONDITION: ${text}`))).toBe(true);
  });

  it.each(['Node pool "v6e" is autoscaled.', 'The cluster is currently unreachable.', ''])(
    'leaves alone: %j',
    (text) => {
      expect(isOperationConflict(new Error(text))).toBe(false);
      expect(isOperationConflict(text)).toBe(false);
    },
  );
});

describe('a refusal', () => {
  it('for want of a permission names the permissions', async () => {
    const client = await gke({}, { projectId: 'foreign' });
    await expect(client.getCluster()).rejects.toMatchObject({
      code: 'gke-permission',
      stage: 'lease',
      blame: 'config',
      message: expect.stringContaining('Required "container.clusters.get" permission(s)'),
      hint: expect.stringContaining('container.clusters.update'),
    });
    expect(client.told).toEqual([]);
  });

  it.each<[string, Partial<GkeClientOptions>]>([
    ['cluster', { cluster: 'other' }],
    ['location', { location: 'us-east5-c' }],
  ])('of an unknown %s names the inputs', async (_, change) => {
    const client = await gke({}, change);
    await expect(client.getCluster()).rejects.toMatchObject({
      code: 'gke-not-found',
      blame: 'config',
      message: expect.stringMatching(/^Cluster .* was not found in demo, us-east5-/),
      hint: expect.stringMatching(/"location" or "cluster": gcloud container clusters list --project demo/),
    });
  });

  it('of a token names the identity’s side', async () => {
    const inject = answers(/clusters\/serving$/, Array(9).fill(googleError('UNAUTHENTICATED', 'expired')) as Reply[]);
    const client = await gke({ inject });
    await expect(client.getCluster()).rejects.toMatchObject({
      code: 'gcp-token',
      blame: 'config',
      message: 'Cluster serving: Google Cloud did not accept the access token: expired',
    });
  });
});

describe('the permission to resize, tried on a pool that nobody has', () => {
  const tried = /permission-probe:setSize$/;
  const cases: [string, Reply[], boolean][] = [
    ['is there when only the pool is missing', [], true],
    ['is not told by an API that cannot answer', Array(9).fill(googleError('INTERNAL', 'x')) as Reply[], false],
    ['is not told by another refusal', [googleError('FAILED_PRECONDITION', 'x')], false],
    ['is not told by a yes to what cannot be', [{ status: 200, body: { name: 'operation-1', status: 'DONE' } }], false],
  ];
  it.each(cases)('%s', async (_, replies, expected) => {
    const client = await gke({ inject: answers(tried, replies) });
    expect(await client.tryResizePermission()).toBe(expected);
  });

  it('is refused where it is', async () => {
    const denied = answers(
      tried,
      Array(9).fill(googleError('PERMISSION_DENIED', 'Required "container.clusters.update"')) as Reply[],
    );
    await expect((await gke({ inject: denied })).tryResizePermission()).rejects.toMatchObject({
      code: 'gke-permission',
    });
  });
});

describe('a fault', () => {
  it.each<[string, Reply]>([
    ['503', googleError('UNAVAILABLE', 'The service is currently unavailable.')],
    ['429', googleError('RESOURCE_EXHAUSTED', "Quota exceeded for quota metric 'Read requests'.")],
    ['500', googleError('INTERNAL', 'Internal error encountered.')],
    ['502 of a proxy', { status: 502, body: 'Bad Gateway' }],
  ])('with %s is tried again', async (_, reply) => {
    const inject = answers(/clusters\/serving$/, [reply, reply]);
    const client = await gke({ inject });
    expect((await client.getCluster()).name).toBe('serving');
    expect(client.told).toEqual([
      expect.stringMatching(/^Cluster serving: .*; try 2 of 6$/),
      expect.stringMatching(/^Cluster serving: .*; try 3 of 6$/),
    ]);
  });

  it('of a resize is tried again, and the resize happens once', async () => {
    const inject = answers(/setSize$/, [googleError('UNAVAILABLE', 'busy')]);
    const client = await gke({ inject });
    await client.setNodePoolSize('v6e', 3);
    expect((await lab.record()).resizes).toHaveLength(1);
  });

  it('that stays is told after six tries', async () => {
    const inject = answers(/clusters\/serving$/, Array(9).fill(googleError('UNAVAILABLE', 'down')) as Reply[]);
    const client = await gke({ inject });
    await expect(client.getCluster()).rejects.toMatchObject({
      code: 'gke-api',
      blame: 'cloud',
      message: 'Cluster serving: down',
    });
    expect(inject.asked()).toBe(6);
  });

  it('ends with the run', async () => {
    const controller = new AbortController();
    const inject: Inject = (request) => {
      if (!/clusters\/serving$/.test(request.path)) return undefined;
      controller.abort(new Error('cancelled'));
      return googleError('UNAVAILABLE', 'down');
    };
    const client = await gke({ inject }, { signal: controller.signal });
    await expect(client.getCluster()).rejects.toThrow('cancelled');
  });

  it('that is no answer at all is tried again, and an interrupt does not wait for it', async () => {
    let hangs = 1;
    const hang: Inject = (request) =>
      /clusters\/serving$/.test(request.path) && hangs-- > 0 ? new Promise(() => {}) : undefined;
    const client = await gke({ inject: hang }, { requestTimeoutMs: 200 });
    expect((await client.getCluster()).name).toBe('serving');
    // On a busy machine the limit may run out more than once.
    expect(client.told[0]).toMatch(/^Cluster serving: .*; try 2 of 6$/);

    await lab.close();
    const controller = new AbortController();
    const forEver: Inject = (request) => {
      if (!/clusters\/serving$/.test(request.path)) return undefined;
      controller.abort(new Error('cancelled'));
      return new Promise(() => {});
    };
    const stopped = await gke({ inject: forEver }, { signal: controller.signal, requestTimeoutMs: 60_000 });
    await expect(stopped.getCluster()).rejects.toThrow('cancelled');
  });
});
