import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json, WatchEvent } from './client.ts';
import { configMap, WIDGET_VERSION, widget } from './objects.ts';

const told = (events: WatchEvent[]) => events.map(({ type, object }) => [type, object.metadata.name, object.data?.v]);
const never = () => false;

export function watchContract(kube: () => Client): void {
  describe('watch', () => {
    let maps: string;
    let widgets: string;
    let start: string;
    let created: Json;
    beforeAll(async () => {
      const place = await kube().place();
      maps = place.path('configmaps');
      widgets = place.path('widgets', WIDGET_VERSION);
      start = (await kube().get(maps)).body.metadata.resourceVersion;
      const label = (app: string) => ({ metadata: { labels: { app } } });
      created = (await kube().ask('POST', maps, configMap('a', { v: '1' }, { labels: { app: 'x' } }))).body;
      await kube().merge(`${maps}/a`, { data: { v: '2' } });
      await kube().merge(`${maps}/a`, label('y'));
      await kube().merge(`${maps}/a`, label('x'));
      await kube().ask('DELETE', `${maps}/a`);
      await kube().ask('POST', maps, configMap('b', { v: '9' }));
    });

    it('replays every change after a resourceVersion in order', async () => {
      const events = await kube().watch(`${maps}?watch=1&resourceVersion=${start}`, ({ length }) => length === 6);
      expect(told(events)).toEqual([
        ['ADDED', 'a', '1'],
        ['MODIFIED', 'a', '2'],
        ['MODIFIED', 'a', '2'],
        ['MODIFIED', 'a', '2'],
        ['DELETED', 'a', '2'],
        ['ADDED', 'b', '9'],
      ]);
      const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
      expect(new Set(versions).size).toBe(6);
      expect(events[0]?.object).toEqual(created);
    });

    it('starts after the given version, not with it', async () => {
      const { resourceVersion } = created.metadata;
      const [first] = await kube().watch(`${maps}?watch=1&resourceVersion=${resourceVersion}`, () => true);
      expect(told([first as WatchEvent])).toEqual([['MODIFIED', 'a', '2']]);
    });

    it('tells of an object that leaves a selection as deleted, and of one that enters as added', async () => {
      const path = `${maps}?watch=true&labelSelector=app%3Dx&resourceVersion=${start}`;
      const events = await kube().watch(path, ({ length }) => length === 5);
      expect(told(events)).toEqual([
        ['ADDED', 'a', '1'],
        ['MODIFIED', 'a', '2'],
        ['DELETED', 'a', '2'],
        ['ADDED', 'a', '2'],
        ['DELETED', 'a', '2'],
      ]);
      // The last selected state, at the version of the change that took it out.
      expect(events[2]?.object.metadata.labels).toEqual({ app: 'x' });
      expect(Number(events[2]?.object.metadata.resourceVersion)).toBeGreaterThan(
        Number(events[1]?.object.metadata.resourceVersion),
      );
    });

    it('begins with what there is when no version is given', async () => {
      for (const version of ['', '&resourceVersion=0']) {
        const events = await kube().watch(`${maps}?watch=1${version}`, () => true);
        expect(told(events)).toEqual([['ADDED', 'b', '9']]);
      }
    });

    it('marks the end of the initial events when they are asked for', async () => {
      const asked = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
      const events = await kube().watch(`${maps}?watch=1&${asked}`, ({ length }) => length === 2);
      expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
      expect(events[1]?.object).toEqual({
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: {
          resourceVersion: expect.stringMatching(/^\d+$/),
          annotations: { 'k8s.io/initial-events-end': 'true' },
        },
      });
      const bare = await kube().get(`${maps}?watch=1&sendInitialEvents=true`);
      expect(bare.code).toBe(422);
      expect(bare.body.details.causes).toEqual([
        {
          reason: 'FieldValueForbidden',
          message: 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
          field: 'resourceVersionMatch',
        },
      ]);
    });

    it('sends a bookmark behind what there is when one is asked for, and none unasked', async () => {
      const events = await kube().watch(`${maps}?watch=1&allowWatchBookmarks=true`, ({ length }) => length === 2);
      expect(events[1]).toMatchObject({
        type: 'BOOKMARK',
        object: {
          kind: 'ConfigMap',
          apiVersion: 'v1',
          metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } },
        },
      });
      const { metadata } = (events[1] as WatchEvent).object;
      expect(Number(metadata.resourceVersion)).toBeGreaterThanOrEqual(
        Number(events[0]?.object.metadata.resourceVersion),
      );
      const after = `${maps}?watch=1&resourceVersion=${metadata.resourceVersion}&timeoutSeconds=1`;
      expect(await kube().watch(after, never)).toEqual([]);
    });

    it('ends after timeoutSeconds', async () => {
      expect(await kube().watch(`${maps}?watch=1&resourceVersion=0&timeoutSeconds=1`, never)).toHaveLength(1);
    });

    it('follows a custom resource live, and its status apart from its generation', async () => {
      const { resourceVersion } = (await kube().get(widgets)).body.metadata;
      const seen = kube().watch(`${widgets}?watch=1&resourceVersion=${resourceVersion}`, ({ length }) => length === 4);
      await kube().ask('POST', widgets, widget('w', { model: 'm' }));
      await kube().merge(`${widgets}/w/status`, { status: { ready: true } });
      await kube().merge(`${widgets}/w`, { spec: { replicas: 2 } });
      await kube().ask('DELETE', `${widgets}/w`);
      const events = await seen;
      expect(events.map(({ type, object }) => [type, object.metadata.generation])).toEqual([
        ['ADDED', 1],
        ['MODIFIED', 1],
        ['MODIFIED', 2],
        ['DELETED', 2],
      ]);
    });

    it('watches one object by its name, and through the old path', async () => {
      const field = `${maps}?watch=1&fieldSelector=metadata.name%3Db`;
      expect(told(await kube().watch(field, () => true))).toEqual([['ADDED', 'b', '9']]);
      const old = maps.replace('/api/v1/', '/api/v1/watch/');
      expect(told(await kube().watch(`${old}/b?resourceVersion=0`, () => true))).toEqual([['ADDED', 'b', '9']]);
    });

    it('refuses before it begins', async () => {
      const selector = await kube().get(`${maps}?watch=1&fieldSelector=odd%3D1`);
      expect([selector.code, selector.body.reason]).toEqual([400, 'BadRequest']);
      const timeout = await kube().get(`${maps}?watch=1&timeoutSeconds=x`);
      expect([timeout.code, timeout.body.message]).toEqual([400, 'strconv.ParseInt: parsing "x": invalid syntax']);
      const version = await kube().get(`${maps}?watch=1&resourceVersion=abc`);
      expect(version.code).toBe(500);
      expect(version.body.message).toContain('resourceVersion: Invalid value: "abc"');
    });
  });
}
