import { afterEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../../lab/github/server.ts';
import { branchStore } from '../../../src/clients/github/branch-store.ts';
import type { HistoryRecord } from '../../../src/history/record.ts';
import { mergeShard, shardPath } from '../../../src/history/shard.ts';
import { storedVerdict } from '../../../src/publish/stored-verdict.ts';
import { aNight } from '../history/records.ts';

const HASH = 'a'.repeat(64);
const SHA = 'c0ffee1'.padEnd(40, '0');
const REPOSITORY = 'octo/serving';
const BRANCH = 'tpu-bench-data';
let github: Awaited<ReturnType<typeof startGithub>>;
afterEach(() => github?.close());

/** What is found where the branch has this record, and GitHub this run; null for no run. */
async function found(
  run: object | null,
  change: Partial<HistoryRecord> = {},
  given: { repository?: string; token?: string } = {},
) {
  const token = 'ghs_reading-token';
  github = await startGithub({ token, login: 'github-actions[bot]', repository: REPOSITORY, pullRequests: [7] });
  const night = aNight(1, 2.68, { basis: HASH, ts: new Date().toISOString() });
  const own = { ...night.run, id: '4711', number: 99, sha: SHA, url: 'https://evil.example/runs/4711' };
  const record = { ...night, run: own, ...change };
  const store = branchStore({
    ...{ token, repository: REPOSITORY, apiUrl: github.apiUrl, branch: BRANCH },
    ...{ signal: new AbortController().signal, wait: async () => {} },
  });
  await store.update(new Map([[shardPath(record), (before: string) => mergeShard(before, [record])]]), 'night');
  if (run) {
    const body = JSON.stringify({ status: 'completed', updatedAt: new Date().toISOString(), headSha: SHA, ...run });
    await fetch(`${github.controlUrl}/runs/4711/1`, { method: 'PUT', body });
  }
  return storedVerdict(HASH, {
    inputs: { githubToken: given.token ?? token, historyBranch: BRANCH, historySeries: 'default' },
    env: { GITHUB_API_URL: github.apiUrl, GITHUB_REPOSITORY: given.repository ?? REPOSITORY },
    signal: new AbortController().signal,
  });
}

describe('a stored verdict', () => {
  it('counts where GitHub knows its run, and is linked to that run alone', async () => {
    expect(await found({})).toMatchObject({
      reused: {
        verdict: 'pass',
        speedup: { value: 2.68 },
        run: { number: 99, url: `https://github.com/${REPOSITORY}/actions/runs/4711` },
      },
    });
  });

  it.each<[string, object | null, RegExp]>([
    ['a run that GitHub does not know', null, /could not be asked: .*reading run 4711/],
    ['a run of a branch', { headBranch: 'feature' }, /not on the default branch/],
    ['a run of a fork', { headRepository: 'evil/serving' }, /not on the default branch/],
    ['a run of a fork that is gone', { headRepository: null }, /not on the default branch/],
    ['a run of a pull request', { event: 'pull_request' }, /was of the event pull_request/],
    ['a run of another event than the record has', { event: 'push' }, /was of the event push/],
    ['a run of another commit', { headSha: 'b'.repeat(40) }, /another commit/],
    ['a run that goes on', { status: 'in_progress' }, /has not ended/],
  ])('does not count with %s', async (_, run, reason) => {
    expect(await found(run)).toEqual({ reason: expect.stringMatching(reason) });
  });

  it('does not count where its record names no run of GitHub Actions', async () => {
    const night = aNight(1, 2.68);
    const run = { ...night.run, id: '../../4711', url: 'https://evil.example/' };
    expect(await found({}, { run })).toEqual({ reason: expect.stringContaining('names no run') });
  });

  it('does not count where the history may not be read', async () => {
    expect(await found({}, {}, { token: 'ghs_other' })).toEqual({
      reason: expect.stringContaining('could not be asked'),
    });
  });
});
