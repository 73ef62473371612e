import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import type { ClusterInfo } from '../../../../src/clients/google/gke.ts';
import type {
  AccessAttributes,
  AccessRule,
  KubeClient,
  ListOptions,
} from '../../../../src/clients/kubernetes/client.ts';
import type { ObjectRef } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { checkAccess, type Proof } from '../../../../src/stages/preflight/access.ts';
import { checkFilters } from '../../../../src/stages/preflight/filters.ts';
import { checkKserve, readVersions } from '../../../../src/stages/preflight/kserve.ts';
import { checkPolicies } from '../../../../src/stages/preflight/network.ts';
import { checkGooglePermissions, checkShape } from '../../../../src/stages/preflight/pool.ts';
import { checkSecrets } from '../../../../src/stages/preflight/secrets.ts';
import { checkGateway, checkIstio, checkRoutes } from '../../../../src/stages/preflight/serving.ts';
import { withoutGoing } from '../../../../src/stages/preflight/without-going.ts';
import type { AnyObject } from '../../../any-object.ts';
import { fakePool, POOL } from '../fakes.ts';

const NS = 'ns';
const GATEWAY = { namespace: 'opendatahub', name: 'gw' };
const SERVICE = { apiVersion: 'serving.kserve.io/v1alpha1', name: 'qwen', namespace: NS, replicas: 3 };
const forbidden = () => new Failure({ stage: 'preflight', code: 'kube-permission', message: 'forbidden' });

/** A client with these calls alone; it lists and reads objects of any kind. */
function kube(
  given: Omit<Partial<KubeClient>, 'get' | 'list'> & {
    get?: (ref: ObjectRef) => Promise<AnyObject | null>;
    list?: (apiVersion: string, kind: string, options?: ListOptions) => Promise<AnyObject[]>;
  },
): KubeClient {
  return given as KubeClient;
}

function manifest(spec: Record<string, unknown> = {}, kind = 'LLMInferenceService', name = 'qwen'): Manifest {
  const object = { apiVersion: 'x/v1', kind, metadata: { name, namespace: NS }, spec };
  return { object, file: 'service.yaml', line: 1, lineMatching: () => 7, lineOf: () => 5 };
}

