import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RealKube } from '../../lab/apiserver/api-server.ts';
import { loadManifests, type Manifest } from '../../src/clients/files/manifests.ts';
import type { ClusterInfo } from '../../src/clients/google/gke.ts';
import type { KubeClient } from '../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../src/clients/kubernetes/objects.ts';
import { closeReplicaWays, openReplicaWays } from '../../src/stages/benchmark/one-replica.ts';
import { armObjects } from '../../src/stages/benchmark/way-objects.ts';
import type { Prepared } from '../../src/stages/context.ts';
import { deploy } from '../../src/stages/deploy/deploy.ts';
import { preflight } from '../../src/stages/preflight/preflight.ts';
import { preflightTable } from '../../src/stages/preflight/table.ts';
import type { AnyObject } from '../any-object.ts';
import { ROOT } from '../unit/manifests/files.ts';
import { POOL, stageContext, texts } from '../unit/stages/fakes.ts';
import { clientOf, makeNamespaces } from './client.ts';
import { startWithCrds } from './crds.ts';

const NAMESPACE = 'llm-d-inference-scheduling';
const CLUSTER: ClusterInfo = {
  name: 'llmd',
  status: 'RUNNING',
  version: null,
  ipEndpoint: null,
  ipEndpointEnabled: false,
  caPem: null,
  dnsEndpoint: null,
  nodePools: [POOL],
  enforcesPolicies: true,
};

const load = (path: string): Promise<Manifest[]> =>
  loadManifests({ path, root: join(ROOT, 'manifests'), namespace: NAMESPACE, env: process.env });

