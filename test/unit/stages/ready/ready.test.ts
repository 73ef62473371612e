import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { awaitReady } from '../../../../src/stages/ready/ready.ts';
import { fakeKube, prepared, stageContext, texts } from '../fakes.ts';

const NS = { namespace: 'ns' };
const REPLICA = { 'kserve.io/component': 'workload' };
const PICKER = { 'app.kubernetes.io/component': 'llminferenceservice-router-scheduler' };
const pod = (index: number, labels: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `vllm-${index}`, ...NS, labels, creationTimestamp: '2026-11-22T14:00:00Z' },
  spec: { nodeName: `node-${index}`, containers: [{ name: 'main', args: ['--port=8000'] }] },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-11-22T14:13:20Z' }],
    containerStatuses: [{ name: 'main', ready: true, started: true, restartCount: 0, state: { running: {} } }],
  },
});
const service: KubeObject = {
  apiVersion: 'serving.kserve.io/v1alpha1',
  kind: 'LLMInferenceService',
  metadata: { name: 'qwen', ...NS, generation: 2 },
  status: { observedGeneration: 2, conditions: [{ type: 'Ready', status: 'True' }] },
};

function deployment(change: { generation?: number; spec?: object; status?: object }): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'qwen-kserve', ...NS, generation: change.generation ?? 2 },
    spec: { replicas: 3, ...change.spec },
    status: { observedGeneration: 2, replicas: 3, updatedReplicas: 3, ...change.status },
  };
}

/** Looks once: Kubernetes holds three Ready replicas, a picker and this Deployment. */
async function look(found: KubeObject): Promise<string[]> {
  const { kube } = fakeKube({ LLMInferenceService: () => [service], Deployment: () => [found] });
  const pods = async (_version: string, kind: string) => {
    if (kind !== 'Pod') return kind === 'Deployment' ? [found] : [];
    return [pod(0, REPLICA), pod(1, REPLICA), pod(2, REPLICA), pod(9, PICKER)];
  };
  const { context, said } = stageContext(
    { kube: { ...kube, list: pods as typeof kube.list } },
    { 'ready-timeout': '1s', 'poll-interval': '5s' },
  );
  await awaitReady(context, prepared()).catch(() => {});
  return texts(said).filter((text) => !text.includes(' Ready, '));
}

describe('Ready pods', () => {
  it.each<[string, KubeObject, number]>([
    ['of an earlier template', deployment({ status: { updatedReplicas: 1 } }), 1],
    ['of a Deployment that no controller has looked at since', deployment({ generation: 3 }), 3],
    ['beside surplus ones of an earlier template', deployment({ status: { replicas: 4 } }), 3],
    ['of a Deployment without a status', { ...deployment({}), status: undefined }, 0],
  ])('are not enough when they are %s', async (_, found, updated) => {
    expect(await look(found)).toContain(`Deployment qwen-kserve has ${updated} of 3 pods of the applied template`);
  });

  it('are looked at further when every Deployment is rolled out', async () => {
    const seen = await look(deployment({}));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.join('\n')).not.toContain('Deployment');
  });
});
