import { afterEach, describe, expect, it } from 'vitest';
import { DEPLOYMENTS, EVENTS, HTTP_ROUTES, LLM_SERVICES, poolsOf } from '../../cluster/resources.ts';
import type { KubeObject } from '../../protocol.ts';
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

let lab: TestCluster;
afterEach(() => lab.close());

describe('a cluster before a run', () => {
  it('has its control plane running and Pattern 1 waiting for nodes', async () => {
    lab = await testCluster({ seeds: () => true });
    const istiod = lab.store.get(DEPLOYMENTS, 'istio-system', 'istiod');
    expect(condition(istiod, 'Available')?.status).toBe('True');
    expect(podsOf(lab.store, 'qwen2-3b-pattern1', 'router-scheduler').map(readiness)).toEqual(['2/2']);
    const [waiting] = podsOf(lab.store, 'qwen2-3b-pattern1');
    expect(waiting?.status.phase).toBe('Pending');
    expect(condition(waiting, 'PodScheduled')).toMatchObject({
      reason: 'Unschedulable',
      message: expect.stringContaining("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector"),
    });
    expect(condition(serviceOf(lab.store, 'qwen2-3b-pattern1'), 'Ready')).toMatchObject({
      status: 'False',
      reason: 'MinimumReplicasUnavailable',
    });
  });
});

