import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { checkDisruption } from '../../../../src/stages/preflight/disruption.ts';
import type { AnyObject } from '../../../any-object.ts';
import { objectsBelow } from '../../manifests/files.ts';

const SERVICE = { apiVersion: 'x/v1', name: 'any', namespace: 'serving', replicas: 3 };
const [SHIPPED] = objectsBelow('components/high-availability');

function budget(limits: object, name = 'vllm-replicas', status?: object): AnyObject {
  const { maxUnavailable: _, ...spec } = SHIPPED.spec;
  return { ...SHIPPED, metadata: { name }, spec: { ...spec, ...limits }, ...(status ? { status } : {}) };
}

function check(own: AnyObject[], there: AnyObject[] | null = []) {
  const kube = {
    list: async () => {
      if (there === null) throw new Failure({ stage: 'preflight', code: 'kube-permission', message: 'forbidden' });
      return there;
    },
  } as unknown as KubeClient;
  const manifests = own.map((object): Manifest => ({ object: object as Manifest['object'], file: 'a.yaml', line: 1 }));
  return checkDisruption(kube, { service: SERVICE, manifests });
}

describe('a drain of the nodes', () => {
  it('leaves two of three replicas by the component, and what the cluster counts is stated', async () => {
    expect(await check([SHIPPED])).toEqual({
      seen: 'by PodDisruptionBudget vllm-replicas a drain leaves 2 of 3 replicas',
    });
    const living = budget({ maxUnavailable: 1 }, 'vllm-replicas', { expectedPods: 3, disruptionsAllowed: 1 });
    expect((await check([SHIPPED], [living])).seen).toBe(
      'by PodDisruptionBudget vllm-replicas a drain leaves 2 of 3 replicas; now it covers 3 pods and allows 1 evictions',
    );
  });

  it.each([
    ['no limit', {}, 'no eviction'],
    ['maxUnavailable 0', { maxUnavailable: 0 }, 'no eviction'],
    ['minAvailable of all', { minAvailable: 3 }, 'no eviction'],
    ['minAvailable 100%', { minAvailable: '100%' }, 'no eviction'],
    ['maxUnavailable of all', { maxUnavailable: '100%' }, 'all evictions at once'],
    ['minAvailable 0', { minAvailable: 0 }, 'all evictions at once'],
  ])('has a warning with %s', async (_, limits, says) => {
    const look = await check([budget(limits)]);
    expect(look).toMatchObject({ outcome: 'warning', remedy: expect.stringContaining('maxUnavailable to 1') });
    expect(look.seen).toContain(says);
  });

  it.each([
    [{ minAvailable: '50%' }, 2],
    [{ minAvailable: 1 }, 1],
    [{ maxUnavailable: '34%' }, 1],
  ])('rounds a share up: %j leaves %i', async (limits, left) => {
    expect((await check([budget(limits)])).seen).toContain(`leaves ${left} of 3`);
  });

  it('has a warning with two budgets of the same replicas, of which one is in the cluster alone', async () => {
    const look = await check([SHIPPED], [budget({ maxUnavailable: 1 }, 'other')]);
    expect(look).toMatchObject({ outcome: 'warning', seen: expect.stringContaining('vllm-replicas and other') });
  });

  it('may evict all where no budget is about the replicas', async () => {
    const other = { ...SHIPPED, spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'other' } } } };
    expect((await check([], [other])).seen).toContain('no PodDisruptionBudget covers the replicas');
  });

  it('is not known where budgets may not be listed and the manifests have none', async () => {
    expect(await check([], null)).toMatchObject({ outcome: 'not-checked' });
    expect((await check([SHIPPED], null)).seen).toContain('leaves 2 of 3');
  });
});
