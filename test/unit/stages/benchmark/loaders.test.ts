import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/lib/poll.ts';
import { openLoader } from '../../../../src/stages/benchmark/loaders.ts';
import type { StageContext } from '../../../../src/stages/context.ts';
import { startTestApi, type TestApi } from '../../clients/kubernetes/kube-api.ts';
import { prepared, stageContext, texts } from '../fakes.ts';

const IMAGE = `docker.io/library/node:24-slim@sha256:${'a'.repeat(64)}`;
const JOBS = { group: 'batch', plural: 'jobs' };
let api: TestApi;
beforeEach(async () => {
  api = await startTestApi();
});
afterEach(() => api.close());

const ROUTE = {
  ...{ origin: 'http://10.0.0.5', endpoint: 'http://10.0.0.5/ns/m', hostname: null },
  gateway: { namespace: 'gateways', name: 'inference' },
};
const TUNNEL = { endpoint: 'http://127.0.0.1:1/ns/m', reason: 'it refuses connections', close: async () => {} };

/** A loader whose load clients in the cluster never come: the Job shows whether they were asked for. */
async function opened(
  inputs: Record<string, string>,
  { tunnel, measure = async () => 640 }: { tunnel?: typeof TUNNEL; measure?: () => Promise<number> } = {},
) {
  const clock: StageContext['clock'] = {
    now: () => 2_000 * systemClock.now(),
    sleep: (ms, signal) => systemClock.sleep(ms / 2_000, signal),
  };
  const given = stageContext({ kube: api.client() }, inputs);
  const context = { ...given.context, clock, loadScript: '// the program' };
  const near = { route: ROUTE, ...(tunnel ? { tunnel } : {}) } as never;
  return { loader: openLoader(context, prepared(), near, measure), said: () => texts(given.said) };
}

const AUTO = { 'load-from': 'auto', 'load-image': IMAGE };
const ALONE = { 'load-from': 'auto' };
const jobs = () => api.requests.filter(({ method, path }) => method === 'POST' && path.includes('/jobs')).length;

describe('where the load comes from', () => {
  it('is the runner without a word about it', async () => {
    const { loader } = await opened({});
    const { origin, fit, close } = await loader;
    await fit(1_000_000);
    expect(origin()).toEqual({ from: 'runner', asked: 'runner', clients: 1, reason: null, tunnel: null });
    await close();
  });

  it('is the runner for as long as the plan stays below half of what it can send', async () => {
    const { loader, said } = await opened(AUTO);
    const { origin, fit, close } = await loader;
    await fit(30);
    await fit(40);
    expect(origin()).toMatchObject({ from: 'runner', asked: 'auto' });
    // It was measured once.
    expect(said().filter((text) => text.startsWith('the load generator can send'))).toHaveLength(1);
    expect(jobs()).toBe(0);
    await close();
  });

  it('is the cluster once the plan has more than that, which the log explains', async () => {
    const { loader, said } = await opened(AUTO);
    const { fit, close } = await loader;
    await expect(fit(500)).rejects.toMatchObject({ code: 'load-clients-not-ready' });
    expect(api.store.list(JOBS, 'ns')).toHaveLength(1);
    expect(said()).toContainEqual(
      expect.stringMatching(/^load from inside the cluster: The plan has 500 req\/s, more than half of the \d+ req\/s/),
    );
    await close();
  });

  it('stays the runner without an image, with one warning', async () => {
    const { loader, said } = await opened(ALONE);
    const { origin, fit, close } = await loader;
    await fit(500);
    await fit(500);
    expect(origin().from).toBe('runner');
    expect(said().filter((text) => text.includes('need the input "load-image"'))).toHaveLength(1);
    expect(jobs()).toBe(0);
    await close();
  });

  it('stays the runner where its power cannot be measured, with a warning', async () => {
    const { loader, said } = await opened(AUTO, { measure: () => Promise.reject(new Error('no thread')) });
    const { origin, fit, close } = await loader;
    await fit(500);
    expect(origin().from).toBe('runner');
    expect(said().at(-1)).toBe('What the load generator can send was not measured: no thread.');
    await close();
  });

  it('is the cluster from the start where the runner cannot reach the gateway', async () => {
    const { loader, said } = await opened(AUTO, { tunnel: TUNNEL });
    await expect(loader).rejects.toMatchObject({ code: 'load-clients-not-ready' });
    expect(jobs()).toBe(1);
    expect(said()[0]).toContain('The runner cannot reach the gateway: it refuses connections.');
  });

  it('is never a tunnel', async () => {
    const { loader } = await opened(ALONE, { tunnel: TUNNEL });
    await expect(loader).rejects.toMatchObject({ code: 'load-image-missing' });
    expect(jobs()).toBe(0);
  });
});
