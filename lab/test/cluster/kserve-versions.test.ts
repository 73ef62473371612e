import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { KSERVE_VERSIONS, type KserveVersion } from '../../cluster/kserve-versions.ts';
import * as resources from '../../cluster/resources.ts';
import type { KubeObject } from '../../protocol.ts';
import { rehearse } from '../../rehearse.ts';
import { serveLab } from '../../serve.ts';
import { type Lab, startLab } from '../kube/lab.ts';
import {
  condition,
  NAMESPACE,
  nodePool,
  patternThree,
  podsOf,
  readiness,
  serviceOf,
  type TestCluster,
  testCluster,
  until,
} from './harness.ts';

const NAME = 'qwen2-3b-pattern3';
const ROUTE = `${NAME}-kserve-route`;
const BINDING = `${NAMESPACE}-${NAME}-epp-auth-rb`;
const SECRET = `${NAME}-kserve-self-signed-certs`;

let lab: TestCluster;
let api: Lab | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
  await lab?.close();
});

/** A cluster of that version with Pattern 3, ready. */
async function ready(kserve: KserveVersion): Promise<TestCluster['store']> {
  lab = await testCluster({ kserve });
  lab.store.create(resources.LLM_SERVICES, patternThree());
  lab.cluster.setNodePool('tpu-v6e-pool', nodePool(3));
  await until('Ready', () => condition(serviceOf(lab.store), 'Ready')?.status === 'True');
  return lab.store;
}

const routeOf = () => lab.store.get(resources.HTTP_ROUTES, NAMESPACE, ROUTE) as KubeObject;
const pickerOf = () => lab.store.get(resources.DEPLOYMENTS, NAMESPACE, `${NAME}-kserve-router-scheduler`) as KubeObject;
const namesIn = ({ group, plural }: { group: string; plural: string }) =>
  lab.store.list({ group, plural }).map(({ metadata }) => metadata.name);

describe.each(KSERVE_VERSIONS)('KServe %s', (version) => {
  it('makes a service Ready, with everything that its endpoint picker needs', async () => {
    const store = await ready(version);
    expect(namesIn(resources.ROLES)).toEqual([`${NAME}-epp-role`]);
    expect(namesIn(resources.ROLE_BINDINGS)).toEqual([`${NAME}-epp-rb`]);
    expect(namesIn(resources.CLUSTER_ROLE_BINDINGS)).toEqual([BINDING]);
    expect(store.get(resources.SERVICE_ACCOUNTS, NAMESPACE, `${NAME}-epp-sa`)).toBeDefined();
    const binding = store.get(resources.CLUSTER_ROLE_BINDINGS, undefined, BINDING);
    expect(binding?.roleRef.name).toBe('system:auth-delegator');
    expect(binding?.subjects).toEqual([{ kind: 'ServiceAccount', name: `${NAME}-epp-sa`, namespace: NAMESPACE }]);
    expect(binding?.metadata.ownerReferences).toBeUndefined();

    const service = serviceOf(store) as KubeObject;
    expect(service.metadata.finalizers).toEqual(['serving.kserve.io/llmisvc-finalizer']);
    expect(service.metadata.generation).toBe(1);
    const models = namesIn(resources.INFERENCE_MODELS);
    expect(models).toEqual(version === 'odh-v0.15' ? [`${NAME}-inference-model`] : []);
    const rules = namesIn(resources.DESTINATION_RULES);
    expect(rules).toHaveLength(version === 'odh-v0.15' ? 3 : 0);
  });

  it('makes the certificate anew as pods get their IPs', async () => {
    const store = await ready(version);
    const ips = podsOf(store, NAME).map((pod) => pod.status.podIP as string);
    const secret = await until('a certificate for every pod', () => {
      const found = store.get(resources.SECRETS, NAMESPACE, SECRET);
      const pem = Buffer.from(found?.data['tls.crt'] ?? '', 'base64').toString();
      if (!pem.startsWith('-----BEGIN')) return undefined;
      const certificate = new X509Certificate(pem);
      return ips.every((ip) => certificate.checkIP(ip)) && certificate.checkHost(`${NAME}-epp-service.${NAMESPACE}.svc`)
        ? found
        : undefined;
    });
    expect(secret.type).toBe('kubernetes.io/tls');
    expect(Object.keys(secret.metadata.annotations ?? {})).toEqual([
      version === 'odh-v0.15' ? 'certificates.kserve.io/expiration-v2' : 'certificates.kserve.io/expiration',
    ]);
  });

  it('ends a service through its finalizer, and leaves nothing of it', async () => {
    const store = await ready(version);
    api = await startLab({ store, podDeletion: 'graceful' });
    const path = `/apis/serving.kserve.io/v1alpha1/namespaces/${NAMESPACE}/llminferenceservices/${NAME}`;
    expect((await api.ask('DELETE', path)).code).toBe(200);
    await until('the service gone', () => serviceOf(store) === undefined);
    expect(namesIn(resources.CLUSTER_ROLE_BINDINGS)).toEqual([]);
    await until('its objects gone', () => {
      const left = [resources.DEPLOYMENTS, resources.SECRETS, resources.HTTP_ROUTES, resources.ROLES].flatMap((kind) =>
        store.list(kind, NAMESPACE).filter(({ metadata }) => metadata.name.startsWith(NAME)),
      );
      return left.length === 0;
    });
  });

  it('has its controller in its own namespace', async () => {
    lab = await testCluster({ kserve: version });
    const [namespace, name] =
      version === 'odh-v0.15' ? ['opendatahub', 'kserve-controller-manager'] : ['kserve', 'llmisvc-controller-manager'];
    const image = lab.store.get(resources.DEPLOYMENTS, namespace, name as string)?.spec.template.spec.containers[0]
      .image;
    expect(image).toContain(`v${/[\d.]+$/.exec(version)?.[0]}`);
  });

  it('has pool status and a shadow Service as Istio writes them', async () => {
    const store = await ready(version);
    const group = version === 'odh-v0.15' ? 'inference.networking.x-k8s.io' : 'inference.networking.k8s.io';
    const pool = store.get(resources.poolsOf(group), NAMESPACE, `${NAME}-inference-pool`) as KubeObject;
    const [parent] = pool.status.parents ?? pool.status.parent;
    expect(parent.parentRef).toMatchObject({
      group: 'networking.istio.io',
      kind: 'Gateway',
      name: 'inference-gateway',
    });
    const shadow = store
      .list(resources.SERVICES, NAMESPACE)
      .find(({ metadata }) => metadata.labels?.['istio.io/inferencepool-name'] === `${NAME}-inference-pool`);
    expect(shadow?.spec.ports).toMatchObject([{ name: 'http-0', appProtocol: 'http', port: 54321 }]);
    expect(shadow?.metadata.labels?.['istio.io/inferencepool-extension-failure-mode']).toBe('FailOpen');
  });
});

