import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../lab/github/server.ts';
import type { GithubConfig, GithubRecord } from '../../lab/protocol.ts';
import { branchStore } from '../../src/clients/github/branch-store.ts';
import { mergeShard, shardPath } from '../../src/history/shard.ts';
import { OUTPUT_NAMES } from '../../src/report/outputs.ts';
import { aNight } from '../unit/history/records.ts';
import { aReport } from '../unit/report/fixtures.ts';
import { plain } from './e2e.ts';
import { fakeRunner, type Job } from './fake-runner.ts';

const REPOSITORY = 'octo/serving';
const BRANCH = 'tpu-bench-data';
let github: Awaited<ReturnType<typeof startGithub>>;
let job: Job;

afterEach(async () => {
  job?.close();
  await github?.close();
});

/** A job that has the artifact of a nightly run beside it. */
async function aJob(
  inputs: Record<string, string>,
  {
    event = { name: 'schedule', payload: {} },
    ...config
  }: Partial<GithubConfig> & { event?: { name: string; payload: unknown } } = {},
): Promise<void> {
  github = await startGithub({
    token: 'ghs_reporting-token',
    login: 'github-actions[bot]',
    repository: REPOSITORY,
    pullRequests: [7],
    ...config,
  });
  job = fakeRunner({
    event,
    inputs: { mode: 'report', 'github-token': 'ghs_reporting-token', ...inputs },
    env: {
      GITHUB_API_URL: github.apiUrl,
      GITHUB_GRAPHQL_URL: github.graphqlUrl,
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: REPOSITORY,
    },
  });
  writeFileSync(join(job.workspace, 'result.json'), JSON.stringify(aReport({ mode: 'nightly' })));
}

const record = async () => (await (await fetch(`${github.controlUrl}/record`)).json()) as GithubRecord;

/** Nights that the branch has already. */
async function withNights(nights: ReturnType<typeof aNight>[]): Promise<void> {
  const store = branchStore({
    token: 'ghs_reporting-token',
    repository: REPOSITORY,
    apiUrl: github.apiUrl,
    branch: BRANCH,
    signal: new AbortController().signal,
    wait: async () => {},
  });
  const shards = Map.groupBy(nights, shardPath);
  await store.update(
    new Map([...shards].map(([path, own]) => [path, (before: string) => mergeShard(before, own)])),
    'nights',
  );
}