describe('Kubernetes permissions', () => {
  const where = {
    namespace: NS,
    leaseNamespace: 'default',
    gatewayNamespace: 'opendatahub',
    poolGroups: ['inference.networking.k8s.io'],
  };
  const everything: AccessRule[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];

  it('that rules show are not asked for one by one', async () => {
    const asked: AccessAttributes[] = [];
    const client = kube({
      rulesIn: async () => everything,
      canI: async (attributes) => {
        asked.push(attributes);
        return true;
      },
    });
    expect(await checkAccess(client, where)).toEqual({ seen: expect.stringMatching(/^all \d+ rules/) });
    expect(asked).toEqual([{ verb: 'list', group: '', resource: 'nodes' }]);
  });

  it('that a read has shown need no review; a read that fails proves nothing', async () => {
    const asked: string[] = [];
    const client = kube({
      rulesIn: async (namespace) => {
        asked.push(`rules in ${namespace}`);
        return everything;
      },
      canI: async ({ verb, resource }) => {
        asked.push(`${verb} ${resource}`);
        return false;
      },
    });
    const proofs = (succeeds: boolean): Proof[] => [
      {
        ...{ verb: 'get', group: 'gateway.networking.k8s.io', resource: 'gateways', namespace: 'opendatahub' },
        succeeds: async () => succeeds,
      },
      { verb: 'list', group: '', resource: 'nodes', namespace: null, succeeds: async () => succeeds },
    ];
    const known = await checkAccess(client, { ...where, proofs: proofs(true) });
    expect(asked.splice(0)).toEqual(['rules in ns', 'rules in default']);
    const all = kube({ rulesIn: async () => everything, canI: async () => true });
    expect(known).toEqual(await checkAccess(all, where));
    await expect(checkAccess(client, { ...where, proofs: proofs(false) })).rejects.toMatchObject({
      message: 'The identity may not list nodes in the cluster.',
    });
    expect(asked).toEqual(['rules in ns', 'rules in default', 'rules in opendatahub', 'list nodes']);
  });

  it('are asked for one by one where an authoriser does not list them, as GKE’s IAM', async () => {
    let asked = 0;
    const client = kube({
      rulesIn: async () => [],
      canI: async () => {
        asked += 1;
        return true;
      },
    });
    await checkAccess(client, where);
    expect(asked).toBeGreaterThan(35);
  });

  it('beside a gateway that is not known are not called complete', async () => {
    const client = kube({ rulesIn: async () => everything, canI: async () => true });
    expect(await checkAccess(client, { ...where, gatewayNamespace: null })).toMatchObject({
      outcome: 'not-checked',
      seen: expect.stringMatching(/rules that a run needs beside the gateway, which is not known$/),
    });
  });

  it('that are missing are all named, with the file that grants them', async () => {
    const client = kube({
      rulesIn: async () => [],
      canI: async ({ verb, resource, subresource }) =>
        !(verb === 'patch' && resource === 'pods') && subresource !== 'portforward' && resource !== 'leases',
    });
    await expect(checkAccess(client, where)).rejects.toMatchObject({
      code: 'kube-permission',
      message:
        'The identity may not patch pods, get pods/portforward, create pods/portforward in ns; get leases.coordination.k8s.io, create leases.coordination.k8s.io, update leases.coordination.k8s.io, delete leases.coordination.k8s.io in default.',
      hint: expect.stringMatching(/`for f in serving lease; do curl .* \| kubectl apply -f -`$/),
      evidence: { missing: [expect.stringContaining('patch pods'), expect.stringContaining('get leases')] },
    });
  });

  it('of load clients in the cluster are asked for where these send the load', async () => {
    const client = kube({
      rulesIn: async () => [],
      canI: async ({ resource, name }) => resource !== 'jobs' && name !== 'tpu-serving-gate-load-plan',
    });
    expect(await checkAccess(client, where)).toEqual({ seen: expect.stringMatching(/^all \d+ rules/) });
    await expect(checkAccess(client, { ...where, load: { cluster: true, tunnel: false } })).rejects.toMatchObject({
      code: 'kube-permission',
      message: 'The identity may not get jobs.batch, create jobs.batch, delete jobs.batch, patch configmaps in ns.',
      hint: expect.stringContaining('manifests/rbac/load.yaml'),
    });
  });

  it('of a tunnel are asked for in the namespace of the gateway, where the runner cannot reach it', async () => {
    const client = kube({
      rulesIn: async () => [],
      canI: async ({ subresource, namespace }) => subresource !== 'portforward' || namespace !== 'gateways',
    });
    const there = { ...where, gatewayNamespace: 'gateways' };
    const load = { cluster: true, tunnel: false };
    expect(await checkAccess(client, { ...there, load })).toEqual({ seen: expect.stringMatching(/^all \d+ rules/) });
    await expect(checkAccess(client, { ...there, load: { ...load, tunnel: true } })).rejects.toMatchObject({
      code: 'kube-permission',
      message: 'The identity may not get pods/portforward, create pods/portforward in gateways.',
      hint: expect.stringMatching(/manifests\/rbac\/load.yaml.*namespace: gateways/),
    });
  });

  it('of an identity that only reads are those of reading, and the others are not checked', async () => {
    const asked: string[] = [];
    const client = kube({
      rulesIn: async () => [],
      canI: async ({ verb, subresource }) => {
        asked.push(`${verb} ${subresource ?? ''}`.trim());
        return verb === 'get' || verb === 'list';
      },
    });
    expect(await checkAccess(client, { ...where, readOnly: true })).toEqual({
      outcome: 'not-checked',
      seen: expect.stringMatching(/^all \d+ rules that reading needs; those of a run are another identity's/),
    });
    expect([...new Set(asked)].sort()).toEqual(['get', 'get log', 'list']);
    const nothing = kube({ rulesIn: async () => [], canI: async () => false });
    await expect(checkAccess(nothing, { ...where, readOnly: true })).rejects.toMatchObject({
      hint: expect.stringMatching(
        /`curl -fsSL \S+read-only\/roles\.yaml \| sed .*gate-preflight@.* \| kubectl apply -f -`$/,
      ),
    });
  });

  it('for single names do not count for all', async () => {
    const named = [{ ...everything[0]!, resourceNames: ['one'] }];
    const client = kube({ rulesIn: async () => named, canI: async () => false });
    await expect(checkAccess(client, where)).rejects.toMatchObject({ code: 'kube-permission' });
  });
});

describe('secrets', () => {
  const spec = {
    template: {
      imagePullSecrets: [{ name: 'pull' }],
      containers: [
        {
          env: [
            { valueFrom: { secretKeyRef: { name: 'hf', key: 'token' } } },
            { valueFrom: { secretKeyRef: { name: 'spare', key: 'x', optional: true } } },
          ],
        },
      ],
      volumes: [{ secret: { secretName: 'tls' } }],
    },
  };
  const there: Record<string, { type: string; keys: string[] }> = {
    pull: { type: 'kubernetes.io/dockerconfigjson', keys: ['.dockerconfigjson'] },
    hf: { type: 'Opaque', keys: ['token'] },
    tls: { type: 'kubernetes.io/tls', keys: ['tls.crt'] },
  };
  const look = (change: Partial<typeof there> = {}, may = true, rules: AccessRule[] = []) =>
    checkSecrets(
      kube({
        rulesIn: async () => rules,
        canI: async () => may,
        secretKeys: async (_namespace, name) => ({ ...there, ...change })[name] ?? null,
      }),
      [manifest(spec)],
      NS,
    );

  it('that are there with their keys pass; optional ones need not be there', async () => {
    expect(await look()).toEqual({ seen: 'hf, pull, tls with the keys that are used' });
  });

  it.each<[string, Partial<typeof there>, string, string]>([
    [
      'a key',
      { hf: { type: 'Opaque', keys: ['HF_TOKEN'] } },
      'secret-key-missing',
      'has no key token; it has HF_TOKEN',
    ],
    ['a secret', { tls: undefined as never }, 'secret-missing', 'tls does not exist'],
    ['a pull secret', { pull: undefined as never }, 'pull-secret-missing', 'pull does not exist'],
    ['the type of a pull secret', { pull: { type: 'Opaque', keys: [] } }, 'pull-secret-missing', 'is of type Opaque'],
  ])('are refused without %s', async (_, change, code, text) => {
    await expect(look(change)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text),
      evidence: { line: 7 },
    });
  });

  it('that the rules of the namespace let read need no review', async () => {
    const named = (...resourceNames: string[]): AccessRule => ({
      ...{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] },
      resourceNames,
    });
    const seen = { seen: 'hf, pull, tls with the keys that are used' };
    expect(await look({}, false, [named('hf', 'pull', 'tls')])).toEqual(seen);
    expect(await look({}, false, [named('hf'), named('pull')])).toMatchObject({
      outcome: 'not-checked',
      seen: 'tls: the gate may not read secrets of ns',
    });
  });

  it('that may not be read are said not to be checked', async () => {
    expect(await look({}, false)).toMatchObject({
      outcome: 'not-checked',
      seen: expect.stringContaining('hf, pull, tls'),
    });
  });
});

