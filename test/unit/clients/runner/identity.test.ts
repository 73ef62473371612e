import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forkOf, packageRootOf, runIdentity } from '../../../../src/clients/runner/identity.ts';
import { forkNotice } from '../../../../src/report/fork-notice.ts';

let folder = '';
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'runner-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const RUNNER = {
  GITHUB_RUN_ID: '183',
  GITHUB_RUN_ATTEMPT: '2',
  GITHUB_RUN_NUMBER: '412',
  GITHUB_REPOSITORY: 'o/r',
  GITHUB_SERVER_URL: 'https://github.example.com',
  GITHUB_EVENT_NAME: 'pull_request',
  GITHUB_WORKFLOW: 'gate',
  GITHUB_JOB: 'pattern3',
  GITHUB_SHA: 'merge-commit',
  GITHUB_HEAD_REF: 'faster-routing',
  GITHUB_REF_NAME: '7/merge',
};

async function withEvent(text: string): Promise<Record<string, string>> {
  const path = join(folder, 'event.json');
  await writeFile(path, text);
  return { ...RUNNER, GITHUB_EVENT_PATH: path };
}

describe('who asked for the run', () => {
  it('is a pull request, by its head', async () => {
    const env = await withEvent(JSON.stringify({ pull_request: { number: 7, head: { sha: 'head-commit' } } }));
    expect(runIdentity(env, { pullRequest: null })).toEqual({
      url: 'https://github.example.com/o/r/actions/runs/183',
      id: '183',
      attempt: 2,
      number: 412,
      event: 'pull_request',
      repository: 'o/r',
      workflow: 'gate',
      job: 'pattern3',
      sha: 'head-commit',
      ref: 'faster-routing',
      pullRequest: 7,
    });
  });

  it('is the pull request that an input names', async () => {
    const env = await withEvent(JSON.stringify({ pull_request: { number: 7 } }));
    expect(runIdentity(env, { pullRequest: 9 })).toMatchObject({ pullRequest: 9, sha: 'merge-commit' });
  });

  it.each([
    ['no JSON', '{'],
    ['another event', '{"ref":"refs/heads/main"}'],
    ['nothing', 'null'],
    ['a list', '[]'],
  ])('is a branch when the event is %s', async (_, text) => {
    const env = { ...(await withEvent(text)), GITHUB_HEAD_REF: '', GITHUB_REF_NAME: 'main' };
    expect(runIdentity(env, { pullRequest: null })).toMatchObject({
      pullRequest: null,
      sha: 'merge-commit',
      ref: 'main',
    });
  });

  it('is a commit, with the first line of its message where the event carries it', async () => {
    const commit = (id: string) => ({ head_commit: { id, message: 'Add a scorer (#9)\n\nIt weighs the queue.' } });
    for (const event of [commit('merge-commit'), { workflow_run: commit('merge-commit') }]) {
      const env = await withEvent(JSON.stringify(event));
      expect(runIdentity(env, { pullRequest: null }).subject).toBe('Add a scorer (#9)');
    }
    const other = await withEvent(JSON.stringify(commit('another-commit')));
    expect(runIdentity(other, { pullRequest: null })).not.toHaveProperty('subject');
  });

  it('is somebody at a command line', () => {
    expect(runIdentity({}, { pullRequest: null })).toEqual({
      url: null,
      id: `local-${process.pid}`,
      attempt: 1,
      number: 0,
      event: null,
      repository: null,
      workflow: null,
      job: null,
      sha: null,
      ref: null,
      pullRequest: null,
    });
  });
});

it('the package’s root is found above the program, also through a link', async () => {
  await mkdir(join(folder, 'gate/dist'), { recursive: true });
  await writeFile(join(folder, 'gate/dist/cli.js'), '');
  await symlink(join(folder, 'gate/dist/cli.js'), join(folder, 'tpu-serving-gate'));
  expect(packageRootOf(join(folder, 'gate/dist/cli.js'))).toBe(join(folder, 'gate'));
  expect(packageRootOf(join(folder, 'tpu-serving-gate'))).toBe(join(folder, 'gate'));
});

describe('a fork', () => {
  const pull = (head: unknown, base: unknown = { repo: { full_name: 'o/r' } }) =>
    JSON.stringify({ pull_request: { number: 7, head, base } });

  it.each([
    ['another repository', { repo: { full_name: 'stranger/r' } }],
    ['one that is gone', { repo: null }],
  ])('is a pull request from %s, with its workflow', async (_, head) => {
    const ref = 'o/r/.github/workflows/gate.yml@refs/pull/7/merge';
    const env = { ...(await withEvent(pull(head))), GITHUB_WORKFLOW_REF: ref };
    expect(forkOf(env)).toEqual({ pullRequest: 7, workflow: 'gate.yml' });
    // The event that gives forks the secrets of the base.
    expect(forkOf({ ...env, GITHUB_EVENT_NAME: 'pull_request_target' })).not.toBeNull();
  });

  it.each([
    ['the same repository', pull({ repo: { full_name: 'o/r' } })],
    ['the same repository, by the runner’s word', pull({ repo: { full_name: 'o/r' } }, {})],
    ['a payload that does not say', pull({ sha: 'c0ffee' })],
    ['a push', '{}'],
  ])('is none of %s', async (_, text) => {
    expect(forkOf(await withEvent(text))).toBeNull();
  });

  it('is told what a maintainer can do', () => {
    expect(forkNotice({ pullRequest: 7, workflow: 'gate.yml' }).command).toBe(
      'gh pr checkout 7 --branch gate/pr-7 && git push origin gate/pr-7 && gh workflow run gate.yml --ref gate/pr-7',
    );
    expect(forkNotice({ pullRequest: null, workflow: null }).command).toContain('gh workflow run WORKFLOW');
  });
});
