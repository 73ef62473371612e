import { describe, expect, it } from 'vitest';
import type { Client } from './client.ts';
import { configMap } from './objects.ts';

export function expiryContract(kube: () => Client): void {
  describe('history', () => {
    it('that is forgotten ends a watch with a 410, and a new list heals it', async () => {
      const maps = (await kube().place()).path('configmaps');
      const { resourceVersion } = (await kube().ask('POST', maps, configMap('old'))).body.metadata;
      await kube().merge(`${maps}/old`, { data: { a: '1' } });
      await kube().endpoint.forgetHistory();

      const [event] = await kube().watch(`${maps}?watch=1&resourceVersion=${resourceVersion}`, () => true);
      expect(event?.type).toBe('ERROR');
      expect(event?.object).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'Expired', code: 410 });
      expect(event?.object.message).toMatch(/^too old resource version: \d+ \(\d+\)$/);

      const { body } = await kube().get(maps);
      const after = kube().watch(`${maps}?watch=1&resourceVersion=${body.metadata.resourceVersion}`, () => true);
      await kube().merge(`${maps}/old`, { data: { a: '2' } });
      expect((await after).map(({ type }) => type)).toEqual(['MODIFIED']);
    });
  });
}
