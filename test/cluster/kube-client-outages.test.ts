import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealKube, startApiServer } from '../../lab/apiserver/api-server.ts';
import { isEstablished } from '../../lab/apiserver/established.ts';
import { widgetDefinition } from '../../lab/test/kube/lab.ts';
import type { KubeObject } from '../../src/clients/kubernetes/objects.ts';
import { refOf } from '../../src/clients/kubernetes/objects.ts';
import { type Clock, systemClock } from '../../src/lib/poll.ts';
import { clientOf } from './client.ts';
import { startProxy } from './harness/proxy.ts';

let kube: RealKube;
beforeAll(async () => {
  kube = await startApiServer();
});
afterAll(() => kube?.stop());

const configMap = (name: string, data: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});

const atOnce: Clock = { now: () => 0, sleep: async () => {} };

/** Waits three times as long between tries: a busy machine starts an API server more slowly than a cluster does. */
const patient: Clock = { now: systemClock.now, sleep: (ms, signal) => systemClock.sleep(ms * 3, signal) };

/** What the server itself saw of an object. */
const requestsFor = async (name: string) =>
  (await kube.audit()).filter(({ requestURI }) => new RegExp(`/${name}(\\?|$)`).test(requestURI));

describe('tokens', () => {
  it('are asked for again for every request, so that one may run out in the middle of a run', async () => {
    let asked = 0;
    const client = clientOf(kube, {
      accessToken: async () => kube.tokenFor(`hour-${Math.floor(asked++ / 3)}@example.com`, ['system:masters']),
    });
    for (let n = 0; n < 8; n += 1) await client.apply(configMap('renewed', { n: String(n) }));
    expect((await requestsFor('renewed')).map(({ user }) => user.username.split('@')[0])).toEqual([
      ...Array(3).fill('hour-0'),
      ...Array(3).fill('hour-1'),
      ...Array(2).fill('hour-2'),
    ]);
    await client.close();
  });

  it('that nobody issued are refused with what to do', async () => {
    const client = clientOf(kube, { accessToken: async () => 'expired' });
    await expect(client.list('v1', 'Pod', { namespace: 'default' })).rejects.toMatchObject({
      code: 'kube-token',
      message: expect.stringContaining('Unauthorized'),
      hint: expect.stringContaining('did not accept the access token'),
    });
    await client.close();
  });

  it('of a user without a role are refused with the rule that is missing', async () => {
    const client = clientOf(kube, { accessToken: async () => kube.tokenFor('gate@example.com') });
    await expect(client.apply(configMap('forbidden'))).rejects.toMatchObject({
      code: 'kube-permission',
      message: expect.stringContaining(
        'User "gate@example.com" cannot patch resource "configmaps" in API group "" in the namespace "default"',
      ),
    });
    await client.close();
  });
});

