import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENTS, LLM_SERVICES, REPLICA_SETS } from '../../cluster/resources.ts';
import type { JsonObject } from '../../kube/types.ts';
import { type Lab, startLab } from '../kube/lab.ts';
import {
  NAMESPACE,
  nodePool,
  patternThree,
  podsOf,
  readiness,
  type TestCluster,
  testCluster,
  until,
} from './harness.ts';

const SERVICE = 'qwen2-3b-pattern3';
const WORKLOAD = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${SERVICE}-kserve`;
const PICKER = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${SERVICE}-kserve-router-scheduler`;
const MERGE = { 'content-type': 'application/merge-patch+json' };

let cluster: TestCluster;
let api: Lab;
beforeEach(async () => {
  cluster = await testCluster();
  api = await startLab({ store: cluster.store, podDeletion: 'graceful' });
  cluster.store.create(LLM_SERVICES, patternThree());
  cluster.cluster.setNodePool('tpu-v6e-pool', nodePool(3));
  await until('three replicas and a picker', () => running(3).length === 4);
});
afterEach(async () => {
  await api.close();
  await cluster.close();
});

/** Names of the pods that are ready, once there are that many replicas and one picker and no other pod. */
function running(replicas: number): string[] {
  const workload = podsOf(cluster.store, SERVICE);
  const picker = podsOf(cluster.store, SERVICE, 'router-scheduler');
  const all = [...workload, ...picker];
  const isSettled = workload.length === replicas && picker.length === 1 && all.every((pod) => readiness(pod) === '2/2');
  return isSettled ? all.map((pod) => pod.metadata.name).sort() : [];
}

const seen = (path: string) =>
  until('the controller has seen the change', () => {
    const name = path.split('/').at(-1) as string;
    const found = cluster.store.get(DEPLOYMENTS, NAMESPACE, name);
    return found?.status?.observedGeneration === found?.metadata.generation && found;
  });

/** A template without anything that the API server fills in. */
function withoutDefaults(template: JsonObject): JsonObject {
  const bare = structuredClone(template);
  for (const field of [
    'dnsPolicy',
    'restartPolicy',
    'schedulerName',
    'securityContext',
    'terminationGracePeriodSeconds',
  ]) {
    delete bare.spec[field];
  }
  for (const container of [...(bare.spec.initContainers ?? []), ...bare.spec.containers]) {
    for (const field of ['imagePullPolicy', 'terminationMessagePath']) delete container[field];
    for (const port of container.ports ?? []) delete port.protocol;
  }
  return bare;
}

describe('a write to a Deployment that KServe made', () => {
  it('keeps the pods when the write is an annotation', async () => {
    const before = running(3);
    for (const path of [WORKLOAD, PICKER]) {
      const answer = await api.ask('PATCH', path, { metadata: { annotations: { note: 'by hand' } } }, MERGE);
      expect(answer.code).toBe(200);
      // What a client got back has the defaults.
      expect(answer.body.spec.template.spec.dnsPolicy).toBe('ClusterFirst');
      await seen(path);
    }
    await until('the same pods', () => running(3).length === 4);
    expect(running(3)).toEqual(before);
    expect(
      cluster.store.list(REPLICA_SETS, NAMESPACE).filter((set) => set.metadata.name.includes(SERVICE)),
    ).toHaveLength(2);
  });

  it('keeps the pods when the write scales down and up', async () => {
    const before = running(3);
    const scale = (replicas: number) => api.ask('PATCH', `${WORKLOAD}/scale`, { spec: { replicas } }, MERGE);
    expect((await scale(4)).code).toBe(200);
    // The controller of KServe reverts the count, and no pod has gone.
    await until('the same pods', () => running(3).length === 4);
    expect(running(3)).toEqual(before);

    expect((await scale(2)).code).toBe(200);
    await until('three replicas again', () => running(3).length === 4);
    expect(running(3).filter((name) => before.includes(name)).length).toBeGreaterThanOrEqual(3);
    expect(
      cluster.store.list(REPLICA_SETS, NAMESPACE).filter((set) => set.metadata.name.includes(SERVICE)),
    ).toHaveLength(2);
  });

  it('keeps the pods when the same template comes with defaults or without', async () => {
    const before = running(3);
    const { body } = await api.ask('GET', WORKLOAD);
    const written = (template: JsonObject) => {
      const { managedFields: _managedFields, ...metadata } = body.metadata;
      delete metadata.resourceVersion;
      return { ...body, metadata, spec: { ...body.spec, template } };
    };
    for (const template of [body.spec.template, withoutDefaults(body.spec.template)]) {
      const answer = await api.ask('PUT', WORKLOAD, written(template));
      expect(answer.code).toBe(200);
      await seen(WORKLOAD);
    }
    const main = body.spec.template.spec.containers[0];
    const { name } = body.metadata;
    const config = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: NAMESPACE },
      spec: {
        selector: body.spec.selector,
        template: { spec: { containers: [{ name: 'main', image: main.image, ports: [{ containerPort: 8000 }] }] } },
      },
    };
    expect((await api.apply(WORKLOAD, config, 'fieldManager=me&force=true')).code).toBe(200);
    await seen(WORKLOAD);
    await until('the same pods', () => running(3).length === 4);
    expect(running(3)).toEqual(before);
  });

  it('replaces the pods when the template changes', async () => {
    const before = running(3);
    const patch = { spec: { template: { metadata: { annotations: { restartedAt: 'now' } } } } };
    expect((await api.ask('PATCH', PICKER, patch, MERGE)).code).toBe(200);
    await until('another picker', () => running(3).some((name) => !before.includes(name)));
  });
});

describe('a Deployment of somebody else', () => {
  it('keeps its pods when amounts are written differently', async () => {
    const deployment = (cpu: string, memory: string) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'other', namespace: NAMESPACE },
      spec: {
        selector: { matchLabels: { app: 'other' } },
        template: {
          metadata: { labels: { app: 'other' } },
          spec: { containers: [{ name: 'c', image: 'i:1', resources: { requests: { cpu, memory } } }] },
        },
      },
    });
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
    expect((await api.ask('POST', path, deployment('1', '1Gi'))).code).toBe(201);
    await seen(`${path}/other`);
    expect((await api.ask('PUT', `${path}/other`, deployment('1000m', '1024Mi'))).code).toBe(200);
    await seen(`${path}/other`);
    expect(
      cluster.store.list(REPLICA_SETS, NAMESPACE).filter((set) => set.metadata.name.startsWith('other-')),
    ).toHaveLength(1);
  });
});