describe('KServe upstream', () => {
  it.each(['v0.17', 'v0.20'] as const)(
    '%s moves the route to the v1 pool once the gateway refuses it',
    async (version) => {
      // Slow enough to see what stands between.
      lab = await testCluster({ kserve: version, timeScale: 100 });
      const seen: string[] = [];
      const unsubscribe = lab.store.subscribe(({ resource, object }) => {
        if (resource.plural !== 'httproutes') return;
        const resolved = object.status?.parents?.[0]?.conditions.find(
          (one: { type: string }) => one.type === 'ResolvedRefs',
        );
        const group = object.spec.rules[0].backendRefs[0].group.includes('.x-') ? 'x' : 'v1';
        seen.push(
          `${object.metadata.generation} ${group} ${resolved?.reason ?? 'none'} of ${resolved?.observedGeneration}`,
        );
      });
      lab.store.create(resources.LLM_SERVICES, patternThree());
      await until('ResolvedRefs on the v1 pool', () => seen.at(-1) === '2 v1 ResolvedRefs of 2');
      unsubscribe();
      expect([...new Set(seen)]).toEqual([
        '1 x none of undefined',
        '1 x InvalidKind of 1',
        '2 v1 InvalidKind of 1',
        '2 v1 ResolvedRefs of 2',
      ]);
      expect(routeOf().metadata.annotations).toMatchObject({ 'serving.kserve.io/inference-pool-migrated': 'v1' });
    },
  );

  it('v0.17 replaces the picker when the certificate changes', async () => {
    const store = await ready('v0.17');
    const sets = store
      .list(resources.REPLICA_SETS, NAMESPACE)
      .filter(({ metadata }) => metadata.name.includes('scheduler'));
    expect(sets.length).toBeGreaterThan(1);
    expect(pickerOf().spec.strategy).toEqual({ type: 'Recreate' });
  });

  it('v0.20 writes twelve named rules, and the gateway follows header and path', async () => {
    await ready('v0.20');
    expect(routeOf().spec.rules.map(({ name }: { name: string }) => name)).toEqual([
      ...['completions', 'chat-completions', 'responses', 'messages'].map((one) => `v1-${one}-path`),
      'v1-model-routing',
      ...['completions', 'chat-completions', 'responses', 'messages'].map((one) => `v1-${one}-publisher-path`),
      ...['v1-publisher-path-catch-all', 'v1-catch-all-path', 'v1-catch-all-model-routing'],
    ]);
    const routes = () => lab.serving.table().routes.filter((one) => one.name.startsWith(`${NAMESPACE}/${ROUTE}/`));
    await until('the table', () => routes().length === 19);
    const exact = routes().filter((one) => one.exact);
    expect(exact.map((one) => one.pathPrefix)).toContain('/v1/chat/completions/');
    expect(exact[0]?.headers).toEqual([
      { name: 'X-Gateway-Model-Name', value: `publishers/${NAMESPACE}/models/Qwen/Qwen2.5-3B-Instruct` },
    ]);
  });

  it('v0.20 puts the picker’s flags into its command, and lists what it observes', async () => {
    const store = await ready('v0.20');
    const [main] = pickerOf().spec.template.spec.containers;
    expect(main.command.slice(0, 3)).toEqual(['/app/epp', '--pool-name', `${NAME}-inference-pool`]);
    expect(main.command).toContain('--secure-serving=true');
    expect(main.args[0]).toBe('--config-text');
    expect(main.args[1]).toContain('no-hit-lru-scorer');
    expect(podsOf(store, NAME, 'router-scheduler').map(readiness)).toEqual(['2/2']);
    const { status } = serviceOf(store) as KubeObject;
    expect(status.workloads.primary).toMatchObject({ name: `${NAME}-kserve`, readyReplicas: 3 });
    expect(status.router.gateways[0].httpRoutes[0].name).toBe(ROUTE);
  });

  it('leaves the gateway without TLS to replicas that serve it', async () => {
    const store = await ready('v0.20');
    const backend = () => lab.serving.table().routes.find((one) => one.name === `${NAMESPACE}/${ROUTE}/0`)?.backend;
    await until('three endpoints', () => backend()?.endpoints.length === 3);
    expect(backend()?.tls).toBe(false);
    expect([...lab.serving.replicas.values()].every(({ tls }) => tls)).toBe(true);
    const shadow = store
      .list(resources.SERVICES, NAMESPACE)
      .find(({ metadata }) => metadata.labels?.['istio.io/inferencepool-name']) as KubeObject;
    store.create(resources.DESTINATION_RULES, {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'pool', namespace: NAMESPACE },
      spec: { host: shadow.metadata.name, trafficPolicy: { tls: { mode: 'SIMPLE', insecureSkipVerify: true } } },
    });
    await until('TLS to the pool', () => backend()?.tls === true);
  });

  it('v0.20 stops at a GatewayClass that is not there, and goes on when it comes', async () => {
    lab = await testCluster({
      kserve: 'v0.20',
      seeds: ({ kind }) => !['GatewayClass', 'LLMInferenceService'].includes(kind),
    });
    const { store } = lab;
    store.create(resources.LLM_SERVICES, patternThree());
    const stopped = await until('a reason', () => {
      const found = condition(serviceOf(store), 'HTTPRoutesReady');
      return found?.reason === 'HTTPRouteReconcileError' ? found : undefined;
    });
    expect(stopped.message).toContain('failed to get GatewayClass "istio" for gateway opendatahub/inference-gateway');
    expect(condition(serviceOf(store), 'Ready')?.status).toBe('False');
    store.create(resources.GATEWAY_CLASSES, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: 'istio' },
      spec: { controllerName: 'istio.io/gateway-controller' },
    });
    await until('routes Ready', () => condition(serviceOf(store), 'HTTPRoutesReady')?.status === 'True');
  });
});

