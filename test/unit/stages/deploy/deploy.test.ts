import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import type { StageContext } from '../../../../src/stages/context.ts';
import { deploy } from '../../../../src/stages/deploy/deploy.ts';
import { RUN_ANNOTATION, STACK_LABEL } from '../../../../src/stages/deploy/marks.ts';
import { leaseObject } from '../../../../src/stages/lease/lease-record.ts';
import { applied, fakeKube, LEASE, POOL, prepared, stageContext, texts } from '../fakes.ts';

const manifest = (object: KubeObject) => ({ object, file: 'stack.yaml', line: 7 });
const MAP = applied('ConfigMap', 'settings', null);
const SERVICE = applied('LLMInferenceService', 'qwen', null);

/** A cluster that holds these objects; a deleted service is there for some more looks, with its pods. */
function cluster(objects: KubeObject[], looksUntilGone = 2) {
  const there = [...objects];
  let going: string | null = null;
  let looks = 0;
  const ofKind = (kind: string) => () => there.filter((object) => object.kind === kind);
  const fake = fakeKube(
    {
      ConfigMap: ofKind('ConfigMap'),
      LLMInferenceService: () => {
        if (going !== null) looks += 1;
        if (looks > looksUntilGone) {
          const at = there.findIndex(({ metadata }) => metadata.name === going);
          if (at >= 0) there.splice(at, 1);
        }
        return ofKind('LLMInferenceService')();
      },
    },
    {
      remove: (what) => {
        const found = there.find(({ kind, metadata }) => `${kind} ${metadata.name} in ns` === what);
        if (found?.kind === 'LLMInferenceService') going = found.metadata.name;
        return found !== undefined;
      },
    },
  );
  return { ...fake, looks: () => looks };
}

describe('what the lease that was taken over had deployed', () => {
  const left = (name: string, run: string | null) => ({ ...applied('LLMInferenceService', name, run) });
  const workload = ['llama', 'qwen', 'mine'].map((name) => ({
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'LLMInferenceService',
    name,
    namespace: 'ns',
  }));

  it('goes before anything is made, unless somebody else has made it or the manifests have it', async () => {
    const fake = cluster([left('llama', '7-1'), left('qwen', '183-1'), left('mine', null)]);
    const { context, said } = stageContext({ kube: fake.kube });
    const leftover = { ...LEASE, runKey: '7-1', holder: 'run 7', workload };
    const stack = prepared({ manifests: [manifest(SERVICE)], leftover });
    expect(await deploy(context, stack)).toMatchObject({ retired: 1, applied: 1 });
    expect(fake.removed).toEqual(['LLMInferenceService llama in ns']);
    expect(texts(said)[0]).toBe('removed LLMInferenceService llama in ns, which run 7 had deployed');
  });

  it('and what has its own name go before a pool becomes smaller', async () => {
    const fake = cluster([left('qwen', '7-1')]);
    const { context } = stageContext({ kube: fake.kube }, { mode: 'restore' });
    const steps: string[] = [];
    const stack = prepared({ manifests: [manifest(SERVICE)], nodes: 1, pool: { ...POOL, initialNodeCount: 3 } });
    await deploy(context, stack, async () => {
      steps.push(`${fake.removed.length} removed, ${fake.applied.length} applied`);
    });
    expect(steps).toEqual(['1 removed, 0 applied']);
  });
});

