import { describe, expect, it } from 'vitest';
import { createStore, type StoreEvent } from '../../kube/store.ts';
import type { KubeObject } from '../../protocol.ts';

const PODS = { group: '', plural: 'pods' };

const pod = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'one', labels: { app: name } },
  spec: { containers: [{ name: 'main', args: ['--port', '80'] }], nodeName: undefined },
});

describe('the store', () => {
  it('gives out what nobody can change, and leaves what it was given alone', () => {
    const store = createStore();
    const given = pod('a');
    store.create(PODS, given);
    given.spec.containers[0].args.push('--more');
    const stored = store.get(PODS, 'one', 'a') as KubeObject;
    expect(stored.spec).toEqual({ containers: [{ name: 'main', args: ['--port', '80'] }] });
    expect(Object.keys(stored.spec)).toEqual(['containers']);
    expect(() => stored.spec.containers[0].args.push('--more')).toThrow(TypeError);
    expect(() => Object.assign(stored.metadata.labels as object, { app: 'b' })).toThrow(TypeError);
    expect(store.list(PODS)[0]).toBe(stored);
  });

  it('copies what a change is about, and tells what it replaced', () => {
    const store = createStore();
    const events: StoreEvent[] = [];
    store.subscribe((event) => events.push(event));
    const before = store.create(PODS, pod('a'));
    const after = store.update(PODS, { ...before, status: { phase: 'Running' } });
    expect(after.spec).toBe(before.spec);
    expect(after.metadata).toMatchObject({ generation: 1, resourceVersion: '3', uid: before.metadata.uid });
    const next = store.update(PODS, { ...after, spec: { ...after.spec, nodeName: 'node' } });
    expect(next.metadata.generation).toBe(2);
    const gone = store.delete(PODS, 'one', 'a') as KubeObject;
    expect(gone.metadata.resourceVersion).toBe('5');
    expect(next.metadata.resourceVersion).toBe('4');
    expect(events.map(({ type, object, before }) => [type, object, before])).toEqual([
      ['ADDED', before, undefined],
      ['MODIFIED', after, before],
      ['MODIFIED', next, after],
      ['DELETED', gone, next],
    ]);
  });

  it('has no new revision for an update that changes nothing', () => {
    const store = createStore();
    const before = store.create(PODS, pod('a'));
    expect(store.update(PODS, { ...pod('a'), metadata: { ...pod('a').metadata, resourceVersion: '1' } })).toBe(before);
    expect(store.revision()).toBe(2);
  });

  it('lists by namespace and name, whatever came first and went', () => {
    const store = createStore();
    const names = () => store.list(PODS).map(({ metadata }) => metadata.name);
    for (const name of ['c', 'a']) store.create(PODS, pod(name));
    expect(names()).toEqual(['a', 'c']);
    store.create(PODS, pod('b'));
    expect(names()).toEqual(['a', 'b', 'c']);
    store.delete(PODS, 'one', 'a');
    expect(names()).toEqual(['b', 'c']);
    expect(store.list(PODS, 'two')).toEqual([]);
  });
});