describe('the node pool', () => {
  const sizes = { nodes: 3, restingNodes: 0, runMs: 1_000 };
  const asks = (chips: string, nodeSelector = {}) =>
    manifest({
      template: {
        nodeSelector,
        tolerations: [{ key: 'google.com/tpu', operator: 'Exists' }],
        containers: [{ name: 'main', resources: { limits: { 'google.com/tpu': chips } } }],
      },
    });

  it('that the replicas fit on passes', () => {
    const pool = { ...POOL, spot: false };
    expect(checkShape(pool, sizes, asks('4'), SERVICE)).toEqual({
      seen: 'v6e: ct6e-standard-4t, 3 × 4 chips for 3 replicas, 0 at rest',
    });
  });

  it('of Ironwood machines passes like any other', () => {
    const pool = { ...POOL, spot: false, machineType: 'tpu7x-standard-4t', tpuTopology: '2x2x1' };
    const selector = {
      'cloud.google.com/gke-tpu-accelerator': 'tpu7x',
      'cloud.google.com/gke-tpu-topology': '2x2x1',
    };
    expect(checkShape(pool, sizes, asks('4', selector), SERVICE)).toEqual({
      seen: 'v6e: tpu7x-standard-4t, 3 × 4 chips for 3 replicas, 0 at rest',
    });
    expect(() => checkShape(pool, sizes, asks('2', selector), SERVICE)).toThrow('a tpu7x-standard-4t has 4');
  });

  it('of a TPU family that is not in the table is accepted and not checked', () => {
    const pool = { ...POOL, machineType: 'tpu9z-standard-4t' };
    expect(checkShape(pool, sizes, asks('2'), SERVICE)).toEqual({
      outcome: 'not-checked',
      seen: expect.stringMatching(/^v6e: the gate has no facts about tpu9z-standard-4t.*not checked; .*spot nodes/),
      remedy: expect.stringContaining('all chips of a node'),
    });
  });

  it('with a taint that is tolerated, or only a preference, passes', () => {
    const taints = [
      { key: 'google.com/tpu', value: 'present', effect: 'NO_SCHEDULE' },
      { key: 'soft', value: '', effect: 'PREFER_NO_SCHEDULE' },
    ];
    const tolerations = [{ key: 'google.com/tpu', operator: 'Equal', value: 'present' }];
    const resources = { limits: { 'google.com/tpu': '4' } };
    const tolerates = manifest({ template: { tolerations, containers: [{ name: 'main', resources }] } });
    expect(checkShape({ ...POOL, spot: false, taints }, sizes, tolerates, SERVICE)).not.toHaveProperty('outcome');
  });

  it.each<[string, () => unknown, string]>([
    ['half of the chips of a node', () => checkShape(POOL, sizes, asks('2'), SERVICE), 'pool-mismatch'],
    ['more replicas than nodes', () => checkShape(POOL, { ...sizes, nodes: 2 }, asks('4'), SERVICE), 'pool-too-small'],
    [
      'another accelerator',
      () => checkShape(POOL, sizes, asks('4', { 'cloud.google.com/gke-tpu-accelerator': 'tpu-v5e' }), SERVICE),
      'pool-mismatch',
    ],
    [
      'the topology of another family',
      () =>
        checkShape(
          { ...POOL, machineType: 'ct5p-hightpu-4t' },
          sizes,
          asks('4', { 'cloud.google.com/gke-tpu-topology': '2x2' }),
          SERVICE,
        ),
      'pool-mismatch',
    ],
    [
      'a taint that they do not tolerate',
      () =>
        checkShape(
          { ...POOL, taints: [{ key: 'team', value: 'x', effect: 'NO_SCHEDULE' }] },
          sizes,
          asks('4'),
          SERVICE,
        ),
      'pool-mismatch',
    ],
    [
      'another topology',
      () => checkShape(POOL, sizes, asks('4', { 'cloud.google.com/gke-tpu-topology': '2x4' }), SERVICE),
      'pool-mismatch',
    ],
  ])('is refused for %s', (_, run, code) => {
    expect(run).toThrow(expect.objectContaining({ code }));
  });
});