describe('objects', () => {
  it('carry the label of the gate and the mark of the run', async () => {
    const { kube, applied: done } = cluster([]);
    const labelled = { ...MAP, metadata: { ...MAP.metadata, labels: { tier: 'a' }, annotations: { note: 'b' } } };
    const { context, said } = stageContext({ kube });
    const outcome = await deploy(context, prepared({ manifests: [manifest(labelled), manifest(SERVICE)] }));
    expect(outcome).toEqual({ retired: 0, applied: 2, pruned: 0 });
    expect(done[0]?.metadata).toMatchObject({
      name: 'settings',
      namespace: 'ns',
      labels: { tier: 'a', 'app.kubernetes.io/managed-by': 'tpu-serving-gate', [STACK_LABEL]: 'qwen' },
      annotations: { note: 'b', [RUN_ANNOTATION]: '183-1' },
    });
    expect(done[1]?.metadata.annotations).toEqual({ [RUN_ANNOTATION]: '183-1' });
    expect(texts(said)).toEqual(['applied ConfigMap settings in ns', 'applied LLMInferenceService qwen in ns']);
  });

  it.each<[string, string | null, string | undefined]>([
    ['somebody else made carry no mark, so that they stay', null, undefined],
    ['an earlier run made become those of this run', '182-1', '183-1'],
    ['this run made keep its mark', '183-1', '183-1'],
  ])('that %s', async (_, before, mark) => {
    const { kube, applied: done } = cluster([applied('ConfigMap', 'settings', before)]);
    const { context } = stageContext({ kube });
    await deploy(context, prepared({ manifests: [manifest(MAP)] }));
    expect(done[0]?.metadata.annotations?.[RUN_ANNOTATION]).toBe(mark);
  });

  it('by which pods are judged come before what makes pods, and the others in the order of the files', async () => {
    const { kube, applied: done } = cluster([]);
    const { context } = stageContext({ kube });
    const rules = ['LimitRange', 'ResourceQuota'].map((kind) => manifest(applied(kind, 'serving', null)));
    await deploy(context, prepared({ manifests: [manifest(SERVICE), manifest(MAP), ...rules] }));
    expect(done.map(({ kind }) => kind)).toEqual(['LimitRange', 'ResourceQuota', 'LLMInferenceService', 'ConfigMap']);
  });

  it('come no more once the run is interrupted', async () => {
    const { kube, applied: done } = cluster([]);
    const controller = new AbortController();
    const { context } = stageContext({ kube });
    const emit = () => controller.abort(new Error('interrupted'));
    const running = deploy(
      { ...context, signal: controller.signal, emit },
      prepared({ manifests: [manifest(MAP), manifest(SERVICE)] }),
    );
    await expect(running).rejects.toThrow('interrupted');
    expect(done.map(({ kind }) => kind)).toEqual(['ConfigMap']);
  });
});

describe('a service that an earlier run left behind', () => {
  it('is removed, awaited and applied anew', async () => {
    const { kube, removed, applied: done, looks } = cluster([applied('LLMInferenceService', 'qwen', '182-1')]);
    const { context, said } = stageContext({ kube });
    await deploy(context, prepared({ manifests: [manifest(SERVICE)] }));
    expect(removed).toEqual(['LLMInferenceService qwen in ns']);
    expect(looks()).toBeGreaterThan(2);
    expect(done[0]?.metadata.annotations).toEqual({ [RUN_ANNOTATION]: '183-1' });
    expect(texts(said)[0]).toBe('LLMInferenceService qwen in ns was left behind by run 182-1 and is removed');
  });

  it('that does not go ends the deploy, with its file', async () => {
    const { kube } = cluster([applied('LLMInferenceService', 'qwen', '182-1')], 1_000);
    const { context } = stageContext({ kube });
    await expect(deploy(context, prepared({ manifests: [manifest(SERVICE)] }))).rejects.toMatchObject({
      code: 'retire-timeout',
      message:
        'stack.yaml:7: LLMInferenceService qwen in ns was deleted but is not gone: LLMInferenceService is still there.',
      hint: expect.stringContaining('kubectl get llminferenceservice qwen -n ns -o yaml'),
    });
  });

  it.each([['183-1'], [null]])('is not one of run %s', async (run) => {
    const { kube, removed } = cluster([applied('LLMInferenceService', 'qwen', run)]);
    const { context } = stageContext({ kube });
    await deploy(context, prepared({ manifests: [manifest(SERVICE)] }));
    expect(removed).toEqual([]);
  });
});

