import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectionsOf } from '../apiserver/collections.ts';
import { startCollector } from '../apiserver/collector.ts';
import { startKubeletServer } from '../apiserver/kubelet-server.ts';
import { type Collection, startMirror } from '../apiserver/mirror.ts';
import { createRealApi, type RealApi } from '../apiserver/real-api.ts';
import { CONTROLLERS, identityOf, KUBELET_ADDRESS, recordOf, withKubelet } from '../apiserver/real-kube.ts';
import { namespaceObject, secretObject } from '../cluster/seed/objects.ts';
import { startControl } from '../control.ts';
import type { KubeConfig, KubeObject, KubePorts, RealStack } from '../protocol.ts';
import { startStackCluster } from './cluster.ts';
import { startDefinedKube } from './definitions.ts';
import { gatewayObject, istioObjects } from './istio.ts';
import { kserveObjects, kservePresets, kserveWebhooks } from './kserve.ts';
import { createPrograms } from './programs.ts';

const READY_MS = 90_000;
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Kinds that only KServe and Istio write; the garbage collector must see them. */
const WRITTEN_BY_OTHERS: Collection[] = [
  ['rbac.authorization.k8s.io', 'roles', 'Role'],
  ['rbac.authorization.k8s.io', 'rolebindings', 'RoleBinding'],
  ['autoscaling', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'],
  ['policy', 'poddisruptionbudgets', 'PodDisruptionBudget'],
].map(([group, plural, kind]) => ({
  group: group as string,
  plural: plural as string,
  kind: kind as string,
  apiVersion: `${group}/${group === 'autoscaling' ? 'v2' : 'v1'}`,
  namespaced: true,
  hasStatus: true,
}));

/**
 * The cluster of real parts: kube-apiserver and etcd, KServe's controller, istiod, and Envoy and the endpoint picker
 * as those two have them deployed. Resolves when the gateway is programmed.
 */
export async function startRealStack(
  config: KubeConfig,
  stack: RealStack,
): Promise<KubePorts & { close(): Promise<void> }> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const each of closers.reverse()) await each();
  };
  const started = Date.now();
  const say = (what: string) =>
    stack.verbose && process.stderr.write(`stack: ${((Date.now() - started) / 1_000).toFixed(1)} s: ${what}\n`);
  try {
    const { kube, webhook } = await startDefinedKube(stack.assets, {
      assets: join(stack.assets, 'kube/binaries'),
      flags: [`--kubelet-preferred-address-types=${KUBELET_ADDRESS}`],
      identityOf: (token) => identityOf(config.tokenSecret, token),
    });
    closers.push(() => kube.stop());
    say('API server with all definitions');
    const access = { server: kube.server, caPem: kube.caPem };
    const api = createRealApi({ ...access, token: kube.adminToken, agent: CONTROLLERS });
    const definitions = (await api.ask('GET', DEFINITIONS)).body.items as KubeObject[];
    const collections = [...collectionsOf(definitions), ...WRITTEN_BY_OTHERS];
    const mirror = await startMirror(api, collections);
    closers.push(() => mirror.close());
    say('mirror');
    let cluster: ReturnType<typeof startStackCluster>;
    const kubelet = await startKubeletServer({
      tls: config.tls,
      readLogs: (...args) => cluster.readLogs(...args),
      podAddress: (...args) => cluster.podAddress(...args),
    });
    closers.push(() => kubelet.close());
    closers.push(startCollector(mirror, collections));
    const folder = await mkdtemp(join(tmpdir(), 'stack-'));
    if (!stack.verbose) closers.push(() => rm(folder, { recursive: true, force: true }));
    else process.stderr.write(`stack: files and logs stay in ${folder}\n`);
    const programs = createPrograms({ ...access, assets: stack.assets, vllm: stack.vllm ?? null, folder, api });
    cluster = startStackCluster(config, withKubelet(mirror, kubelet.port), mirror, programs);
    closers.push(() => cluster.close());
    await install(api, config, stack, webhook, say);
    cluster.setBooting(false);
    const control = await startControl(cluster, async () => ({
      ...recordOf(await kube.audit(), mirror),
      faults: cluster.faults(),
      programs: programs.list(),
    }));
    closers.push(control.close);
    return {
      endpoint: kube.server.replace('https://', ''),
      caPem: kube.caPem,
      adminToken: kube.adminToken,
      controlUrl: control.url,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Everything in the order in which an administrator installs it. */
async function install(
  api: RealApi,
  config: KubeConfig,
  stack: RealStack,
  webhook: KubeConfig['tls'],
  say: (what: string) => void,
): Promise<void> {
  const { gateway, namespace } = config;
  const others = new Set(['istio-system', 'kserve', gateway.namespace, namespace]);
  const pull = { '.dockerconfigjson': '{"auths":{}}' };
  const basics = [
    ...[...others].map((name) => namespaceObject(name)),
    secretObject(namespace, 'hf-token', 'Opaque', { HF_TOKEN: 'hf_rehearsal' }),
    secretObject(namespace, 'redhat-pull-secret', 'kubernetes.io/dockerconfigjson', pull),
    ...stack.rbac,
  ];
  for (const object of [...basics, ...istioObjects(stack.assets), ...kserveObjects(stack.assets, webhook, gateway)]) {
    await create(api, object);
  }
  await until('istiod', () => available(api, 'istio-system', 'istiod'));
  say('istiod ready');
  await until("KServe's controller", () => available(api, 'kserve', 'llmisvc-controller-manager'));
  say("KServe's controller ready");
  for (const object of [...kserveWebhooks(stack.assets, webhook), ...kservePresets(stack.assets)]) {
    await create(api, object);
  }
  await create(api, gatewayObject(gateway));
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${gateway.namespace}/gateways/${gateway.name}`;
  await until('the gateway', async () => {
    const conditions = ((await api.ask('GET', path)).body.status?.conditions ?? []) as {
      type: string;
      status: string;
    }[];
    const isProgrammed = conditions.some(({ type, status }) => type === 'Programmed' && status === 'True');
    return isProgrammed && available(api, gateway.namespace, `${gateway.name}-istio`);
  });
  for (const object of stack.add) await create(api, object);
  say('gateway programmed');
}

async function available(api: RealApi, namespace: string, name: string): Promise<boolean> {
  const { body } = await api.ask('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
  return (body.status?.availableReplicas ?? 0) > 0;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what} was not ready after ${READY_MS / 1_000} s`);
    await sleep(200);
  }
}

/** Creates an object at the path of its kind; plurals of all kinds that the stack installs are regular. */
async function create(api: RealApi, object: KubeObject): Promise<void> {
  const { apiVersion, kind, metadata } = object;
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = metadata.namespace ? `/namespaces/${metadata.namespace}` : '';
  const { status, body } = await api.ask('POST', `${base}${scope}/${kind.toLowerCase()}s`, object);
  if (status !== 201)
    throw new Error(`${kind} ${metadata.name}: HTTP ${status}: ${body.message ?? JSON.stringify(body)}`);
}
