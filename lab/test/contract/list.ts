import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { configMap, pod } from './objects.ts';

const names = (body: Json): string[] => body.items.map((each: Json) => each.metadata.name);

export function listContract(kube: () => Client): void {
  describe('list', () => {
    let maps: string;
    let pods: string;
    let space: string;
    beforeAll(async () => {
      const place = await kube().place();
      maps = place.path('configmaps');
      pods = place.path('pods');
      space = place.name;
      const labelled = { a: { app: 'x', tier: 'one' }, b: { app: 'x', tier: 'two' }, c: { app: 'y' } };
      for (const [name, labels] of Object.entries(labelled)) {
        await kube().ask('POST', maps, configMap(name, { k: name }, { labels }));
      }
    });

    it('is sorted by name, has a resourceVersion, and its items have no kind', async () => {
      const { code, body } = await kube().get(maps);
      expect(code).toBe(200);
      expect(body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
      expect(body.metadata).toEqual({ resourceVersion: expect.stringMatching(/^\d+$/) });
      expect(names(body)).toEqual(['a', 'b', 'c']);
      expect(Object.keys(body.items[0])).toEqual(['metadata', 'data']);
    });

    it.each([
      ['app=x', ['a', 'b']],
      ['app==x,tier!=one', ['b']],
      ['tier in (one, two)', ['a', 'b']],
      ['tier notin (one)', ['b', 'c']],
      ['tier', ['a', 'b']],
      ['!tier', ['c']],
      ['app=none', []],
    ])('selects by the labels %s', async (selector, expected) => {
      const { body } = await kube().get(`${maps}?labelSelector=${encodeURIComponent(selector)}`);
      expect(names(body)).toEqual(expected);
    });

    it.each([
      ['app=x,', "found '', expected: identifier after ','"],
      ['app=x=y', "found '=', expected: ',' or 'end of string'"],
      ['app in x', "unable to parse requirement: found 'x' expected: '('"],
      ['=x', "found '=', expected: !, identifier, or 'end of string'"],
      ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ])('refuses the label selector %s', async (selector, message) => {
      const { code, body } = await kube().get(`${maps}?labelSelector=${encodeURIComponent(selector)}`);
      expect(code).toBe(400);
      expect(body).toMatchObject({ reason: 'BadRequest', message });
    });

    it('selects by fields that are indexed, and refuses others', async () => {
      const select = (path: string, selector: string) =>
        kube().get(`${path}?fieldSelector=${encodeURIComponent(selector)}`);
      expect(names((await select(maps, 'metadata.name!=a')).body)).toEqual(['b', 'c']);
      expect(names((await select(maps, `metadata.namespace=${space},metadata.name=a`)).body)).toEqual(['a']);
      const unknown = await select(maps, 'data.k=a');
      expect(unknown.code).toBe(400);
      expect(unknown.body.message).toBe(
        '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"',
      );
      await kube().ask('POST', pods, pod('waits'));
      await kube().ask('POST', pods, pod('placed', { nodeName: 'n1' }));
      expect(names((await select(pods, 'spec.nodeName=')).body)).toEqual(['waits']);
      expect(names((await select(pods, 'status.phase=Pending,spec.nodeName=n1')).body)).toEqual(['placed']);
      const odd = await select(pods, 'spec.odd=1');
      expect([odd.code, odd.body.message]).toEqual([400, 'field label not supported: spec.odd']);
      expect((await select(maps, 'metadata.name')).code).toBe(400);
    });

    it('pages through the collection as it was for the first page', async () => {
      const first = await kube().get(`${maps}?limit=2`);
      expect(names(first.body)).toEqual(['a', 'b']);
      expect(first.body.metadata.remainingItemCount).toBe(1);
      await kube().ask('POST', maps, configMap('bb'));
      await kube().merge(`${maps}/c`, { data: { k: 'changed' } });
      const token = encodeURIComponent(first.body.metadata.continue);
      const second = await kube().get(`${maps}?limit=2&continue=${token}`);
      expect(names(second.body)).toEqual(['c']);
      expect(second.body.items[0].data).toEqual({ k: 'c' });
      expect(second.body.metadata).toEqual({ resourceVersion: first.body.metadata.resourceVersion });
      const past = `resourceVersion=${first.body.metadata.resourceVersion}&resourceVersionMatch=Exact`;
      expect(names((await kube().get(`${maps}?${past}`)).body)).toEqual(['a', 'b', 'c']);
      expect(names((await kube().get(maps)).body)).toEqual(['a', 'b', 'bb', 'c']);
    });

    it('has no remaining count for a selection', async () => {
      const { body } = await kube().get(`${maps}?limit=1&labelSelector=app%3Dx`);
      expect(names(body)).toEqual(['a']);
      expect(body.metadata.continue).toBeDefined();
      expect(body.metadata.remainingItemCount).toBeUndefined();
    });

    it('refuses what is no number, and a resourceVersionMatch without a version', async () => {
      const limit = await kube().get(`${maps}?limit=x`);
      expect([limit.code, limit.body.message]).toEqual([400, 'strconv.ParseInt: parsing "x": invalid syntax']);
      const version = await kube().get(`${maps}?resourceVersion=x`);
      expect([version.code, version.body.reason]).toEqual([400, 'BadRequest']);
      expect(version.body.message).toContain('invalid resource version');
      const token = await kube().get(`${maps}?limit=2&continue=rubbish`);
      expect([token.code, token.body.reason]).toEqual([400, 'BadRequest']);
      expect(token.body.message).toMatch(/^invalid continue token/);
      const match = await kube().get(`${maps}?resourceVersionMatch=Exact`);
      expect(match.code).toBe(422);
      const message = 'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided';
      expect(match.body).toMatchObject({
        reason: 'Invalid',
        message: `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: ${message}`,
        details: {
          group: 'meta.k8s.io',
          kind: 'ListOptions',
          causes: [{ reason: 'FieldValueForbidden', message, field: 'resourceVersionMatch' }],
        },
      });
    });

    it('gives up on a resourceVersion of the future', async () => {
      const { code, body } = await kube().get(`${maps}?resourceVersion=99999999`);
      expect(code).toBe(504);
      expect(body).toMatchObject({
        reason: 'Timeout',
        details: {
          causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
          retryAfterSeconds: 1,
        },
      });
      expect(body.message).toMatch(/^Timeout: Too large resource version: 99999999, current: \d+$/);
    });
  });
}