describe('mode report', () => {
  it('keeps a line of history on a branch of its own, once, and draws the page', async () => {
    await aJob({ result: 'result.json', 'history-branch': BRANCH, 'output-dir': 'out' });
    for (let n = 0; n < 2; n += 1) {
      const { code, log } = await job.main().done;
      expect(code, log).toBe(0);
    }
    const files = Object.entries((await record()).branches[BRANCH] ?? {});
    const shards = files.filter(([path]) => path.startsWith('v1/default/'));
    expect(shards.map(([, text]) => text.trim().split('\n').length)).toEqual([1]);
    const outputs = job.outputs();
    expect(outputs).toMatchObject({ mode: 'report', verdict: 'pass', regression: 'building' });
    expect(Object.keys(outputs).sort()).toEqual([...OUTPUT_NAMES].sort());
    const page = readFileSync(outputs['page-path'] ?? '', 'utf8');
    expect(page).toContain('<title>Pass: 2.68×');
    // No pull request belongs to a schedule.
    expect((await record()).comments).toEqual([]);
    expect((await job.post().done).log).toContain('nothing to release');
  });

  it('comments on the pull request of the event, whatever the file says', async () => {
    const payload = { workflow_run: { pull_requests: [{ number: 7 }] } };
    await aJob({ mode: 'auto', result: 'result.json' }, { event: { name: 'workflow_run', payload } });
    const { run } = aReport();
    const lie = aReport({ run: { ...run, pullRequest: 99, repository: 'evil/other' } });
    writeFileSync(join(job.workspace, 'result.json'), JSON.stringify(lie));
    expect((await job.main().done).code).toBe(0);
    const { comments } = await record();
    expect(comments).toMatchObject([{ pullRequest: 7 }]);
    expect(plain(comments[0]?.body ?? '')).toContain('✅ Pass — 2.68×');
    expect(job.outputs()['comment-url']).toContain(`${REPOSITORY}/pull/7`);
  });

  it('takes run, order and links from the event, and nothing of a file that names others', async () => {
    const page = `https://github.com/${REPOSITORY}/actions/runs/5`;
    const payload = {
      workflow_run: { pull_requests: [{ number: 7 }], html_url: page, run_number: 3, run_attempt: 2 },
    };
    await aJob({ mode: 'auto', result: 'result.json' }, { event: { name: 'workflow_run', payload } });
    const { run } = aReport();
    const foreign = { url: 'https://evil.example/run', sha: 'c0ffee1', finishedAt: null };
    const lie = aReport({
      verdict: 'fail',
      run: { ...run, url: 'https://evil.example/run', number: 999_999_999, attempt: 9 },
      sincePass: { run: foreign, changes: [] },
      nights: { series: 'default', page: 'https://evil.example/page', nights: [] },
      diagnosis: {
        ...{ cause: 'gke.stockout', title: 'No capacity', confidence: 'proven', blame: 'cloud', explanation: '' },
        ...{ remedy: '', evidence: [], considered: [], link: 'https://evil.example/cause' },
      },
    });
    writeFileSync(join(job.workspace, 'result.json'), JSON.stringify(lie));
    expect((await job.main().done).code).toBe(0);
    const [comment] = (await record()).comments;
    expect(comment?.body).toContain('attempt=2 n=3');
    expect(comment?.body).toContain(page);
    expect(comment?.body).not.toContain('evil.example');
    expect(comment?.body).toContain('/docs/troubleshooting.md#gkestockout)');
    // A result that somebody else may have written makes no check run.
    expect((await record()).checkRuns).toEqual([]);
  });

  it('shows the nights of the history in the comment, and links to the page at this run', async () => {
    const payload = { workflow_run: { pull_requests: [{ number: 7 }] } };
    const inputs = { result: 'result.json', 'history-branch': BRANCH, 'page-url': 'https://octo.github.io/serving/' };
    await aJob({ mode: 'auto', ...inputs }, { event: { name: 'workflow_run', payload } });
    await withNights([0, 1, 2].map((night) => aNight(night, 2.6 + night / 20)));
    const { code, log } = await job.main().done;
    expect(code, log).toBe(0);
    const body = plain((await record()).comments[0]?.body ?? '');
    expect(body).toMatch(/\*\*Speedup, last 3 nights:\*\* `[▁▂▃▄▅▆▇█]{3}` /);
    expect(body).toContain('[This run on the page](https://octo.github.io/serving/#run=18300012345)');
  });

  it.each<[string, string | ((report: object) => string), string]>([
    [
      'another version',
      '{"schema":"tpu-serving-gate/report/v2"}',
      'its schema is "tpu-serving-gate/report/v2", wanted',
    ],
    ['a file of keys', 'machine github.com password ghs_reporting-token', 'it is not JSON.'],
    ['a field of another type', (report) => JSON.stringify({ ...report, checks: 'x' }), 'checks is text, not a list.'],
    [
      'a time that is a path',
      (report) => JSON.stringify({ ...report, finishedAt: '../../../x' }),
      'finishedAt is not a time',
    ],
    ['nesting without end', '[{"a":'.repeat(100_000), 'it is JSON that ends too early.'],
    ['50 MB', `"${'x'.repeat(50 * 1024 * 1024)}"`, 'it has 52428802 characters.'],
  ])('refuses a foreign file in one sentence, and posts nothing: %s', async (_, text, problem) => {
    const payload = { workflow_run: { pull_requests: [{ number: 7 }] } };
    const event = { name: 'workflow_run', payload };
    await aJob({ mode: 'auto', result: 'result.json', 'history-branch': BRANCH }, { event });
    const foreign = typeof text === 'string' ? text : text(aReport());
    writeFileSync(join(job.workspace, 'result.json'), foreign);
    const { code, log } = await job.main().done;
    expect(code, log).toBe(1);
    const errors = log.split('\n').filter((line) => line.startsWith('::error'));
    expect(errors).toEqual([expect.stringContaining(`The stored result cannot be read: ${problem}`)]);
    expect(log.replace(/^::add-mask::.*$/gm, '')).not.toContain('ghs_reporting-token');
    const { comments, branches, issues } = await record();
    expect([comments, Object.keys(branches), issues]).toEqual([[], [], []]);
    expect(job.outputs()).toMatchObject({ mode: 'report', verdict: 'error', 'comment-url': '' });
  });

  it('says in one warning which lines a token lacks that may not comment, and is not red for it', async () => {
    const payload = { workflow_run: { pull_requests: [{ number: 7 }] } };
    const event = { name: 'workflow_run', payload };
    await aJob({ mode: 'auto', result: 'result.json' }, { event, denied: ['pull-requests'] });
    const { code, log } = await job.main().done;
    expect(code, log).toBe(0);
    const warnings = log.match(/^::warning.*$/gm);
    expect(warnings).toHaveLength(1);
    expect(warnings?.[0]).toMatch(/^::warning title=No comment::.*permissions: *pull-requests: write/);
    expect(plain(job.summary('main'))).toContain('✅ Pass — 2.68×');
  });

  it('is red, and opens an issue, when two nights in a row are worse', async () => {
    await aJob({ 'history-branch': BRANCH, 'alert-issues': 'true' });
    await withNights([...Array.from({ length: 14 }, (_, n) => aNight(n, 2.7)), aNight(14, 2.2), aNight(15, 2.2)]);
    const { code, log } = await job.main().done;
    expect(code).toBe(1);
    const sentence =
      'Worse: speedup fell 18.5% (95% interval 18.5% to 18.5%), from 2.70× to 2.20×, in 2 nights, with no recorded change.';
    expect(log).toContain(sentence);
    expect(plain(job.summary('main'))).toContain(sentence);
    const { issues } = await record();
    expect(issues).toHaveLength(1);
    expect(job.outputs()).toMatchObject({
      regression: 'worse',
      'issue-url': `https://github.com/${REPOSITORY}/issues/100`,
    });
    expect(readFileSync(job.outputs()['page-path'] ?? '', 'utf8')).toContain(`${REPOSITORY}/issues/100">100</a>`);
    // The next day says the same in the same issue.
    expect((await job.main().done).code).toBe(1);
    expect((await record()).issues).toHaveLength(1);
  });

  it('waits out a secondary rate limit', async () => {
    await aJob({ result: 'result.json', 'history-branch': BRANCH }, { secondaryLimit: { writes: 2, retryAfterS: 1 } });
    const { code, log } = await job.main().done;
    expect(code, log).toBe(0);
    expect(Object.keys((await record()).branches)).toEqual([BRANCH]);
  });

  it.each([
    ['contents', 'the history was not written', 'contents: write'],
    ['issues', 'the issues were not written', 'issues: write'],
  ])('is not red for a token that lacks %s, and says which lines to add', async (permission, what, line) => {
    await aJob({ result: 'result.json', 'history-branch': BRANCH, 'alert-issues': 'true' }, { denied: [permission] });
    if (permission === 'issues') {
      const dead = Array.from({ length: 3 }, (_, n) => aNight(n, null));
      await withNights(dead);
      writeFileSync(
        join(job.workspace, 'result.json'),
        JSON.stringify(
          aReport({ mode: 'nightly', verdict: 'error', diagnosis: { ...aDiagnosis, cause: 'gke.stockout' } }),
        ),
      );
    }
    const { code, log } = await job.main().done;
    expect(code, log).toBe(0);
    expect(log).toContain(what);
    expect(log).toContain(line);
    expect(job.outputs()['page-path']).not.toBe('');
  });

  it('says in one sentence that there is no result', async () => {
    await aJob({ result: 'gone/result.json' });
    const { code, log } = await job.main().done;
    expect(code).toBe(1);
    expect(log).toMatch(
      /^::error title=Report::Input "result" is "gone\/result\.json", which cannot be read\. Download/m,
    );
    expect(job.outputs()).toMatchObject({ mode: 'report', verdict: 'error' });
  });
});

const aDiagnosis = {
  title: 'No TPU capacity',
  confidence: 'proven' as const,
  blame: 'cloud' as const,
  explanation: '',
  remedy: '',
  evidence: [],
  considered: [],
};
