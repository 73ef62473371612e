import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RealKube, startApiServer } from '../../lab/apiserver/api-server.ts';
import { type KubeletServer, startKubeletServer } from '../../lab/apiserver/kubelet-server.ts';
import { loopbackCertificate } from '../../lab/certs.ts';
import type { KubeClient } from '../../src/clients/kubernetes/client.ts';
import { EXAMPLES } from '../../src/lib/gate-files.ts';
import { systemClock } from '../../src/lib/poll.ts';
import { checkEndpoint, withReach } from '../../src/stages/ready/reach.ts';
import type { ReadyStack } from '../../src/stages/ready/ready.ts';
import { answerAfter, completion, type ModelServer, startModelServer } from '../unit/load/model-server.ts';
import { objectsOf } from '../unit/manifests/files.ts';
import { stageContext } from '../unit/stages/fakes.ts';
import { clientOf, makeNamespaces } from './client.ts';
import { type Grant, rulesIn, rulesWithout } from './permissions.ts';

const GATEWAY = { namespace: EXAMPLES.gatewayNamespace, name: 'inference-gateway' };
const IMAGE = `docker.io/library/node:24-slim@sha256:${'a'.repeat(64)}`;
const ROLES = objectsOf('rbac/load.yaml');
/** Kubernetes asks for the other one, to create a port-forward, from 1.35 on. */
const GRANTS = rulesIn(ROLES).filter(
  ({ role, verb, resource }) =>
    role.metadata.name === 'tpu-serving-gate-load-tunnel' && !(verb === 'create' && resource === 'pods/portforward'),
);
/** Nothing listens there. */
const INTERNAL = '127.0.0.2';

describe('a gateway that the runner cannot reach, on a real API server with the shipped roles and no others', () => {
  let kube: RealKube;
  let kubelet: KubeletServer;
  let admin: KubeClient;
  let gateway: ModelServer;

  beforeAll(async () => {
    gateway = await startModelServer(answerAfter(1, completion(8)));
    const port = Number(new URL(gateway.url).port);
    kubelet = await startKubeletServer({
      tls: await loopbackCertificate('kubelet'),
      readLogs: () => null,
      podAddress: (_namespace, _pod, at) => (at === port ? { host: '127.0.0.1', port } : null),
    });
    kube = await startApiServer({ flags: ['--kubelet-preferred-address-types=InternalIP'] });
    admin = clientOf(kube);
    await makeNamespaces(admin, GATEWAY.namespace, EXAMPLES.namespace);
    await made('/api/v1/nodes', {
      ...{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } },
      status: {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
      },
    });
    await made(`/api/v1/namespaces/${GATEWAY.namespace}/pods`, {
      ...{ apiVersion: 'v1', kind: 'Pod' },
      metadata: { name: 'gateway-1', labels: { 'gateway.networking.k8s.io/gateway-name': GATEWAY.name } },
      spec: { nodeName: 'node-1', containers: [{ name: 'istio-proxy', image: 'proxy' }] },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  }, 120_000);
  afterAll(async () => {
    await admin?.close();
    await kube?.stop();
    await kubelet?.close();
    await gateway?.close();
  });
  beforeEach(async () => {
    for (const object of ROLES) await admin.apply(object as never, { force: true });
  });

  async function made(
    collection: string,
    object: { metadata: Record<string, unknown>; status: unknown; [field: string]: unknown },
  ): Promise<void> {
    const { status } = await kube.ask('POST', collection, object);
    expect(status).toBe(201);
    const contentType = 'application/merge-patch+json';
    const path = `${collection}/${String(object.metadata.name)}/status`;
    const patched = await kube.ask('PATCH', path, { status: object.status }, { contentType });
    expect(patched.status).toBe(200);
  }

  /** The status of a request through the tunnel. */
  async function asked(): Promise<number> {
    const client = clientOf(kube, { accessToken: async () => kube.tokenFor(EXAMPLES.identity) });
    const origin = `http://${INTERNAL}:${new URL(gateway.url).port}`;
    const route = { origin, endpoint: `${origin}/ns/m`, hostname: null, gateway: GATEWAY };
    const { context } = stageContext({ kube: client }, { 'load-from': 'auto', 'load-image': IMAGE });
    try {
      const stack = await withReach({ ...context, clock: systemClock }, { route } as ReadyStack);
      try {
        return (await fetch(`${checkEndpoint(stack)}/v1/models`)).status;
      } finally {
        await stack.tunnel?.close();
      }
    } finally {
      await client.close();
    }
  }

  it('is asked by way of the kubelet of its pod', async () => {
    expect(await asked()).toBe(200);
    expect(gateway.paths.at(-1)).toBe('GET /ns/m/v1/models');
  }, 60_000);

  it.each(GRANTS.map((grant: Grant) => [`${grant.verb} ${grant.resource}`, grant] as const))(
    'is not asked without %s',
    async (_title, grant) => {
      const { role, resource } = grant;
      await admin.apply({ ...role, rules: rulesWithout(role, [grant]) } as never, { force: true });
      await expect(asked()).rejects.toMatchObject({
        code: 'gateway-unreachable',
        message: expect.stringMatching(resource === 'pods' ? /cannot list resource "pods"/ : /403/),
      });
    },
    60_000,
  );
});
