import { afterEach, describe, expect, it } from 'vitest';
import { startDisruption } from '../../cluster/disruption.ts';
import { DEPLOYMENTS, DISRUPTION_BUDGETS, PODS, REPLICA_SETS } from '../../cluster/resources.ts';
import { createStore } from '../../kube/store.ts';
import type { KubeObject } from '../../protocol.ts';
import { until } from './harness.ts';

const metadata = (name: string, more: object = {}) => ({ name, namespace: 'ns', ...more });
const ownedBy = ({ apiVersion, kind, metadata: { name, uid } }: KubeObject) => ({
  ownerReferences: [{ apiVersion, kind, name, uid: uid as string, controller: true }],
});

let close = () => {};
afterEach(() => close());

/** Three pods of a Deployment that asks for so many, of which the first ones are Ready. */
function cluster(spec: object, { wanted = 3, ready = 3 } = {}) {
  const store = createStore();
  const deployment = store.create(DEPLOYMENTS, {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata('vllm'), spec: { replicas: wanted } },
  });
  const set = store.create(REPLICA_SETS, {
    ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: metadata('vllm-1', ownedBy(deployment)) },
    spec: { replicas: 1 },
  });
  for (const index of [0, 1, 2]) {
    store.create(PODS, {
      ...{ apiVersion: 'v1', kind: 'Pod' },
      metadata: metadata(`vllm-${index}`, { ...ownedBy(set), labels: { app: 'vllm' } }),
      status: { conditions: [{ type: 'Ready', status: index < ready ? 'True' : 'False' }] },
    });
  }
  const { close: stop } = startDisruption(store);
  close = stop;
  store.create(DISRUPTION_BUDGETS, {
    ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: metadata('vllm') },
    spec: { selector: { matchLabels: { app: 'vllm' } }, ...spec },
  });
  const status = () => store.get(DISRUPTION_BUDGETS, 'ns', 'vllm')?.status;
  return { store, status };
}

describe('the counts of a budget', () => {
  it.each([
    [{ maxUnavailable: 1 }, {}, [3, 3, 2, 1]],
    [{ maxUnavailable: '50%' }, {}, [3, 3, 1, 2]],
    [{ maxUnavailable: 1 }, { wanted: 4 }, [4, 3, 3, 0]],
    [{ maxUnavailable: 1 }, { ready: 2 }, [3, 2, 2, 0]],
    [{ minAvailable: 2 }, {}, [3, 3, 2, 1]],
    [{ minAvailable: '100%' }, { wanted: 3 }, [3, 3, 3, 0]],
    [{ selector: { matchLabels: { app: 'none' } }, maxUnavailable: 1 }, {}, [0, 0, 0, 0]],
  ])('%j with %j', async (spec, shape, [expectedPods, currentHealthy, desiredHealthy, disruptionsAllowed]) => {
    const { status } = cluster(spec, shape);
    await until('the counts', () => status()?.observedGeneration === 1);
    const isAllowed = disruptionsAllowed! > 0;
    expect(status()).toMatchObject({
      ...{ expectedPods, currentHealthy, desiredHealthy, disruptionsAllowed },
      conditions: [
        {
          ...{ type: 'DisruptionAllowed', status: isAllowed ? 'True' : 'False' },
          reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
        },
      ],
    });
  });

  it('leave out a pod that was evicted, from the eviction until a new one is Ready', async () => {
    const { store, status } = cluster({ maxUnavailable: 1 });
    await until('the counts', () => status()?.disruptionsAllowed === 1);
    const budget = store.get(DISRUPTION_BUDGETS, 'ns', 'vllm') as KubeObject;
    const disruptedPods = { 'vllm-0': new Date().toISOString() };
    store.update(DISRUPTION_BUDGETS, { ...budget, status: { ...budget.status, disruptionsAllowed: 0, disruptedPods } });
    await until('the pod to be left out', () => status()?.currentHealthy === 2);
    expect(status()).toMatchObject({ disruptionsAllowed: 0, disruptedPods });
    store.delete(PODS, 'ns', 'vllm-0');
    await until('the pod to be forgotten', () => status()?.disruptedPods === undefined);
    const [pod] = store.list(PODS, 'ns') as [KubeObject];
    store.create(PODS, { ...pod, metadata: { ...pod.metadata, name: 'vllm-3' } });
    await until('the new pod to count', () => status()?.disruptionsAllowed === 1);
  });

  it('count a pod again that was to be evicted and lives', async () => {
    const { store, status } = cluster({ maxUnavailable: 1 });
    await until('the counts', () => status()?.disruptionsAllowed === 1);
    const budget = store.get(DISRUPTION_BUDGETS, 'ns', 'vllm') as KubeObject;
    const disruptedPods = { 'vllm-0': new Date(Date.now() - 121_000).toISOString() };
    store.update(DISRUPTION_BUDGETS, { ...budget, status: { ...budget.status, disruptionsAllowed: 0, disruptedPods } });
    await until('the pod to count', () => status()?.disruptionsAllowed === 1 && status()?.disruptedPods === undefined);
  });
});