describe('stages on a real API server', () => {
  let kube: RealKube;
  let admin: KubeClient;
  /** The gate, with the rights of manifests/rbac and no others. */
  let client: KubeClient;
  let gateway: Server;

  beforeAll(async () => {
    kube = await startWithCrds('gateway-api', 'inference-extension', 'istio', 'kserve-odh-v0.15');
    admin = clientOf(kube);
    gateway = createServer((request, response) => {
      // As the temporary route has it: the way that was asked for is on the response.
      const way = request.headers['x-tpu-serving-gate-way'];
      if (way) response.setHeader('x-tpu-serving-gate-way', way);
      response.end('{"data":[]}');
    });
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    await makeNamespaces(admin, NAMESPACE, 'opendatahub');
    const rules = await loadManifests({ path: 'manifests/rbac', root: ROOT, namespace: NAMESPACE, env: process.env });
    for (const { object } of rules) await admin.apply(object);
    const binding: AnyObject | undefined = rules.find(({ object }) => object.kind === 'RoleBinding')?.object;
    const user = binding?.subjects[0].name;
    const token = kube.tokenFor(user);
    client = clientOf(kube, { accessToken: async () => token });
  });
  afterAll(async () => {
    gateway?.close();
    await Promise.all([client?.close(), admin?.close()]);
    await kube?.stop();
  });

  const setting = () => stageContext({ kube: client }, { namespace: NAMESPACE });

  async function prepare(): Promise<Prepared> {
    const retire = (await load('pattern1/retire.yaml')).map(({ object }) => object);
    const { context } = setting();
    const table = preflightTable(() => {}, context.signal);
    return preflight(context, CLUSTER, await load('pattern3'), retire, table);
  }

  const inNamespace = async (apiVersion: string, kind: string) =>
    ((await client.list(apiVersion, kind, { namespace: NAMESPACE })) ?? []).map(({ metadata }) => metadata.name).sort();
  const services = () => inNamespace('serving.kserve.io/v1alpha1', 'LLMInferenceService');
  const policies = () => inNamespace('networking.k8s.io/v1', 'NetworkPolicy');

  it('the gate may read all that it looks at', async () => {
    const seen = [
      ['v1', 'Node'],
      ['v1', 'Pod', NAMESPACE],
      ['v1', 'Event', NAMESPACE],
      ['apps/v1', 'Deployment', NAMESPACE],
      ['gateway.networking.k8s.io/v1', 'HTTPRoute', NAMESPACE],
    ] as const;
    for (const [apiVersion, kind, namespace] of seen) {
      expect(await client.list(apiVersion, kind, namespace ? { namespace } : {}), kind).toEqual([]);
    }
    const absent = { name: 'absent', namespace: NAMESPACE, kind: 'InferencePool' };
    for (const apiVersion of ['inference.networking.k8s.io/v1', 'inference.networking.x-k8s.io/v1alpha2']) {
      expect(await client.get({ ...absent, apiVersion })).toBeNull();
    }
    const gateway = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: 'absent' };
    expect(await client.get({ ...gateway, namespace: 'opendatahub' })).toBeNull();
    expect(await client.logs(NAMESPACE, 'absent', 'main', { tailLines: 1, limitBytes: 1_000 })).toBe('');
    const target = { namespace: NAMESPACE, pod: 'absent', scheme: 'https', port: 8000, path: '/metrics' } as const;
    await expect(client.portForward(target)).rejects.toThrow('404');
    // Nothing else, here or elsewhere.
    const elsewhere = { apiVersion: 'v1', kind: 'Pod', name: 'absent', namespace: 'kube-system' };
    await expect(client.get(elsewhere)).rejects.toMatchObject({ code: 'kube-permission' });
    for (const [apiVersion, kind, namespace] of [
      ['v1', 'Pod', undefined],
      ['v1', 'Secret', NAMESPACE],
      ['rbac.authorization.k8s.io/v1', 'Role', NAMESPACE],
    ] as const) {
      const asked = client.list(apiVersion, kind, namespace ? { namespace } : {});
      await expect(asked, kind).rejects.toMatchObject({ code: 'kube-permission' });
    }
  });

  it('preflight changes nothing', async () => {
    const { service, manifests } = await prepare();
    expect(service).toMatchObject({ name: 'qwen2-3b-pattern3', namespace: NAMESPACE, replicas: 3 });
    expect(manifests).toHaveLength(5);
    expect([await services(), await policies()]).toEqual([[], []]);
  });

  it('the gate may delete all that retire.yaml lists', async () => {
    const { retire } = await prepare();
    expect(retire.map(({ kind }) => kind)).toContain('EnvoyFilter');
    for (const ref of retire) expect(await client.remove(ref), ref.kind).toBe(false);
  });

  it('deploy takes Pattern 1 away, and nothing of anybody else', async () => {
    for (const { object } of await load('pattern1')) await client.apply(object);
    await admin.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'default-deny', namespace: NAMESPACE },
      spec: { podSelector: {}, policyTypes: ['Ingress'] },
    });
    const { context, said } = setting();

    expect(await deploy(context, await prepare())).toEqual({ retired: 5, applied: 5, pruned: 0 });
    expect(await services()).toEqual(['qwen2-3b-pattern3']);
    expect(await policies()).toEqual([
      'allow-gateway-to-epp-pattern3',
      'allow-gateway-to-vllm-pattern3',
      'allow-istio-pattern3',
      'allow-vllm-egress-pattern3',
      'default-deny',
    ]);
    expect(texts(said)).toContain(`retired LLMInferenceService qwen2-3b-pattern1 in ${NAMESPACE}`);
  });

  it('deploy changes nothing when it is repeated', async () => {
    const ref = { apiVersion: 'serving.kserve.io/v1alpha1', kind: 'LLMInferenceService', namespace: NAMESPACE };
    const before = await client.get({ ...ref, name: 'qwen2-3b-pattern3' });
    expect(await deploy(setting().context, await prepare())).toEqual({ retired: 0, applied: 5, pruned: 0 });
    expect(await client.get({ ...ref, name: 'qwen2-3b-pattern3' })).toEqual(before);
  });

  it('deploy stops at a field that somebody else set since, and names file, line, field and manager', async () => {
    const somebody = clientOf(kube, { fieldManager: 'kubectl-edit' });
    await somebody.mergePatch(
      {
        apiVersion: 'serving.kserve.io/v1alpha1',
        kind: 'LLMInferenceService',
        name: 'qwen2-3b-pattern3',
        namespace: NAMESPACE,
      },
      { spec: { replicas: 5 } },
    );
    await expect(deploy(setting().context, await prepare())).rejects.toMatchObject({
      code: 'apply-conflict',
      message: expect.stringMatching(
        /^pattern3\/llminferenceservice\.yaml:\d+: .*another field manager owns \.spec\.replicas \(conflict with "kubectl-edit"/,
      ),
    });
    const forced = stageContext({ kube: client }, { namespace: NAMESPACE, 'force-conflicts': 'true' });
    expect(await deploy(forced.context, await prepare())).toEqual({ retired: 0, applied: 5, pruned: 0 });
    await somebody.close();
  });

  it('the one-replica arm is taken as it is, and goes without a trace', async () => {
    const pod: KubeObject = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'replica-0', namespace: NAMESPACE, labels: { 'kserve.io/component': 'workload' } },
      spec: { containers: [{ name: 'main', image: 'vllm' }] },
    };
    await admin.apply(pod);
    const { context, said } = setting();
    const prepared = await prepare();
    const stack = {
      replicas: [pod],
      pickers: [],
      route: {
        origin: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`,
        endpoint: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/ns/qwen`,
        pool: null,
        gateway: { name: 'inference-gateway', namespace: 'opendatahub' },
        hostname: 'llm.example.com',
      },
      scheme: 'https',
      port: 8000,
    } as unknown as Parameters<typeof openReplicaWays>[2];
    const labelled = () =>
      client.list('v1', 'Pod', { namespace: NAMESPACE, labelSelector: 'tpu-serving-gate/one-replica' });
    const present = async () => {
      const objects = await Promise.all(armObjects(prepared, context.runKey).map((ref) => client.get(ref)));
      return objects.flatMap((object) => object?.kind ?? []);
    };

    const arm = await openReplicaWays(context, prepared, stack, 'm');
    expect(arm.replicas.map(({ pod }) => pod)).toEqual(['replica-0']);
    expect(await present()).toEqual(['HTTPRoute', 'DestinationRule', 'Service']);
    expect(await labelled()).toMatchObject([pod]);

    await closeReplicaWays(context, prepared, ['replica-0']);
    expect(await present()).toEqual([]);
    expect(await labelled()).toEqual([]);
    expect(texts(said)).toEqual([]);
  });
});
