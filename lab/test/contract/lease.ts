import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { lease } from './objects.ts';

const NOW = '2026-01-01T10:00:00.123456Z';

export function leaseContract(kube: () => Client): void {
  describe('a Lease', () => {
    let leases: string;
    const put = (name: string, object: Json) => kube().ask('PUT', `${leases}/${name}`, object);
    beforeAll(async () => {
      leases = (await kube().place()).path('leases', 'coordination.k8s.io/v1');
    });

    it('is created by one of two, who then holds it', async () => {
      const both = await Promise.all(
        ['a', 'b'].map((holderIdentity) =>
          kube().ask('POST', leases, lease('race', { holderIdentity, leaseDurationSeconds: 30, renewTime: NOW })),
        ),
      );
      expect(both.map(({ code }) => code).sort()).toEqual([201, 409]);
      expect(both.find(({ code }) => code === 409)?.body).toMatchObject({
        reason: 'AlreadyExists',
        message: 'leases.coordination.k8s.io "race" already exists',
        details: { name: 'race', group: 'coordination.k8s.io', kind: 'leases' },
      });
      const winner = both.find(({ code }) => code === 201)?.body;
      expect((await kube().get(`${leases}/race`)).body).toEqual(winner);
      expect(winner.spec.renewTime).toBe(NOW);
    });

    it('goes to one of two who have read the same version', async () => {
      const { body } = await kube().get(`${leases}/race`);
      const take = (holderIdentity: string) => put('race', { ...body, spec: { ...body.spec, holderIdentity } });
      const both = await Promise.all([take('c'), take('d')]);
      expect(both.map(({ code }) => code).sort()).toEqual([200, 409]);
      const lost = both.find(({ code }) => code === 409)?.body;
      expect(lost.reason).toBe('Conflict');
      expect(lost.message).toBe(
        'Operation cannot be fulfilled on leases.coordination.k8s.io "race": the object has been modified; please apply ' +
          'your changes to the latest version and try again',
      );
      const holder = both.find(({ code }) => code === 200)?.body.spec.holderIdentity;
      expect((await kube().get(`${leases}/race`)).body.spec.holderIdentity).toBe(holder);
    });

    it('is created by an update where there is none, whatever version that has read', async () => {
      const made = await put('fresh', lease('fresh', { holderIdentity: 'a' }));
      expect([made.code, made.body.spec]).toEqual([201, { holderIdentity: 'a' }]);
      const late = await put('gone', lease('gone', { holderIdentity: 'a' }, { resourceVersion: '5' }));
      expect(late.code).toBe(201);
    });

    it('takes times with six decimals only', async () => {
      for (const renewTime of ['2026-01-01T10:00:00Z', '2026-01-01T10:00:00.123Z', 'yesterday']) {
        const { code, body } = await kube().ask('POST', leases, lease('time', { renewTime }));
        expect([renewTime, code, body.reason]).toEqual([renewTime, 400, 'BadRequest']);
        expect(body.message).toContain(
          `parsing time "${renewTime}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse`,
        );
      }
    });

    it('is deleted by whoever has read the latest version', async () => {
      const { resourceVersion } = (await kube().get(`${leases}/race`)).body.metadata;
      const older = { preconditions: { resourceVersion: String(Number(resourceVersion) - 1) } };
      expect((await kube().ask('DELETE', `${leases}/race`, older)).code).toBe(409);
      const latest = { preconditions: { resourceVersion } };
      expect((await kube().ask('DELETE', `${leases}/race`, latest)).code).toBe(200);
    });
  });
}