describe('an LLMInferenceService', () => {
  it('goes from apply to Ready with three pods at 2/2', async () => {
    lab = await testCluster();
    const { store } = lab;
    store.create(LLM_SERVICES, patternThree());
    lab.cluster.setNodePool('tpu-v6e-pool', nodePool(3));
    await until('compiling at 1/2', () => podsOf(store, 'qwen2-3b-pattern3').some((pod) => readiness(pod) === '1/2'));
    const service = await until('Ready', () => {
      const found = serviceOf(store);
      return condition(found, 'Ready')?.status === 'True' && found;
    });

    expect(podsOf(store, 'qwen2-3b-pattern3').map(readiness)).toEqual(['2/2', '2/2', '2/2']);
    expect(podsOf(store, 'qwen2-3b-pattern3', 'router-scheduler').map(readiness)).toEqual(['2/2']);
    expect(new Set(podsOf(store, 'qwen2-3b-pattern3').map((pod) => pod.spec.nodeName)).size).toBe(3);
    expect(service?.status).toMatchObject({
      observedGeneration: 1,
      url: `http://127.0.0.1:8080/${NAMESPACE}/qwen2-3b-pattern3`,
    });
    const conditions = service?.status.conditions as { type: string; status: string }[];
    expect(conditions.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'HTTPRoutesReady=True',
      'InferencePoolReady=True',
      'MainWorkloadReady=True',
      'PresetsCombined=True',
      'Ready=True',
      'RouterReady=True',
      'SchedulerWorkloadReady=True',
      'WorkloadsReady=True',
    ]);

    const deployment = store.get(DEPLOYMENTS, NAMESPACE, 'qwen2-3b-pattern3-kserve');
    expect(deployment?.status).toMatchObject({ replicas: 3, readyReplicas: 3, updatedReplicas: 3 });
    const route = store.get(HTTP_ROUTES, NAMESPACE, 'qwen2-3b-pattern3-kserve-route');
    expect(route?.status.parents[0].conditions.map((one: { type: string; status: string }) => one.status)).toEqual([
      'True',
      'True',
    ]);
    const pool = store.get(poolsOf('inference.networking.x-k8s.io'), NAMESPACE, 'qwen2-3b-pattern3-inference-pool');
    expect(pool?.status.parent[0].parentRef.name).toBe('inference-gateway');

    expect(lab.serving.replicas.size).toBe(3);
    const [start] = [...lab.serving.replicas.values()];
    expect(start?.tls).toBe(true);
    expect(start?.args).toContain('--served-model-name=Qwen/Qwen2.5-3B-Instruct');
  });

  it('tells its story in logs and events', async () => {
    lab = await testCluster();
    const { store } = lab;
    store.create(LLM_SERVICES, patternThree());
    lab.cluster.setNodePool('tpu-v6e-pool', nodePool(3));
    const pod = await until('a Ready pod', () =>
      podsOf(store, 'qwen2-3b-pattern3').find((one) => condition(one, 'Ready')?.status === 'True'),
    );
    const { name } = pod.metadata;
    const log = lab.cluster.readLogs(NAMESPACE, name, 'main', {}) ?? '';
    expect(log).toContain('Compiling the model');
    expect(log).toContain('Application startup complete.');
    expect(lab.cluster.readLogs(NAMESPACE, name, 'main', { tailLines: 1 })).toBe(
      'INFO:     Application startup complete.\n',
    );
    expect(lab.cluster.readLogs(NAMESPACE, name, 'storage-initializer', {})).toContain('/mnt/models');
    expect(lab.cluster.readLogs(NAMESPACE, name, 'nobody', {})).toBeNull();
    const reasons = store
      .list(EVENTS, NAMESPACE)
      .filter((event) => event.involvedObject.uid === pod.metadata.uid)
      .map((event) => event.reason);
    expect(new Set(reasons)).toEqual(
      new Set(['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started', 'Unhealthy', 'FailedScheduling']),
    );
    expect(lab.cluster.podAddress(NAMESPACE, name, 8000)).toMatchObject({ host: '127.0.0.1' });
    expect(lab.cluster.podAddress(NAMESPACE, name, 9090)).toBeNull();
  });

  it('takes its own picker configuration, template expressions included', async () => {
    lab = await testCluster();
    const { store } = lab;
    const service = patternThree();
    service.spec.router.scheduler = {
      template: {
        containers: [
          {
            name: 'main',
            args: [
              '--pool-name',
              '{{ ChildName .ObjectMeta.Name `-inference-pool` }}',
              '--config-text',
              'plugins: [{type: queue-scorer}]\nschedulingProfiles: [{name: default, plugins: [{pluginRef: queue-scorer, weight: 2}]}]',
            ],
          },
        ],
      },
    };
    store.create(LLM_SERVICES, service);
    await until('the picker Ready', () =>
      podsOf(store, 'qwen2-3b-pattern3', 'router-scheduler').some((pod) => readiness(pod) === '2/2'),
    );
    const args = store.get(DEPLOYMENTS, NAMESPACE, 'qwen2-3b-pattern3-kserve-router-scheduler')?.spec.template.spec
      .containers[0].args;
    expect(args.slice(0, 2)).toEqual(['--pool-name', 'qwen2-3b-pattern3-inference-pool']);
    expect(args.filter((arg: string) => arg === '--config-text')).toHaveLength(1);
    const routed = await until('the picker in the gateway', () =>
      lab.serving
        .table()
        .routes.find(
          (route) => route.name === `${NAMESPACE}/qwen2-3b-pattern3-kserve-route/0` && route.backend?.picker?.address,
        ),
    );
    expect(routed.backend?.picker).toMatchObject({ scorers: [{ name: 'queue-scorer', weight: 2 }] });
  });

  it('follows changes of its spec, and undoes changes of what it owns', async () => {
    lab = await testCluster();
    const { store } = lab;
    store.create(LLM_SERVICES, patternThree());
    lab.cluster.setNodePool('tpu-v6e-pool', nodePool(3));
    const allReady = (count: number) => () => {
      const pods = podsOf(store, 'qwen2-3b-pattern3');
      return pods.length === count && pods.every((pod) => readiness(pod) === '2/2') && pods;
    };
    const first = await until('three pods', allReady(3));
    const service = () => serviceOf(store) as KubeObject;

    store.update(LLM_SERVICES, { ...service(), spec: { ...service().spec, replicas: 1 } });
    const [kept] = await until('one pod', allReady(1));
    expect(first.map((pod) => pod.metadata.name)).toContain(kept?.metadata.name);
    await until('two servers stopped', () => lab.serving.replicas.size === 1);

    const changed = patternThree((main) => {
      main.image = 'registry.example.com/vllm-tpu:3.2.6';
    });
    store.update(LLM_SERVICES, { ...service(), spec: { ...changed.spec, replicas: 2 } });
    const second = await until('two new pods', () => {
      const pods = allReady(2)() || [];
      const images = pods.map((pod) => pod.spec.containers[0].image);
      return images.filter((image) => image.endsWith(':3.2.6')).length === 2 && pods;
    });
    expect(second.map((pod) => pod.metadata.name)).not.toContain(kept?.metadata.name);
    await until('observed', () => service().status.observedGeneration === service().metadata.generation);

    const deployment = store.get(DEPLOYMENTS, NAMESPACE, 'qwen2-3b-pattern3-kserve') as KubeObject;
    store.update(DEPLOYMENTS, { ...deployment, spec: { ...deployment.spec, replicas: 3 } });
    await until('reverted', () => {
      const { spec, status } = store.get(DEPLOYMENTS, NAMESPACE, 'qwen2-3b-pattern3-kserve') as KubeObject;
      return spec.replicas === 2 && status.replicas === 2;
    });
  });
});
