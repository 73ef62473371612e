import { afterEach, describe, expect, it } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { type Repository, startRepository } from './act.ts';
import { nodesOf, pull, why } from './pull.ts';

let repository: Repository;
afterEach(() => repository?.stop());

const nodes = () => nodesOf(repository);
const github = async () => (await repository.lab.record()).github;

describe('the pull request', () => {
  it('that carries the label is not measured for a push or another label', async () => {
    repository = await startRepository('pass');
    const labelled = await repository.run('pull-request.yml', pull('labeled', ['measure', 'docs']));
    expect(labelled.jobs, why(labelled)).toEqual({});
    const pushed = await repository.run('pull-request.yml', pull('synchronize', ['measure']));
    expect(pushed.jobs, why(pushed)).toEqual({ preflight: true });
    expect(await nodes()).toEqual({ left: [], sizes: [] });
  });

  it('that has moved on meanwhile ends neutral, before the lease', async () => {
    repository = await startRepository('pass');
    await fetch(`${repository.lab.github.controlUrl}/pulls/${LAB.pullRequest}`, {
      method: 'PUT',
      body: JSON.stringify({ head: 'deadbee'.padEnd(40, '1') }),
    });
    const run = await repository.run('pull-request.yml', pull('labeled', ['measure']));
    expect(run.jobs, why(run)).toEqual({ measure: true });
    expect(run.log).toMatch(/Pull request 7 has moved on from c0ffee1 to deadbee/);
    const { gcp, kube } = await repository.lab.record();
    expect([gcp.requests, kube.requests]).toEqual([[], []]);
    expect((await github()).comments).toEqual([]);
  });

  it('of a fork starts nothing', async () => {
    repository = await startRepository('pass');
    const run = await repository.run('pull-request.yml', pull('labeled', ['measure'], 'stranger/serving'));
    expect(run.jobs).toEqual({});
    const { gcp, kube } = await repository.lab.record();
    expect([gcp.requests, kube.requests]).toEqual([[], []]);
  });
});

describe('the night', () => {
  it('that found no capacity has its line too', async () => {
    repository = await startRepository('stockout');
    const run = await repository.run('nightly.yml', { name: 'schedule' });
    expect(run.jobs, why(run)).toEqual({ measure: false, history: true });
    const [text] = Object.entries((await github()).branches['tpu-bench-data'] ?? {})
      .filter(([name]) => name.endsWith('.jsonl'))
      .map(([, content]) => content);
    expect(JSON.parse(text ?? '')).toMatchObject({ verdict: 'error', cause: 'gke.stockout', m: { speedup: null } });
    expect(repository.stored('page-1', 'index.html')).toContain('nothing was measured');
  });
});

describe('the deploy', () => {
  const inputs = { mode: 'deploy', pattern: '3', nodes: '', 'expires-in': '2h', 'dry-run': false, rollback: true };
  const dispatch = (change: Partial<typeof inputs> = {}) =>
    repository.run('deploy.yml', { name: 'workflow_dispatch', inputs: { ...inputs, ...change } });
  const states = async () =>
    (await github()).deployments.map(({ statuses }) => statuses.map(({ state }) => state).join());

  it('only looks in a dry run, then leaves a stack that answers, until it is ended', async () => {
    repository = await startRepository('pass', 100);
    const looked = await dispatch({ 'dry-run': true });
    expect(looked.jobs, why(looked)).toEqual({ deploy: true });
    expect(await nodes()).toEqual({ left: [], sizes: [] });

    const deployed = await dispatch();
    expect(deployed.jobs, why(deployed)).toEqual({ deploy: true });
    expect((await nodes()).left).toHaveLength(3);
    const [deployment] = (await github()).deployments;
    expect(await states()).toEqual(['in_progress,success']);
    const answer = await fetch(`${deployment?.statuses.at(-1)?.environmentUrl}/v1/models`);
    expect(answer.status).toBe(200);

    const swept = await repository.run('sweep.yml', { name: 'schedule' });
    expect(swept.jobs, why(swept)).toEqual({ sweep: true });
    expect((await nodes()).left).toHaveLength(3);

    const ended = await dispatch({ mode: 'cleanup' });
    expect(ended.jobs, why(ended)).toEqual({ deploy: true });
    expect((await nodes()).left).toEqual([]);
    expect(await states()).toEqual(['in_progress,success,inactive']);
  });

  it.each<[string, Partial<typeof inputs>, RegExp]>([
    ['fewer nodes than replicas', { nodes: '2' }, /3 replicas of 4 chips do not fit on 2 nodes of 4/],
    ['no number of nodes', { nodes: 'abc' }, /Input "nodes" is "abc"/],
    ['Pattern 1 over one that was made by hand', { pattern: '1' }, /exists already, and no run of the gate made it/],
  ])('that is refused for %s leaves everything as it is', async (_, change, reason) => {
    repository = await startRepository('pass', 100);
    const run = await dispatch(change);
    expect(run.jobs).toEqual({ deploy: false });
    expect(run.log).toMatch(reason);
    expect(await nodes()).toEqual({ left: [], sizes: [] });
    const { kube } = await repository.lab.record();
    const writes = kube.requests.filter(({ method, path }) => method !== 'GET' && !/reviews|dryRun=All/.test(path));
    expect(writes).toEqual([]);
    expect(await states()).toEqual([]);
  });

  it('that does not come to serve ends with Pattern 1 serving', async () => {
    repository = await startRepository('random-routing', 100);
    const run = await dispatch();
    expect(run.jobs, why(run)).toEqual({ deploy: false, rollback: true });
    expect(await nodes()).toMatchObject({ sizes: [3, 0, 1], left: { length: 1 } });
    expect(await states()).toEqual(['in_progress,failure', 'in_progress,success']);
    const url = (await github()).deployments.at(-1)?.statuses.at(-1)?.environmentUrl;
    expect(url).toContain('pattern1');
    expect((await fetch(`${url}/v1/models`)).status).toBe(200);
  });
});