describe('what is retired', () => {
  const old = applied('LLMInferenceService', 'old', null);
  const ref = (object: KubeObject) => ({ apiVersion: object.apiVersion, kind: object.kind, ...object.metadata });

  it('is awaited when it is a service, and counted when it was there', async () => {
    const { kube, removed, looks } = cluster([old]);
    const { context, said } = stageContext({ kube });
    const outcome = await deploy(context, prepared({ retire: [ref(MAP), ref(old)] }));
    expect(outcome).toEqual({ retired: 1, applied: 0, pruned: 0 });
    expect(removed).toEqual(['LLMInferenceService old in ns']);
    expect(looks()).toBeGreaterThan(2);
    expect(texts(said)).toContain('retired LLMInferenceService old in ns');
  });

  it('may be refused, which is a warning', async () => {
    const { kube } = fakeKube(
      { ConfigMap: () => [MAP] },
      {
        remove: () => {
          throw new Failure({ stage: 'deploy', code: 'kube-permission', message: 'cannot delete resource' });
        },
      },
    );
    const { context, said } = stageContext({ kube });
    expect(await deploy(context, prepared({ retire: [ref(MAP)] }))).toEqual({ retired: 0, applied: 0, pruned: 0 });
    expect(said).toEqual([
      {
        type: 'warning',
        text: 'ConfigMap settings in ns was not retired, if it is there at all: cannot delete resource',
      },
    ]);
  });

  it('ends the deploy when it fails otherwise', async () => {
    const { kube } = fakeKube(
      { ConfigMap: () => [MAP] },
      {
        remove: () => {
          throw new Failure({ stage: 'deploy', code: 'kube-unreachable', message: 'no answer' });
        },
      },
    );
    const { context } = stageContext({ kube });
    await expect(deploy(context, prepared({ retire: [ref(MAP)] }))).rejects.toThrow('no answer');
  });
});

describe('whose an object is', () => {
  /** A stack of another run, whose lease on another pool holds until an hour from now. */
  const lease = (runKey: string, renewedMs: number) => {
    const state = { ...LEASE, nodePool: 'v6e-two', runKey, holder: 'run 182' };
    const times = { nowMs: Date.now() + renewedMs, acquiredAtMs: Date.now(), transitions: 0 };
    return leaseObject('default', { identity: 'run 182', runKey }, state, times);
  };
  const clusterWith = (objects: KubeObject[], leases: KubeObject[]) => {
    const fake = cluster(objects);
    const list: KubeClient['list'] = async (apiVersion, kind, options) =>
      kind === 'Lease' ? (leases as never) : fake.kube.list(apiVersion, kind, options);
    return { ...fake, kube: { ...fake.kube, list } as KubeClient };
  };

  it.each<[string, KubeObject, KubeObject]>([
    ['the service', SERVICE, applied('LLMInferenceService', 'qwen', '182-1')],
    ['another object', MAP, applied('ConfigMap', 'settings', '182-1')],
  ])('%s of a living run of another pool is neither deleted nor changed', async (_, mine, theirs) => {
    const { kube, removed, applied: done } = clusterWith([theirs], [lease('182-1', 0)]);
    const { context } = stageContext({ kube });
    await expect(deploy(context, prepared({ manifests: [manifest(mine)] }))).rejects.toMatchObject({
      code: 'owned-by-run',
      message: expect.stringMatching(/belongs to the stack of run 182 on node pool v6e-two/),
    });
    expect([removed, done]).toEqual([[], []]);
  });

  it('what a living run of another pool serves with is not retired', async () => {
    const { kube, removed } = clusterWith([applied('LLMInferenceService', 'qwen', '182-1')], [lease('182-1', 0)]);
    const { context } = stageContext({ kube });
    const retire = [{ apiVersion: SERVICE.apiVersion, kind: SERVICE.kind, name: 'qwen', namespace: 'ns' }];
    await expect(deploy(context, prepared({ retire }))).rejects.toMatchObject({ code: 'owned-by-run' });
    expect(removed).toEqual([]);
  });

  it('is the next run once the lease has run out', async () => {
    const theirs = applied('LLMInferenceService', 'qwen', '182-1');
    const { kube, removed } = clusterWith([theirs], [lease('182-1', -3_600_000)]);
    const { context } = stageContext({ kube });
    await deploy(context, prepared({ manifests: [manifest(SERVICE)] }));
    expect(removed).toEqual(['LLMInferenceService qwen in ns']);
  });

  it('is recorded with its UID where this run made it, and what others made is not labelled', async () => {
    const { kube, applied: done } = clusterWith([MAP], []);
    const { context } = stageContext({ kube });
    const owned: string[] = [];
    const own: StageContext['own'] = ({ name }, uid) => owned.push(`${name} ${uid}`);
    await deploy({ ...context, own }, prepared({ manifests: [manifest(MAP), manifest(SERVICE)] }));
    expect(owned).toEqual(['qwen uid-qwen']);
    expect(done[0]?.metadata.labels).toBeUndefined();
    expect(done[1]?.metadata.labels).toMatchObject({ [STACK_LABEL]: 'qwen' });
  });
});