describe('the serving layer', () => {
  const served = (groups: Record<string, string[]>) => kube({ versionsOf: async (group) => groups[group] ?? [] });
  const all = { 'serving.kserve.io': ['v1alpha1'], 'inference.networking.x-k8s.io': ['v1alpha2'] };

  /** What the namespaces of the controllers show; null for one that may not be read. */
  const reading = (namespaces: Record<string, [name: string, image: string][] | null>) =>
    readVersions(
      kube({
        list: async (_apiVersion, _kind, options) => {
          const found = namespaces[options?.namespace ?? ''] ?? [];
          if (namespaces[options?.namespace ?? ''] === null) throw forbidden();
          return found.map(([name, image]) => ({
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name },
            spec: { template: { spec: { containers: [{ name: 'manager', image }] } } },
          }));
        },
      }),
    );
  const ODH: [string, string] = ['kserve-controller-manager', 'quay.io/opendatahub/kserve-controller:v0.15-latest'];
  const PLAIN: [string, string] = ['kserve-controller-manager', 'kserve/kserve-controller:v0.15.2'];
  const UPSTREAM: [string, string] = ['llmisvc-controller-manager', 'docker.io/kserve/llmisvc-controller:v0.20.0'];

  it.each<[string, Record<string, string[]>, Parameters<typeof reading>[0], string]>([
    ['the definition is missing', {}, {}, 'kserve-missing'],
    ['plain KServe v0.15 is all there is', all, { kserve: [PLAIN] }, 'kserve-upstream-v0.15'],
    [
      'upstream KServe lacks the controller of the kind',
      all,
      { kserve: [['kserve-controller-manager', 'kserve/kserve-controller:v0.20.0']] },
      'kserve-upstream-v0.15',
    ],
    ['there is no InferencePool', { 'serving.kserve.io': ['v1alpha1'] }, { kserve: [ODH] }, 'inference-pool-missing'],
  ])('is refused when %s', async (_, groups, namespaces, code) => {
    const { controllers } = await reading(namespaces);
    await expect(checkKserve(served(groups), controllers)).rejects.toMatchObject({ code });
  });

  it.each<[string, Parameters<typeof reading>[0], string | undefined, string]>([
    ['ODH', { opendatahub: [ODH], kserve: null }, undefined, `${ODH[1]} in opendatahub;`],
    ['upstream', { opendatahub: null, kserve: [UPSTREAM, PLAIN] }, undefined, `; ${UPSTREAM[1]} in kserve;`],
    [
      'one that may not be read',
      { opendatahub: [], kserve: null },
      'not-checked',
      'the controllers of kserve are not readable',
    ],
    [
      'one that may not be read beside one that ignores the kind',
      { opendatahub: null, kserve: [PLAIN] },
      'not-checked',
      'ignores LLMInferenceServices, and the controllers of opendatahub are not readable',
    ],
    ['none at all', {}, 'warning', 'no controller found'],
  ])('finds the controller of KServe: %s', async (_, namespaces, outcome, seen) => {
    const { controllers } = await reading(namespaces);
    const look = await checkKserve(served(all), controllers);
    expect(look.outcome).toBe(outcome);
    expect(look.seen).toContain(seen);
  });

  it('tells an istiod that may not be read from one that is not there', async () => {
    expect(checkIstio((await reading({ 'istio-system': null })).istiod, [])).toMatchObject({ outcome: 'not-checked' });
    expect(checkIstio((await reading({})).istiod, [])).toMatchObject({ outcome: 'warning' });
  });

  it.each<[string | null, string[], string]>([
    ['docker.io/istio/pilot:1.27.3', ['inference.networking.x-k8s.io'], 'pass'],
    ['docker.io/istio/pilot:1.28.5', ['inference.networking.k8s.io'], 'pass'],
    ['docker.io/istio/pilot:1.27.3', ['inference.networking.k8s.io'], 'pool-group'],
    ['docker.io/istio/pilot:1.28.0-distroless', ['inference.networking.x-k8s.io'], 'pool-group'],
    ['registry.redhat.io/ossm/istio-pilot:1.26.6', ['inference.networking.x-k8s.io'], 'warning'],
    ['gcr.io/istio/pilot:latest', [], 'warning'],
    [null, [], 'not-checked'],
  ])('with istiod %s and InferencePools of %j: %s', (image, groups, expected) => {
    const run = () => checkIstio({ image, hidden: image === null }, groups);
    if (expected === 'pool-group') expect(run).toThrow(expect.objectContaining({ code: 'pool-group' }));
    else expect(run().outcome ?? 'pass').toBe(expected);
  });

  const gateway = (change: Record<string, unknown> = {}): AnyObject => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: GATEWAY,
    spec: { gatewayClassName: 'istio' },
    status: { conditions: [{ type: 'Programmed', status: 'True' }], addresses: [{ value: '34.1.2.3' }] },
    ...change,
  });

  it.each<[string, AnyObject | null, string]>([
    ['is missing', null, 'gateway-missing'],
    ['is GKE’s', gateway({ spec: { gatewayClassName: 'gke-l7-rilb' } }), 'gateway-class'],
    [
      'is not programmed',
      gateway({ status: { conditions: [{ type: 'Programmed', status: 'False' }], addresses: [{ value: 'x' }] } }),
      'gateway-not-programmed',
    ],
    [
      'has no address',
      gateway({ status: { conditions: [{ type: 'Programmed', status: 'True' }] } }),
      'gateway-not-programmed',
    ],
  ])('is refused when the gateway %s', async (_, object, code) => {
    await expect(checkGateway(kube({ get: async () => object }), GATEWAY)).rejects.toMatchObject({ code });
  });

  it('is refused when the class of the gateway has gone, which KServe reads', async () => {
    const client = kube({ get: async ({ kind }) => (kind === 'Gateway' ? gateway() : null) });
    await expect(checkGateway(client, GATEWAY)).rejects.toMatchObject({
      code: 'prerequisite-missing',
      message: expect.stringContaining('GatewayClass istio of gateway opendatahub/gw does not exist'),
    });
  });

  it('passes with a gateway that carries traffic', async () => {
    expect(await checkGateway(kube({ get: async () => gateway() }), GATEWAY)).toEqual({
      seen: 'opendatahub/gw of class istio at 34.1.2.3',
    });
  });
});

