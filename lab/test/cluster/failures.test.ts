import { afterEach, describe, expect, it } from 'vitest';
import { DEPLOYMENTS, EVENTS, LLM_SERVICES, SECRETS } from '../../cluster/resources.ts';
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

interface Waiting {
  reason: string;
  message: string;
}

function waitingOf(pod: KubeObject | undefined, container = 'main'): Waiting | undefined {
  const statuses = (pod?.status?.containerStatuses ?? []) as { name: string; state: { waiting?: Waiting } }[];
  return statuses.find((one) => one.name === container)?.state.waiting;
}

function eventsOf(pod: KubeObject): { reason: string; message: string }[] {
  return lab.store
    .list(EVENTS, NAMESPACE)
    .filter((event) => event.involvedObject.uid === pod.metadata.uid)
    .map(({ reason, message }) => ({ reason, message }));
}

/** Applies the service on three nodes and waits for a workload pod that the probe accepts. */
async function applied(service: KubeObject, what: string, probe: (pod: KubeObject) => boolean): Promise<KubeObject> {
  lab.store.create(LLM_SERVICES, service);
  lab.cluster.setNodePool('tpu-v6e-pool', nodePool(3));
  return until(what, () => podsOf(lab.store, 'qwen2-3b-pattern3').find(probe));
}

describe('an image that the registry does not know', () => {
  it('backs off with the registry’s words; the sidecar and the picker run', async () => {
    lab = await testCluster({ scenario: 'image-pull' });
    const pod = await applied(
      patternThree(),
      'ImagePullBackOff',
      (one) => waitingOf(one)?.reason === 'ImagePullBackOff',
    );
    const image = 'registry.example.com/vllm-tpu:3.2.5';
    expect(waitingOf(pod)?.message).toBe(
      `Back-off pulling image "${image}": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`,
    );
    const messages = eventsOf(pod).map(({ reason, message }) => `${reason}: ${message}`);
    expect(messages).toContain(`BackOff: Back-off pulling image "${image}"`);
    expect(messages).toContain('Failed: Error: ErrImagePull');
    expect(messages).toContain('Failed: Error: ImagePullBackOff');
    await until('1/2', () => podsOf(lab.store, 'qwen2-3b-pattern3').some((one) => readiness(one) === '1/2'));
    expect(condition(serviceOf(lab.store), 'WorkloadsReady')).toMatchObject({
      status: 'False',
      reason: 'MinimumReplicasUnavailable',
      message: 'Deployment does not have minimum availability.',
    });
    await until('the rollout given up', () => {
      const deployment = lab.store.get(DEPLOYMENTS, NAMESPACE, 'qwen2-3b-pattern3-kserve');
      return condition(deployment, 'Progressing')?.reason === 'ProgressDeadlineExceeded';
    });
    expect(lab.serving.replicas.size).toBe(0);
  });

  it('a pull secret that is not there is a 401', async () => {
    lab = await testCluster({
      seeds: (seed) => seed.kind !== 'LLMInferenceService' && seed.metadata.name !== 'redhat-pull-secret',
    });
    const pod = await applied(patternThree(), 'ErrImagePull', (one) => waitingOf(one)?.reason === 'ErrImagePull');
    expect(waitingOf(pod)?.message).toContain('401 Unauthorized');
    expect(eventsOf(pod)).toContainEqual({
      reason: 'FailedToRetrieveImagePullSecret',
      message:
        'Unable to retrieve some image pull secrets (redhat-pull-secret); attempting to pull the image may not succeed.',
    });
  });
});

