import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStore } from '../../kube/store.ts';
import type { Lab } from './lab.ts';
import { configMap, startLab } from './lab.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const KEY = { group: '', plural: 'configmaps' };
let lab: Lab;
beforeAll(async () => {
  // A short history, so that a watch can come too late.
  lab = await startLab({ store: createStore(10) });
});
afterAll(() => lab.close());

interface Event {
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: events carry any object
  object: any;
}

/** The events of a watch until `count` have come or the server ends it. */
async function events(query: string, count: number, accept = 'application/json'): Promise<Event[]> {
  const response = await lab.open(`${MAPS}?watch=1&${query}`, { accept });
  const found: Event[] = [];
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    found.push(...lines.map((line) => JSON.parse(line) as Event));
    if (found.length >= count) break;
  }
  return found;
}

const put = (name: string, labels: Record<string, string>) =>
  lab.ask('PATCH', `${MAPS}/${name}`, { metadata: { labels } }, { 'content-type': 'application/merge-patch+json' });
const shown = (list: Event[]) => list.map(({ type, object }) => `${type} ${object.metadata?.name ?? object.reason}`);

describe('watch', () => {
  it('starts with the objects there are when no version is given', async () => {
    await lab.ask('POST', MAPS, configMap('w1'));
    expect(shown(await events('', 1))).toEqual(['ADDED w1']);
  });

  it('replays what happened since a version, then follows', async () => {
    const from = lab.store.revision();
    await lab.ask('POST', MAPS, configMap('w2'));
    const watching = events(`resourceVersion=${from}`, 3);
    await put('w2', { a: 'b' });
    await lab.ask('DELETE', `${MAPS}/w2`);
    expect(shown(await watching)).toEqual(['ADDED w2', 'MODIFIED w2', 'DELETED w2']);
  });

  it('reports an object that enters or leaves the selection as added or deleted', async () => {
    await lab.ask('POST', MAPS, configMap('w3'));
    const from = lab.store.revision();
    await put('w3', { on: 'yes' });
    await put('w3', { more: 'x' });
    await put('w3', { on: 'no' });
    const list = await events(`resourceVersion=${from}&labelSelector=on%3Dyes`, 3);
    expect(shown(list)).toEqual(['ADDED w3', 'MODIFIED w3', 'DELETED w3']);
    expect(list[2]?.object.metadata.labels.on).toBe('yes');
  });

  it('answers 410 inside the stream when the version is too old', async () => {
    for (let index = 0; index < 12; index += 1) await put('w3', { index: String(index) });
    const [event] = await events('resourceVersion=2', 1);
    expect(event).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    expect(event?.object.message).toContain('too old resource version: 2');
  });

  it('sends bookmarks when asked, and ends at its timeout', async () => {
    const query = 'allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1';
    const list = await events(query, Number.POSITIVE_INFINITY);
    const bookmarks = list.filter(({ type }) => type === 'BOOKMARK');
    expect(bookmarks[0]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(bookmarks.at(-1)?.object.metadata.resourceVersion).toBe(String(lab.store.revision()));
  });

  it('sees what the system writes into the store', async () => {
    const watching = events(`resourceVersion=${lab.store.revision()}`, 1);
    lab.store.create(KEY, { ...configMap('w4'), metadata: { name: 'w4', namespace: 'default' } });
    expect(shown(await watching)).toEqual(['ADDED w4']);
  });

  it('sends tables to a client that wants them', async () => {
    const [first] = await events('', 1, 'application/json;as=Table;v=v1;g=meta.k8s.io');
    expect(first?.object.kind).toBe('Table');
    expect(first?.object.rows[0].cells[0]).toBe('w1');
  });
});
