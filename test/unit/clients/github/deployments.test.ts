import { afterEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../../../lab/github/server.ts';
import type { Inject } from '../../../../lab/google/http.ts';
import type { GithubConfig, GithubRecord } from '../../../../lab/protocol.ts';
import { createGithubDeployments } from '../../../../src/clients/github/deployments.ts';
import { createGithubIssues } from '../../../../src/clients/github/issues.ts';

let lab: Awaited<ReturnType<typeof startGithub>>;
afterEach(() => lab.close());

async function start(faults: Partial<GithubConfig> = {}, inject?: Inject) {
  lab = await startGithub({ token: 'good', login: 'me[bot]', repository: 'o/r', pullRequests: [], ...faults }, inject);
  const waits: number[] = [];
  const access = {
    token: 'good',
    repository: 'o/r',
    apiUrl: lab.apiUrl,
    signal: new AbortController().signal,
    wait: async (ms: number) => {
      waits.push(ms);
    },
  };
  const record = async () => (await (await fetch(`${lab.controlUrl}/record`)).json()) as GithubRecord;
  return { access, waits, record };
}

const DEPLOYMENT = { ref: 'c0ffee1', environment: 'tpu-serving', description: 'x'.repeat(200) };
const status = (state: 'success' | 'inactive', environmentUrl: string | null = null) => ({
  ...{ state, description: 'y'.repeat(200), logUrl: 'https://github.example/run', environmentUrl },
});

describe('a deployment', () => {
  it('has its states in order, and a second one that serves makes it inactive', async () => {
    const { access, record } = await start();
    const github = createGithubDeployments(access);
    const first = await github.create(DEPLOYMENT);
    await github.setState(first, status('success', 'http://10.0.0.1/a'));
    const second = await github.create(DEPLOYMENT);
    await github.setState(second, status('success', 'http://10.0.0.1/b'));
    const { deployments } = await record();
    expect(
      deployments.map(({ statuses }) => statuses.map(({ state, environmentUrl }) => [state, environmentUrl])),
    ).toEqual([
      [
        ['success', 'http://10.0.0.1/a'],
        ['inactive', ''],
      ],
      [['success', 'http://10.0.0.1/b']],
    ]);
  });

  it('of a token without the permission says which lines to add', async () => {
    const { access } = await start({ denied: ['deployments'] });
    await expect(createGithubDeployments(access).create(DEPLOYMENT)).rejects.toMatchObject({
      code: 'github-permission',
      hint: expect.stringContaining('deployments: write'),
    });
  });

  it('is asked for once, and its state is told again after a secondary limit, as late as GitHub asks', async () => {
    const { access, waits, record } = await start(
      { secondaryLimit: { writes: 1, retryAfterS: 3 } },
      limitOnce('/statuses'),
    );
    const github = createGithubDeployments(access);
    // A second try after an unclear answer could double it.
    await expect(github.create(DEPLOYMENT)).rejects.toMatchObject({ code: 'github-rate-limit' });
    const id = await github.create(DEPLOYMENT);
    await github.setState(id, status('success'));
    expect(waits).toEqual([9_000]);
    expect((await record()).deployments.map(({ statuses }) => statuses.length)).toEqual([1]);
  });
});

describe('an issue', () => {
  it('of a token without the permission says which lines to add', async () => {
    const { access } = await start({ denied: ['issues'] });
    await expect(createGithubIssues(access).create({ title: 'a', body: 'b' })).rejects.toMatchObject({
      code: 'github-permission',
      hint: expect.stringContaining('issues: write'),
    });
  });

  it('is updated after a secondary limit, as late as GitHub asks', async () => {
    const { access, waits, record } = await start({}, limitOnce('/issues/100'));
    const issues = createGithubIssues(access);
    await issues.create({ title: 'a', body: 'b' });
    expect(await issues.update(100, { title: 'c', body: 'd', state: 'closed' })).toContain('/issues/100');
    expect(waits).toEqual([9_000]);
    expect((await record()).issues).toMatchObject([{ title: 'c', state: 'closed', edits: 1 }]);
  });
});

/** A secondary rate limit for the first write to a path that ends so. */
function limitOnce(end: string): Inject {
  let left = 1;
  return ({ method, path }) => {
    if (method === 'GET' || !path.endsWith(end) || left === 0) return undefined;
    left -= 1;
    const body = { message: 'You have exceeded a secondary rate limit.' };
    return { status: 403, headers: { 'retry-after': '9' }, body };
  };
}