describe('too few nodes', () => {
  it('leaves the third pod Pending and says which resource is short', async () => {
    lab = await testCluster();
    lab.store.create(LLM_SERVICES, patternThree());
    lab.cluster.setNodePool('tpu-v6e-pool', nodePool(2));
    await until(
      'two Ready pods',
      () => podsOf(lab.store, 'qwen2-3b-pattern3').filter((pod) => readiness(pod) === '2/2').length >= 2,
    );
    const pending = podsOf(lab.store, 'qwen2-3b-pattern3').filter((pod) => !pod.spec.nodeName);
    expect(pending.map((pod) => condition(pod, 'PodScheduled')?.message)).toContain(
      "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 Insufficient google.com/tpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
    );
  });

  it('a node that goes away takes its pods along', async () => {
    lab = await testCluster();
    await applied(patternThree(), 'Ready', (pod) => readiness(pod) === '2/2');
    lab.cluster.setNodePool('tpu-v6e-pool', nodePool(0));
    await until('no replica left', () => lab.serving.replicas.size === 0);
    await until('all Pending', () => podsOf(lab.store, 'qwen2-3b-pattern3').every((pod) => !pod.spec.nodeName));
    await until('no endpoint left', () =>
      lab.serving.table().routes.every((route) => route.backend?.endpoints.length === 0),
    );
  });
});

describe('a configuration that cannot work', () => {
  it('names the key that a secret does not have, and goes on when it is there', async () => {
    lab = await testCluster();
    const service = patternThree((main) => {
      main.env = [{ name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: 'hf-token', key: 'token' } } }];
    });
    const pod = await applied(
      service,
      'CreateContainerConfigError',
      (one) => waitingOf(one)?.reason === 'CreateContainerConfigError',
    );
    expect(waitingOf(pod)?.message).toBe(`couldn't find key token in Secret ${NAMESPACE}/hf-token`);
    lab.store.update(SECRETS, {
      ...(lab.store.get(SECRETS, NAMESPACE, 'hf-token') as KubeObject),
      data: { token: 'eA==' },
    });
    await until('Ready', () => podsOf(lab.store, 'qwen2-3b-pattern3').some((one) => readiness(one) === '2/2'));
  });

  it('restarts a server that does not know one of its flags', async () => {
    lab = await testCluster();
    const service = patternThree((main) => {
      main.command = ['vllm', 'serve', '/mnt/models'];
      main.args = ['--prefix-cache-block-size=64'];
    });
    const pod = await applied(service, 'CrashLoopBackOff', (one) => waitingOf(one)?.reason === 'CrashLoopBackOff');
    const [status] = pod.status.containerStatuses;
    expect(status.lastState.terminated).toMatchObject({ exitCode: 2, reason: 'Error' });
    expect(lab.cluster.readLogs(NAMESPACE, pod.metadata.name, 'main', {})).toContain(
      'error: unrecognized arguments: --prefix-cache-block-size=64',
    );
    await until('restarted', () =>
      podsOf(lab.store, 'qwen2-3b-pattern3').some((one) => one.status.containerStatuses?.[0].restartCount >= 1),
    );
  });

  it('kills a server that compiles longer than its liveness probe waits', async () => {
    lab = await testCluster();
    const service = patternThree((main) => {
      main.startupProbe = undefined;
      main.livenessProbe = { httpGet: { path: '/health', port: 8000, scheme: 'HTTPS' }, initialDelaySeconds: 0 };
    });
    const pod = await applied(service, 'killed', (one) => waitingOf(one)?.reason === 'CrashLoopBackOff');
    expect(eventsOf(pod)).toContainEqual({
      reason: 'Killing',
      message: 'Container main failed liveness probe, will be restarted',
    });
  });

  it('keeps a pod out of service when its probe speaks the wrong scheme', async () => {
    lab = await testCluster();
    const service = patternThree((main) => {
      main.readinessProbe = { httpGet: { path: '/v1/models', port: 8000, scheme: 'HTTP' } };
    });
    const pod = await applied(service, 'an Unhealthy event', (one) =>
      eventsOf(one).some(({ message }) => message.endsWith('/v1/models": EOF')),
    );
    expect(readiness(pod)).toBe('1/2');
  });

  it('says that a preset cannot be combined', async () => {
    lab = await testCluster();
    const service = patternThree();
    service.spec.baseRefs = [{ name: 'no-such-config' }];
    lab.store.create(LLM_SERVICES, service);
    const found = await until('PresetsCombined False', () => {
      const condition_ = condition(serviceOf(lab.store), 'PresetsCombined');
      return condition_?.status === 'False' && condition_;
    });
    expect(found).toMatchObject({
      reason: 'CombineBaseError',
      message: expect.stringContaining('no-such-config'),
    });
  });
});
