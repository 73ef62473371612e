import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import type { ServiceRef } from '../../../../src/stack/refs.ts';
import { awaitReady, type ReadyStack } from '../../../../src/stages/ready/ready.ts';
import type { AnyObject } from '../../../any-object.ts';
import { fakeKube, prepared, stageContext, texts } from '../fakes.ts';
import { aGateway, aPool, aRoute, aService, taken, V1 } from './timeline.ts';

const REPLICA = { 'kserve.io/component': 'workload' };
const PICKER = { 'app.kubernetes.io/component': 'llminferenceservice-router-scheduler' };

function pod(name: string, labels: Record<string, string>, state: 'Ready' | 'NotReady' | 'Failed' | 'Succeeded') {
  const ready = state === 'Ready';
  const finished = state === 'Failed' || state === 'Succeeded';
  const object: AnyObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns', labels, creationTimestamp: '2026-11-22T14:00:00Z' },
    spec: { nodeName: 'node-0', containers: [{ name: 'main', args: ['--port=8000'] }] },
    status: {
      phase: finished ? state : 'Running',
      ...(state === 'Failed' ? { reason: 'Evicted', message: 'The node was low on resource: memory.' } : {}),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: finished
        ? []
        : [{ name: 'main', ready, started: true, restartCount: 0, state: { running: {} } }],
    },
  };
  return object;
}

const REPLICAS = ['a', 'b', 'c'].map((name) => pod(`vllm-${name}`, REPLICA, 'Ready'));
const LEADER = pod('epp-leader', PICKER, 'Ready');

/** Waits a minute for a cluster with these pods and routes; everything else is as it is when a service serves. */
async function wait(
  pods: readonly AnyObject[],
  given: { route?: KubeObject; service?: Partial<ServiceRef> } = {},
): Promise<{ stack: ReadyStack | null; waiting: string[]; pods: string[] }> {
  const { kube } = fakeKube({
    LLMInferenceService: () => [aService([{ type: 'Ready', status: 'True' }])],
    HTTPRoute: () => [given.route ?? aRoute(1, V1, taken(1))],
    InferencePool: () => [aPool([{ type: 'Accepted', status: 'True', observedGeneration: 1 }])],
    Gateway: () => [aGateway([{ type: 'Programmed', status: 'True' }])],
    Pod: () => [...pods] as KubeObject[],
  });
  const list = (apiVersion: string, kind: string) => kube.list(apiVersion, kind);
  const { context, said, report } = stageContext(
    { kube: { ...kube, list: list as KubeClient['list'] } },
    { 'ready-timeout': '1m', 'poll-interval': '5s' },
  );
  const plan = prepared();
  const stack = await awaitReady(context, { ...plan, service: { ...plan.service, ...given.service } }).catch(
    (error: unknown) => {
      if (error instanceof Failure) return null;
      throw error;
    },
  );
  return {
    stack,
    waiting: texts(said.filter(({ type }) => type === 'waiting')),
    pods: report().pods.map(({ name }) => name),
  };
}

describe('an endpoint picker with a standby', () => {
  it('is ready with its leader, since the standby stays NotReady by design', async () => {
    const { stack } = await wait([...REPLICAS, LEADER, pod('epp-standby', PICKER, 'NotReady')]);
    expect(stack?.replicas).toHaveLength(3);
  });

  it('is not ready without a leader', async () => {
    const standbys = ['one', 'two'].map((name) => pod(`epp-${name}`, PICKER, 'NotReady'));
    const { stack, waiting } = await wait([...REPLICAS, ...standbys]);
    expect(stack).toBeNull();
    expect(waiting.at(-1)).toContain('endpoint picker 2 0/1');
  });
});

describe('a pod that has finished', () => {
  it.each([
    ['Failed', REPLICA],
    ['Succeeded', REPLICA],
    ['Failed', PICKER],
  ] as const)('does not count beside those that serve: %s %o', async (state, labels) => {
    const { stack, pods } = await wait([...REPLICAS, LEADER, pod('gone', labels, state)]);
    expect(stack?.replicas.map(({ metadata }) => metadata.name)).toEqual(['vllm-a', 'vllm-b', 'vllm-c']);
    expect(stack?.pickers.map(({ metadata }) => metadata.name)).toEqual(['epp-leader']);
    expect(pods).not.toContain('gone');
  });

  it('does not stand for one that serves', async () => {
    const { stack, waiting } = await wait([...REPLICAS.slice(1), LEADER, pod('gone', REPLICA, 'Succeeded')]);
    expect(stack).toBeNull();
    expect(waiting.at(-1)).toContain('replicas 2 Ready; endpoint picker 1 Ready');
  });
});

describe('a route that the service names', () => {
  const named = (name: string): KubeObject => {
    const { ownerReferences: _, ...metadata } = aRoute(1, V1, taken(1)).metadata;
    return { ...aRoute(1, V1, taken(1)), metadata: { ...metadata, name } };
  };

  it('is followed, although KServe does not own it', async () => {
    const { stack } = await wait([...REPLICAS, LEADER], {
      route: named('team-route'),
      service: { routes: ['team-route'] },
    });
    expect(stack?.route).toMatchObject({ routeName: 'team-route', endpoint: 'http://10.0.0.1/ns/qwen' });
  });

  it('is not another route of the namespace', async () => {
    const { stack, waiting } = await wait([...REPLICAS, LEADER], {
      route: named('other-route'),
      service: { routes: ['team-route'] },
    });
    expect(stack).toBeNull();
    expect(waiting.at(-1)).toContain('HTTPRoute team-route, which the service names, does not exist');
  });
});
