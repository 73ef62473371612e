import { loopbackCertificate } from '../../lab/certs.ts';
import { createDemand } from '../../lab/cluster/demand.ts';
import { createRecorder } from '../../lab/cluster/events.ts';
import { tpuNode } from '../../lab/cluster/node-objects.ts';
import { CRDS, PODS, PRIORITY_CLASSES } from '../../lab/cluster/resources.ts';
import { startScheduling } from '../../lab/cluster/scheduling.ts';
import { holderPriority, provisioningRequestDefinition } from '../../lab/cluster/seed/capacity.ts';
import { listen } from '../../lab/google/http.ts';
import { startGcp } from '../../lab/google/server.ts';
import { startKubeApi } from '../../lab/kube/server.ts';
import { createStore, type Store } from '../../lab/kube/store.ts';
import type { GcpRecord, NodePoolState } from '../../lab/protocol.ts';
import { SCENARIOS, type Scenario } from '../../lab/scenarios/scenarios.ts';
import { type Actors, actors } from './actors.ts';
import { FAULT_BODIES, type FaultProxy, startFaultProxy } from './proxy.ts';

const NODES = { group: '', plural: 'nodes' };
export const LEASES = { group: 'coordination.k8s.io', plural: 'leases' };
export const POOL = 'v6e';

/** A cluster and its cloud in this process, at a thousandfold clock, each behind a proxy that can fail. */
export interface World extends Actors {
  google: FaultProxy;
  kube: FaultProxy;
  store: Store;
  /** What a run has in its environment and its inputs. */
  env: Record<string, string>;
  inputs: Record<string, string>;
  /** Texts that nobody may ever read. */
  secrets: string[];
  record(): Promise<GcpRecord>;
  /** As if the lease had run out long ago. */
  expireLease(): void;
  leaseIsThere(): boolean;
  /** Somebody else writes into the record and the key of every lease. */
  garbleLease(): void;
  /** Changes the record of every lease, as it was written. */
  editLeases(change: (state: Record<string, unknown>) => Record<string, unknown>): void;
  /** Somebody else deletes every lease. */
  removeLease(): void;
  /** Who is to be told of a kill and an interrupt. */
  victim: { kill: () => void; interrupt: () => void };
  close(): Promise<void>;
}