describe('other routes', () => {
  const route = (name: string, change: Partial<AnyObject['metadata']> = {}): AnyObject => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'web', ...change },
    spec: { parentRefs: [{ name: 'gw', namespace: 'opendatahub' }] },
  });
  const owned = (name: string) => ({
    ownerReferences: [{ apiVersion: SERVICE.apiVersion, kind: 'LLMInferenceService', name, uid: 'u' }],
  });
  const look = (routes: AnyObject[], istiod: string | null = 'pilot:1.27.3', everywhere = true) => {
    const client = kube({
      list: async (_apiVersion, _kind, options) => {
        if (!options?.namespace && !everywhere) throw forbidden();
        return routes;
      },
    });
    const going = [{ apiVersion: SERVICE.apiVersion, kind: 'LLMInferenceService', name: 'pattern1', namespace: 'web' }];
    return checkRoutes(withoutGoing(client, going, NS), { gateway: GATEWAY, service: SERVICE, istiod });
  };

  it('are refused on an Istio that keeps the picker of the oldest alone', async () => {
    await expect(look([route('shop')])).rejects.toMatchObject({
      code: 'route-competes',
      message: expect.stringContaining('web/shop'),
    });
  });

  it('are warned of on a newer Istio, and where its version is not known', async () => {
    for (const istiod of ['pilot:1.28.5', null])
      expect(await look([route('shop')], istiod)).toMatchObject({ outcome: 'warning' });
  });

  it('of services that are retired, of the gate itself, or of another gateway do not count', async () => {
    const elsewhere = { ...route('far'), spec: { parentRefs: [{ name: 'gw', namespace: 'web' }] } };
    const ours = route('arm', { labels: { 'app.kubernetes.io/managed-by': 'tpu-serving-gate' } });
    const own = route('own', { ...owned('qwen'), namespace: NS });
    const seen = 'no other route on the gateway';
    expect(await look([route('p1', owned('pattern1')), own, ours, elsewhere])).toEqual({ seen });
  });

  it('of a namesake in another namespace count', async () => {
    for (const other of [route('r', owned('qwen')), route('r', { ...owned('pattern1'), namespace: 'shop' })]) {
      await expect(look([other])).rejects.toMatchObject({ code: 'route-competes' });
    }
  });

  it('of other namespaces that may not be listed are not claimed to be absent', async () => {
    expect(await look([], 'pilot:1.27.3', false)).toMatchObject({ outcome: 'not-checked' });
  });
});

