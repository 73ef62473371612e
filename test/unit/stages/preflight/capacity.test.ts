import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { parseState } from '../../../../src/stages/lease/lease-record.ts';
import { budgetMs } from '../../../../src/stages/preflight/budget.ts';
import { checkCapacity } from '../../../../src/stages/preflight/capacity.ts';
import { fakeKube, LEASE, POOL, prepared, someInputs, stageContext } from '../fakes.ts';

const DEMAND = { chips: 4, scaleDownMs: 900_000, queued: false };
const IMAGE = `quay.io/somebody/pause@sha256:${'a'.repeat(64)}`;

const priority = (value: number): KubeObject => ({
  ...{ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'tpu-serving-gate-holder' } },
  value,
});
const contextWith = (classes: KubeObject[], inputs: Record<string, string> = {}) =>
  stageContext({ kube: fakeKube({ PriorityClass: () => classes }).kube }, inputs).context;

describe('capacity by demand, before the lease', () => {
  it('is by pods that give way to replicas', async () => {
    const context = contextWith([priority(-1)], { 'capacity-queue': 'tpus' });
    expect(await checkCapacity(context, DEMAND)).toEqual({
      seen: 'by pods that hold the nodes, in queue tpus; the autoscaler has 15 min to remove them afterwards',
    });
  });

  it.each<[string, KubeObject[], Record<string, string>, RegExp]>([
    ['holder-priority', [], {}, /does not exist: replicas could not replace the pods/],
    ['holder-priority', [priority(0)], {}, /has the value 0: from -10 to -1/],
    ['holder-priority', [priority(-11)], {}, /has the value -11/],
    ['holder-image', [priority(-1)], { 'holder-image': IMAGE }, /of none of the allowed registries/],
  ])('is refused as %s', async (code, classes, inputs, message) => {
    await expect(checkCapacity(contextWith(classes, inputs), DEMAND)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('takes an image of an allowed registry', async () => {
    const context = contextWith([priority(-1)], { 'holder-image': IMAGE, 'allowed-registries': 'quay.io/somebody' });
    await expect(checkCapacity(context, DEMAND)).resolves.toMatchObject({ seen: expect.any(String) });
  });

  it('is refused for a pool with queued provisioning where the cluster has no ProvisioningRequest', async () => {
    const context = contextWith([priority(-1)]);
    const kube = { ...context.kube, serves: async () => false };
    await expect(checkCapacity({ ...context, kube }, { ...DEMAND, queued: true })).rejects.toMatchObject({
      code: 'provisioning-missing',
    });
  });

  it('is not checked where the PriorityClass may not be read', async () => {
    const context = contextWith([]);
    const get = async () => {
      throw new Failure({ stage: 'preflight', code: 'kube-permission', message: 'no' });
    };
    const kube = { ...context.kube, get } as typeof context.kube;
    expect(await checkCapacity({ ...context, kube }, DEMAND)).toMatchObject({ outcome: 'not-checked' });
  });
});

describe('the limit on cost, by demand', () => {
  const inputs = someInputs({ 'max-cost': '60', 'price-per-chip-hour': '2.97' });

  it('keeps the time that the autoscaler may take to remove the nodes', () => {
    const pool = { ...POOL, spot: false };
    const resize = budgetMs({ inputs }, prepared({ pool })) ?? 0;
    const demand = budgetMs({ inputs }, prepared({ pool, demand: DEMAND })) ?? 0;
    expect(resize - demand).toBe(900_000);
  });

  it('is not watched for flex-start without a price: no list has one', () => {
    const pool = { ...POOL, spot: false, flexStart: true };
    const unpriced = { inputs: someInputs({ 'max-cost': '60' }) };
    expect(() => budgetMs(unpriced, prepared({ pool, demand: DEMAND }))).toThrow(
      expect.objectContaining({ code: 'max-cost', message: expect.stringContaining('with flex-start') }),
    );
  });
});

describe('the record of a lease by demand', () => {
  const text = (demand: unknown) => JSON.stringify({ ...LEASE, demand });

  it('is read with the time that the autoscaler has', () => {
    expect(parseState(text({ scaleDownMs: 900_000 }))?.demand).toEqual({ scaleDownMs: 900_000 });
    expect(parseState(JSON.stringify(LEASE))).not.toHaveProperty('demand');
  });

  it.each([null, 'yes', {}, { scaleDownMs: -1 }, { scaleDownMs: 1e12 }, { scaleDownMs: '900' }])(
    'is no record with demand %j: what is resized depends on it',
    (demand) => {
      expect(parseState(text(demand))).toBeNull();
    },
  );
});