export async function startWorld(scenario: Scenario = SCENARIOS.pass!, timeScale = 1_000): Promise<World> {
  const tls = await loopbackCertificate('faults');
  const store = createStore();
  const tokenSecret = 'token-secret-of-the-lab';
  const victim: World['victim'] = { kill: () => {}, interrupt: () => {} };
  const told = { onKill: () => victim.kill(), onInterrupt: () => victim.interrupt() };
  const api = await startKubeApi({ tls, caPem: tls.caPem, tokenSecret, store, logs: () => null, podProxy: () => null });
  store.create({ group: '', plural: 'namespaces' }, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } });
  store.create(PRIORITY_CLASSES, holderPriority());
  store.create(CRDS, provisioningRequestDefinition());
  let machines: NodePoolState | undefined;
  const demand = createDemand(store, () => machines);
  const scheduling = startScheduling({ store, record: createRecorder(store, 'default-scheduler') });
  const nodes = await listen(({ method, path, body }) => {
    const [, , , what] = path.split('/');
    const given = body === '' ? undefined : JSON.parse(body);
    if (method === 'PUT') {
      machines = given as NodePoolState;
      follow(store, machines);
    } else if (what === 'demand') return { status: 200, body: demand.view(POOL) };
    else if (what === 'events') demand.note(given);
    else if (what === 'requests') demand.settle(given);
    else if (what === 'drain') demand.drain(given.node);
    return { status: 200, body: {} };
  });
  const kube = await startFaultProxy({
    target: { origin: () => `https://${api.endpoint}` },
    tls: { key: tls.key, cert: tls.cert },
    body: FAULT_BODIES.kube,
    ...told,
  });
  const gcp = await startGcp({
    timeScale,
    seed: 5,
    scenario,
    project: 'demo',
    projectNumber: '123456789012',
    location: 'us-east5-b',
    cluster: 'serving',
    clusterEndpoint: `127.0.0.1:${kube.port}`,
    clusterCaPem: tls.caPem,
    nodePool: { name: POOL, machineType: 'ct6e-standard-4t', tpuTopology: '2x2', chipsPerNode: 4, initialNodeCount: 0 },
    tokenSecret,
    serviceAccount: { email: 'gate@demo.iam.gserviceaccount.com', publicKeyPem: '' },
    kubeControlUrl: nodes.url,
  });
  const google = await startFaultProxy({
    target: { origin: () => gcp.url },
    body: FAULT_BODIES.google,
    ...told,
  });
  const oidc = new URL(gcp.oidcRequestUrl);
  const cast = actors(store);
  return {
    ...cast,
    google,
    kube,
    store,
    victim,
    env: {
      CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${google.origin}/`,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_STS: `${google.origin}/`,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${google.origin}${oidc.pathname}${oidc.search}`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: gcp.oidcRequestToken,
      TPU_SERVING_GATE_REGISTRY_MIRROR: gcp.registryUrl,
    },
    inputs: {
      'project-id': 'demo',
      location: 'us-east5-b',
      cluster: 'serving',
      namespace: 'ns',
      'workload-identity-provider': 'projects/123456789012/locations/global/workloadIdentityPools/ci/providers/github',
      'poll-interval': '50ms',
      'lease-timeout': '20s',
      'release-timeout': '20s',
      'busy-timeout': '5s',
      'api-timeout': '1s',
    },
    // The first of every access token of the lab, and the bearer that an identity is asked for with.
    secrets: [tokenSecret, 'ya29.lab.', gcp.oidcRequestToken],
    record: async () => (await (await fetch(`${gcp.controlUrl}/record`)).json()) as GcpRecord,
    leaseIsThere: () => store.list(LEASES).some(({ metadata }) => metadata.name === `tpu-serving-gate-${POOL}`),
    expireLease() {
      for (const lease of store.list(LEASES)) {
        store.update(LEASES, { ...lease, spec: { ...lease.spec, renewTime: '2026-01-01T00:00:00.000000Z' } });
      }
    },
    editLeases(change) {
      for (const lease of store.list(LEASES)) {
        const { annotations = {} } = lease.metadata;
        const text = annotations['tpu-serving-gate/lease'];
        if (text === undefined) continue;
        const changed = { ...annotations, 'tpu-serving-gate/lease': JSON.stringify(change(JSON.parse(text))) };
        store.update(LEASES, { ...lease, metadata: { ...lease.metadata, annotations: changed } });
      }
    },
    removeLease() {
      for (const { metadata } of store.list(LEASES)) store.delete(LEASES, metadata.namespace, metadata.name);
    },
    garbleLease() {
      for (const lease of store.list(LEASES)) {
        const annotations = { 'tpu-serving-gate/lease': '{"v":1', 'tpu-serving-gate/run': 'somebody' };
        store.update(LEASES, { ...lease, metadata: { ...lease.metadata, annotations } });
      }
    },
    async close() {
      scheduling.close();
      await Promise.all([google.close(), kube.close()]);
      await Promise.all([gcp.close(), api.close(), nodes.close()]);
    },
  };
}

/** Nodes as the pool's machines come and go: Ready and with their chips at once. */
function follow(store: Store, state: NodePoolState): void {
  const wanted = new Set(state.nodes.map(({ name }) => name));
  for (const { metadata } of store.list(NODES)) {
    if (wanted.has(metadata.name)) continue;
    store.delete(NODES, undefined, metadata.name);
    for (const pod of store.list(PODS)) {
      if (pod.spec?.nodeName === metadata.name) store.delete(PODS, pod.metadata.namespace, pod.metadata.name);
    }
  }
  for (const { name } of state.nodes) {
    if (store.get(NODES, undefined, name)) continue;
    const node = tpuNode(name, POOL, state, '10.164.0.2');
    const chips = { 'google.com/tpu': String(state.chipsPerNode) };
    store.create(NODES, {
      ...node,
      spec: { taints: [{ key: 'google.com/tpu', value: 'present', effect: 'NoSchedule' }] },
      status: {
        ...node.status,
        conditions: [{ type: 'Ready', status: 'True' }],
        allocatable: { ...node.status.allocatable, ...chips },
      },
    });
  }
}