describe('policies and filters', () => {
  const cluster = { enforcesPolicies: true } as ClusterInfo;
  const isolate = (name: string): AnyObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: NS },
    spec: { podSelector: { matchLabels: { 'kserve.io/component': 'workload' } }, policyTypes: ['Ingress'] },
  });
  const given = (change: Record<string, unknown> = {}) => ({
    cluster,
    service: SERVICE,
    manifests: [manifest()],
    gateway: GATEWAY,
    controllers: { found: [], hidden: [] },
    ...change,
  });
  const listing = (objects: AnyObject[], { denied = false, going = [] as ObjectRef[] } = {}) => {
    const client = kube({
      list: async (_apiVersion, kind) => {
        if (denied) throw forbidden();
        return objects.filter((one) => one.kind === kind);
      },
      get: async () => null,
    });
    return withoutGoing(client, going, NS);
  };

  it('of somebody else that block are the cluster’s fault; of the manifests, the change’s, with their line', async () => {
    await expect(checkPolicies(listing([isolate('theirs')]), given())).rejects.toMatchObject({
      code: 'policy-blocks',
      blame: 'cluster',
    });
    const own = { ...manifest(isolate('mine').spec, 'NetworkPolicy', 'mine'), file: 'policy.yaml' };
    await expect(checkPolicies(listing([]), given({ manifests: [manifest(), own] }))).rejects.toMatchObject({
      blame: 'change',
      evidence: { file: 'policy.yaml' },
      hint: expect.stringContaining('allow-gateway-to-vllm.yaml'),
    });
  });

  it('that are retired, or that the manifests bring anew, count as they will be', async () => {
    const going = [{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', name: 'old', namespace: NS }];
    expect(await checkPolicies(listing([isolate('old')], { going }), given())).toMatchObject({
      seen: expect.stringContaining('0 policies'),
    });
    const open = manifest({ podSelector: {}, ingress: [{}] }, 'NetworkPolicy', 'same');
    expect(await checkPolicies(listing([isolate('same')]), given({ manifests: [manifest(), open] }))).toMatchObject({
      seen: expect.stringContaining('1 policies'),
    });
  });

  it('are not called sound while the gateway is not known, though what is judged without it still blocks', async () => {
    expect(await checkPolicies(listing([]), given({ gateway: null }))).toMatchObject({
      outcome: 'not-checked',
      seen: expect.stringContaining('the gateway is not known yet'),
    });
    await expect(checkPolicies(listing([isolate('theirs')]), given({ gateway: null }))).rejects.toMatchObject({
      message: expect.stringContaining('endpoint picker to replicas'),
    });
  });

  it('that nothing enforces are only warned of', async () => {
    const inert = { cluster: { enforcesPolicies: false } as ClusterInfo };
    expect(await checkPolicies(listing([isolate('theirs')]), given(inert))).toMatchObject({ outcome: 'warning' });
  });

  const filter = (value: unknown, applyTo = 'HTTP_ROUTE'): AnyObject => ({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'f', namespace: GATEWAY.namespace },
    spec: { configPatches: [{ applyTo, patch: { operation: 'MERGE', value } }] },
  });
  const ERASES = { typed_per_filter_config: { 'envoy.filters.http.ext_proc': { overrides: { processing_mode: {} } } } };
  const WHOLE = { typed_per_filter_config: { 'envoy.filters.http.ext_proc': { overrides: { grpc_service: {} } } } };

  it('that erase the picker are refused; those that name its service, or are retired, are not', async () => {
    await expect(checkFilters(listing([filter(ERASES)]), given())).rejects.toMatchObject({
      code: 'envoyfilter-erases',
    });
    expect(await checkFilters(listing([filter(WHOLE)]), given())).toMatchObject({
      seen: expect.stringContaining('none erases'),
    });
    const going = [
      { apiVersion: 'networking.istio.io/v1alpha3', kind: 'EnvoyFilter', name: 'f', namespace: GATEWAY.namespace },
    ];
    expect(await checkFilters(listing([filter(ERASES)], { going }), given())).not.toHaveProperty('outcome');
  });

  it('that name the route of another service are not ours', async () => {
    const at = (name: string) => {
      const one = filter(ERASES);
      one.spec.configPatches[0].match = { routeConfiguration: { vhost: { route: { name } } } };
      return checkFilters(listing([one]), given());
    };
    expect(await at('ns.other-kserve-route.0')).toMatchObject({ outcome: 'warning' });
    for (const ours of ['ns.qwen-kserve-route.0', 'v1-completions-path']) {
      await expect(at(ours)).rejects.toMatchObject({ code: 'envoyfilter-erases' });
    }
  });

  it('that may not be listed are said not to be checked', async () => {
    expect(await checkFilters(listing([], { denied: true }), given())).toMatchObject({ outcome: 'not-checked' });
  });
});

it('a permission to resize that the API tells nothing of is said not to be checked', async () => {
  const { gke } = fakePool();
  expect(await checkGooglePermissions(gke)).toEqual({ seen: 'clusters.get, clusters.update, operations.list' });
  const silent = { ...gke, tryResizePermission: async () => false };
  expect(await checkGooglePermissions(silent)).toMatchObject({
    outcome: 'not-checked',
    seen: expect.stringContaining('clusters.update'),
  });
});
