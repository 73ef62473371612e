import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../../lab/github/server.ts';
import type { GithubConfig, GithubRecord } from '../../../lab/protocol.ts';
import type { ProgressEvent } from '../../../src/progress/events.ts';
import { publishCheckRun } from '../../../src/publish/check-run.ts';
import type { Report } from '../../../src/report/model.ts';
import { CASES } from '../report/cases.ts';
import { aReport } from '../report/fixtures.ts';
import { someInputs } from '../stages/fakes.ts';

const TOKEN = 'ghs_secret_of_the_run';
const SHA = aReport().run.sha ?? '';
let github: Awaited<ReturnType<typeof startGithub>>;

async function start(change: Partial<GithubConfig> = {}): Promise<void> {
  const config = { token: TOKEN, login: 'github-actions[bot]', repository: 'o/r', pullRequests: [7] };
  github = await startGithub({ ...config, ...change });
}
beforeEach(() => start());
afterEach(() => github.close());

interface Given {
  inputs?: Record<string, string>;
  annotates?: boolean;
  redact?: (text: string) => string;
}

async function write(report: Report, { inputs = {}, annotates = true, redact = (text) => text }: Given = {}) {
  const said: ProgressEvent[] = [];
  await publishCheckRun(report, {
    inputs: someInputs({ 'github-token': TOKEN, 'comment-id': 'gate', ...inputs }),
    env: { GITHUB_API_URL: github.apiUrl },
    ...{ emit: (event: ProgressEvent) => said.push(event), redact, annotates },
    signal: new AbortController().signal,
    limitMs: 20_000,
  });
  return said;
}

async function record(): Promise<GithubRecord> {
  return (await (await fetch(`${github.controlUrl}/record`)).json()) as GithubRecord;
}

describe('the check run', () => {
  it.each([
    ['pass', 'success'],
    ['fail-throughput', 'failure'],
    ['inconclusive', 'neutral'],
    ['invalid', 'neutral'],
    ['stockout', 'failure'],
    ['killed', 'cancelled'],
    ['release-failed', 'failure'],
  ])('of %s concludes with %s on the commit', async (name, conclusion) => {
    const said = await write(CASES[name]!());
    const { checkRuns } = await record();
    expect(checkRuns).toHaveLength(1);
    expect(checkRuns[0]).toMatchObject({
      ...{ name: 'tpu-serving-gate: gate', headSha: SHA, status: 'completed', conclusion },
      detailsUrl: 'https://github.com/o/r/actions/runs/18300012345',
    });
    expect(checkRuns[0]!.summary).toContain('| Result |');
    expect(said).toEqual([
      expect.objectContaining({ type: 'fact', text: expect.stringMatching(/^check run: https:/) }),
    ]);
  });

  it('is one, which the post step brings up to date; another attempt has its own', async () => {
    await write(CASES['pass-before-post']!());
    await write(CASES.pass!());
    expect((await record()).checkRuns).toEqual([expect.objectContaining({ edits: 1 })]);
    expect((await record()).checkRuns[0]!.summary).toContain('is at 0\u00a0nodes');
    const report = aReport();
    await write({ ...report, run: { ...report.run, attempt: 2 } });
    expect((await record()).checkRuns).toHaveLength(2);
  });

  it('annotates the lines of a cause once, and none of manifests that are not in the commit', async () => {
    const report = CASES['image-pull']!();
    await write(report);
    await write(report);
    const annotation = {
      ...{ path: 'manifests/pattern3/service.yaml', startLine: 94, endLine: 94, level: 'failure' },
      ...{ title: 'The vLLM image does not exist', message: 'The image does not exist' },
    };
    expect((await record()).checkRuns.map(({ annotations }) => annotations)).toEqual([[annotation]]);
    await github.close();
    await start();
    await write(report, { annotates: false });
    expect((await record()).checkRuns.map(({ annotations }) => annotations)).toEqual([[]]);
  });

  it.each<[string, Partial<GithubConfig>]>([
    ['a token without the permission', { denied: ['checks'] }],
    ['a token that is no app', { login: 'octocat' }],
  ])('is logged as not written with %s, which is no warning', async (_, config) => {
    await github.close();
    await start(config);
    const said = await write(CASES.invalid!());
    expect(said).toEqual([
      expect.objectContaining({ type: 'fact', text: expect.stringContaining('the token has no `checks: write`') }),
    ]);
    expect((await record()).checkRuns).toEqual([]);
  });

  it('is a warning where GitHub refuses it for another reason, and throws nothing', async () => {
    await github.close();
    await start({
      refused: [{ call: 'POST /repos/o/r/check-runs', status: 422, body: { message: 'Validation Failed' } }],
    });
    expect(await write(CASES.invalid!())).toEqual([
      { type: 'warning', text: expect.stringContaining('the check run was not written') },
    ]);
  });

  it('is not asked for without a token, a commit or the wish, and not for a commit that is no head any more', async () => {
    const report = aReport();
    const superseded = { stage: 'preflight', code: 'superseded', message: '', hint: null, blame: 'operator' } as const;
    await write(report, { inputs: { 'check-run': 'off' } });
    await write(report, { inputs: { 'github-token': '' } });
    await write({ ...report, run: { ...report.run, sha: null } });
    await write({ ...report, verdict: 'error', failure: superseded });
    expect((await record()).requests).toEqual([]);
  });

  it('holds no secret', async () => {
    const report = aReport({ verdict: 'error', reasons: ['refused: ya29.secret'] });
    await write(report, { redact: (text) => text.replaceAll('ya29.secret', '***') });
    expect(JSON.stringify((await record()).checkRuns)).not.toContain('ya29.secret');
  });
});
