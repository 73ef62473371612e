import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Client, Json } from './client.ts';
import { pod } from './objects.ts';

const READY = { type: 'Ready', status: 'True' };

export function evictionContract(kube: () => Client): void {
  describe('an eviction', () => {
    let pods: string;
    let budgets: string;
    beforeAll(async () => {
      const place = await kube().place();
      pods = place.path('pods');
      budgets = place.path('poddisruptionbudgets', 'policy/v1');
    });

    /** A pod on a node, which carries its own name as a label. */
    const runs = async (name: string, conditions: Json[] = [READY]) => {
      await kube().ask('POST', pods, pod(name, { nodeName: 'n1' }, { labels: { app: name } }));
      await kube().merge(`${pods}/${name}/status`, { status: { phase: 'Running', conditions } });
    };
    /** A budget for the pods of that name, with counts as the controller would keep them. */
    const guarded = async (app: string, counts: Json, spec: Json = {}, name = app) => {
      const selector = { matchLabels: { app } };
      const made = await kube().ask('POST', budgets, {
        ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name } },
        spec: { maxUnavailable: 1, selector, ...spec },
      });
      expect(made.code).toBe(201);
      const counted = { observedGeneration: 1, currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0 };
      await kube().merge(`${budgets}/${name}/status`, { status: { expectedPods: 3, ...counted, ...counts } });
    };
    const evict = (name: string, options?: Json, named = name): Promise<Answer> =>
      kube().ask('POST', `${pods}/${name}/eviction`, {
        ...{ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: named } },
        ...(options ? { deleteOptions: options } : {}),
      });
    const read = async (name: string) => (await kube().get(`${pods}/${name}`)).body;

    it('of a pod without a budget deletes it, and shows who did', async () => {
      await runs('free');
      const { code, body } = await evict('free');
      expect(code).toBe(201);
      expect(body).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
      const { metadata, status } = await read('free');
      expect(metadata.deletionTimestamp).toEqual(expect.any(String));
      expect(status.conditions).toContainEqual(
        expect.objectContaining({
          ...{ type: 'DisruptionTarget', status: 'True' },
          ...{ reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' },
        }),
      );
      // One that is going already goes once more.
      expect((await evict('free')).code).toBe(201);
    });

    it('of a pod that nothing runs yet is final at once', async () => {
      await kube().ask('POST', pods, pod('pending', {}, { labels: { app: 'pending' } }));
      await guarded('pending', {});
      expect((await evict('pending')).code).toBe(201);
      expect((await kube().get(`${pods}/pending`)).code).toBe(404);
    });

    it('is counted by the budget that allows it', async () => {
      await runs('allowed');
      await guarded('allowed', { currentHealthy: 3, desiredHealthy: 2, disruptionsAllowed: 1 });
      expect((await evict('allowed', { dryRun: ['All'] })).code).toBe(201);
      expect((await read('allowed')).metadata.deletionTimestamp).toBeUndefined();
      expect((await evict('allowed')).code).toBe(201);
      const { status } = (await kube().get(`${budgets}/allowed`)).body;
      expect(status).toMatchObject({
        disruptionsAllowed: 0,
        disruptedPods: { allowed: expect.stringMatching(/Z$/) },
      });
    });

    it('that the budget does not allow is refused, and the pod stays', async () => {
      await runs('spent');
      await guarded('spent', { currentHealthy: 2, desiredHealthy: 2 });
      const { code, body } = await evict('spent');
      expect(code).toBe(429);
      expect(body).toMatchObject({
        reason: 'TooManyRequests',
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: {
          causes: [
            {
              reason: 'DisruptionBudget',
              message: 'The disruption budget spent needs 2 healthy pods and has 2 currently',
            },
          ],
        },
      });
      expect((await read('spent')).metadata.deletionTimestamp).toBeUndefined();
    });

    it('is refused while nobody has counted the pods of the budget', async () => {
      await runs('new');
      await guarded('new', { observedGeneration: 0, disruptionsAllowed: 1 });
      const { code, body } = await evict('new');
      expect(code).toBe(429);
      expect(body.details).toMatchObject({
        retryAfterSeconds: 10,
        causes: [{ message: 'The disruption budget new is still being processed by the server.' }],
      });
    });

    it('of a pod that is not Ready needs no allowance while enough others are, or where it is given', async () => {
      const unready = [{ type: 'Ready', status: 'False' }];
      await runs('sick', unready);
      await guarded('sick', { currentHealthy: 2, desiredHealthy: 2 });
      expect((await evict('sick')).code).toBe(201);
      await runs('worse', unready);
      await guarded('worse', { currentHealthy: 1, desiredHealthy: 2 });
      expect((await evict('worse')).code).toBe(429);
      await runs('let-go', unready);
      await guarded('let-go', { currentHealthy: 1, desiredHealthy: 2 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' });
      expect((await evict('let-go')).code).toBe(201);
    });

    it('of a pod with two budgets is refused', async () => {
      await runs('twice');
      await guarded('twice', { currentHealthy: 3, desiredHealthy: 2, disruptionsAllowed: 1 });
      await guarded('twice', { currentHealthy: 3, desiredHealthy: 2, disruptionsAllowed: 1 }, {}, 'twice-too');
      const { code, body } = await evict('twice');
      expect([code, body.status, body.code]).toEqual([500, 'Failure', 500]);
      expect(body.message).toContain('has more than one PodDisruptionBudget');
      expect((await read('twice')).metadata.deletionTimestamp).toBeUndefined();
    });

    it('names its pod in path and body', async () => {
      await runs('named');
      const other = await evict('named', undefined, 'other');
      expect([other.code, other.body.message]).toEqual([400, 'name in URL does not match name in Eviction object']);
      const absent = await evict('absent');
      expect([absent.code, absent.body.message]).toEqual([404, 'pods "absent" not found']);
    });
  });
}
