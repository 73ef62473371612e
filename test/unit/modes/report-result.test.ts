import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../../lab/github/server.ts';
import type { Inject } from '../../../lab/google/http.ts';
import { branchStore } from '../../../src/clients/github/branch-store.ts';
import { timerWait } from '../../../src/clients/github/retry.ts';
import { mergeShard, shardPath } from '../../../src/history/shard.ts';
import { parseReportInputs } from '../../../src/inputs/report.ts';
import { reportResult } from '../../../src/modes/report-result.ts';
import { root } from '../../checks/root.ts';
import { aNight } from '../history/records.ts';
import { aReport } from '../report/fixtures.ts';
import { texts } from '../stages/fakes.ts';

let github: Awaited<ReturnType<typeof startGithub>>;
const folder = mkdtempSync(join(tmpdir(), 'reporting-'));
afterEach(async () => {
  await github.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a history that cannot be read', () => {
  it('is a warning, and no page is better than a wrong one', async () => {
    const refuse: Inject = ({ path }) =>
      path.includes('/git/') ? { status: 403, body: { message: 'Resource not accessible by integration' } } : undefined;
    github = await startGithub({ token: 'good', login: 'a[bot]', repository: 'o/r', pullRequests: [] }, refuse);
    const result = join(folder, 'result.json');
    writeFileSync(result, JSON.stringify(aReport({ mode: 'nightly' })));
    const said: string[] = [];
    const reported = await reporting(result, join(folder, 'out'), said);
    expect(reported).toMatchObject({ report: { verdict: 'pass' }, watch: null, pagePath: null, issueUrls: [] });
    expect(said.filter((text) => text.startsWith('the history was not'))).toEqual([
      expect.stringContaining('contents: write'),
      expect.stringContaining('so there is no page'),
    ]);
  });
});

describe('a history with several series', () => {
  it('has a page of all of them, and the subject of the commit that GitHub has', async () => {
    github = await startGithub({ token: 'good', login: 'a[bot]', repository: 'o/r', pullRequests: [] });
    const access = {
      ...{ token: 'good', repository: 'o/r', apiUrl: github.apiUrl },
      ...{ signal: new AbortController().signal, wait: timerWait },
    };
    const store = branchStore({ ...access, branch: 'tpu-bench-data' });
    const night = aNight(1, 2.6, { series: 'v6e' });
    await store.update(
      new Map([[shardPath(night), (text) => mergeShard(text, [night])]]),
      'Add a scorer (#9)\n\nIt weighs.',
    );
    const { sha } = await headOf(access);
    const result = join(mkdtempSync(join(tmpdir(), 'reporting-')), 'result.json');
    const base = aReport({ mode: 'nightly' });
    writeFileSync(result, JSON.stringify({ ...base, run: { ...base.run, sha } }));
    const out = join(folder, 'several');
    const { pagePath } = await reporting(result, out, []);
    const page = readFileSync(pagePath ?? '', 'utf8');
    expect([...page.matchAll(/class="name">Series (\w+)/g)].map(([, name]) => name)).toEqual(['default', 'v6e']);
    expect(page).toContain('<span class="subject">Add a scorer (#9)</span>');
  });
});

/** The newest commit of the branch of the history: one whose message GitHub has. */
async function headOf({ apiUrl, token }: { apiUrl: string; token: string }): Promise<{ sha: string }> {
  const answer = await fetch(`${apiUrl}/repos/o/r/git/ref/heads/tpu-bench-data`, {
    headers: { authorization: `token ${token}` },
  });
  return ((await answer.json()) as { object: { sha: string } }).object;
}

/** Reports a result with a history on a branch, in the lab's GitHub. */
async function reporting(result: string, outputDir: string, said: string[]) {
  const given: Record<string, string> = { result, 'history-branch': 'tpu-bench-data', 'github-token': 'good' };
  const parsed = parseReportInputs({ get: (name) => given[name], given: Object.keys(given), env: {} });
  if ('problems' in parsed) throw new Error(parsed.problems.join());
  return reportResult({
    inputs: parsed.inputs,
    env: { GITHUB_API_URL: github.apiUrl, GITHUB_REPOSITORY: 'o/r' },
    signal: new AbortController().signal,
    emit: (event) => said.push(...texts([event])),
    redact: (text) => text,
    outputDir,
    packageRoot: root,
  });
}