describe('a version that the lab does not play', () => {
  it.each([
    [
      'lab',
      (kserve: string, write: (line: string) => void) =>
        serveLab({ scenario: 'pass', kserve, timeScale: '20', json: true }, { module: '', write }),
    ],
    [
      'rehearse',
      (kserve: string, write: (line: string) => void) =>
        rehearse(
          {
            scenario: 'pass',
            kube: 'lab',
            stack: 'lab',
            engine: 'lab',
            kserve,
            timeScale: '20',
            inferenceScale: undefined,
            outputDir: '',
            gateFlags: [],
          },
          { module: '', write },
        ),
    ],
  ])('is refused by %s, with those that it plays', async (_name, start) => {
    const lines: string[] = [];
    expect(await start('v0.9', (line) => lines.push(line))).toBe(3);
    expect(lines).toEqual(['KServe "v0.9" is not known; allowed: odh-v0.15, v0.17, v0.20.']);
  });
});

describe('KServe ODH v0.15', () => {
  it('makes no picker where the kind InferenceModel is missing', async () => {
    const crd = 'inferencemodels.inference.networking.x-k8s.io';
    lab = await testCluster({ seeds: ({ kind, metadata }) => kind !== 'LLMInferenceService' && metadata.name !== crd });
    lab.store.create(resources.LLM_SERVICES, patternThree());
    const stopped = await until('a reason', () => {
      const found = condition(serviceOf(lab.store), 'SchedulerWorkloadReady');
      return found?.reason === 'SchedulerReconcileError' ? found : undefined;
    });
    expect(stopped.message).toContain('no matches for kind "InferenceModel"');
    expect(pickerOf()).toBeUndefined();
  });
});