describe('connections', () => {
  it('are made once for a sequence of requests', async () => {
    const proxy = await startProxy(kube.server);
    const client = clientOf(kube, { server: proxy.server });
    for (let n = 0; n < 10; n += 1) await client.apply(configMap('pooled', { n: String(n) }));
    expect(proxy.accepted()).toBe(1);
    await client.close();
    await proxy.close();
  });

  it('that are reset are made again, and every retry is said', async () => {
    const proxy = await startProxy(kube.server);
    const retries: string[] = [];
    const client = clientOf(kube, { server: proxy.server, onRetry: (message) => retries.push(message) });
    proxy.refuse(1);
    expect((await client.apply(configMap('reset', { n: '1' }))).data).toEqual({ n: '1' });
    expect(retries.splice(0)).toEqual([
      expect.stringMatching(/^ConfigMap reset in default: .*ECONNRESET.*; try 2 of 6$/),
    ]);
    await client.close();
    const second = clientOf(kube, { server: proxy.server, onRetry: (message) => retries.push(message) });
    // The document of all kinds, and then the first two requests for the group alone.
    proxy.refuse(3);
    expect(await second.list('apps/v1', 'Deployment', { namespace: 'default' })).toEqual([]);
    expect(retries).toEqual([
      expect.stringMatching(/^Discovery of apps\/v1: .*ECONNRESET.*; try 2 of 6$/),
      expect.stringMatching(/^Discovery of apps\/v1: .*ECONNRESET.*; try 3 of 6$/),
    ]);
    await second.close();
    await proxy.close();
  });

  it('that end between two requests do no harm', async () => {
    const proxy = await startProxy(kube.server);
    const client = clientOf(kube, { server: proxy.server });
    for (let n = 0; n < 3; n += 1) {
      expect((await client.apply(configMap('cut', { n: String(n) }))).data).toEqual({ n: String(n) });
      proxy.cut();
    }
    await client.close();
    await proxy.close();
  });

  it('may lose the answer to an apply: it is sent again and changes nothing', async () => {
    const proxy = await startProxy(kube.server);
    const client = clientOf(kube, { server: proxy.server });
    await client.apply(configMap('lost', { n: '1' }));
    proxy.loseNextAnswer();
    const made = await client.apply(configMap('lost', { n: '2' }));
    const sent = await requestsFor('lost');
    expect(sent.map(({ verb, responseStatus }) => [verb, responseStatus.code])).toEqual([
      ['patch', 201],
      ['patch', 200],
      ['patch', 200],
    ]);
    // The second of the equal ones was no change, or the object would have a later version.
    expect(await client.get(refOf(made))).toEqual(made);
    await client.close();
    await proxy.close();
  });
});

describe('a conversion webhook', () => {
  it('that is not there is named, for an object of another version than the stored one', async () => {
    const client = clientOf(kube, { clock: atOnce });
    const definition = widgetDefinition();
    definition.spec.conversion = {
      strategy: 'Webhook',
      webhook: {
        conversionReviewVersions: ['v1'],
        clientConfig: { service: { namespace: 'kserve', name: 'llmisvc-webhook-server-service', path: '/convert' } },
      },
    };
    await client.apply(definition);
    await expect.poll(() => isEstablished(kube, definition.metadata.name), { timeout: 10_000 }).toBe(true);
    const widget = (version: string): KubeObject => ({
      apiVersion: `example.com/${version}`,
      kind: 'Widget',
      metadata: { name: 'converted', namespace: 'default' },
      spec: { model: 'qwen' },
    });
    expect(await client.apply(widget('v1'), { dryRun: true })).toMatchObject(widget('v1'));
    await expect(client.apply(widget('v1alpha1'), { dryRun: true })).rejects.toMatchObject({
      code: 'conversion-webhook',
      blame: 'cluster',
      message: expect.stringMatching(
        /: conversion webhook for example\.com\/v1alpha1, Kind=Widget failed: .*"llmisvc-webhook-server-service" not found/,
      ),
    });
    await client.close();
  });
});

describe('an API server that restarts', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('after %s is waited for, call by call', async (signal) => {
    const retries: string[] = [];
    const client = clientOf(kube, { clock: patient, onRetry: (message) => retries.push(message) });
    const name = `over-${signal.toLowerCase()}`;
    await client.apply(configMap(name, { n: '0' }));

    const restart = { done: false };
    const restarted = kube.restart(signal).then(() => {
      restart.done = true;
    });
    let n = 0;
    do {
      n += 1;
      const { data } = await client.apply(configMap(name, { n: String(n) }));
      expect(data).toEqual({ n: String(n) });
      expect((await client.list('v1', 'ConfigMap', { namespace: 'default' }))?.length).toBeGreaterThan(0);
    } while (!restart.done);
    await restarted;

    expect(await client.get(refOf(configMap(name)))).toMatchObject({ data: { n: String(n) } });
    expect(retries[0]).toMatch(/; try 2 of 6$/);
    await client.close();
  });

  it('and does not come back is named, with its address', async () => {
    const client = clientOf(kube, { clock: atOnce });
    await kube.kill('SIGKILL', 'api-server');
    await expect(client.version()).rejects.toMatchObject({
      code: 'kube-unreachable',
      blame: 'config',
      message: expect.stringContaining(`the Kubernetes API at ${kube.server} did not answer: connect ECONNREFUSED`),
    });
    await client.close();
    await kube.resume();
  });
});
