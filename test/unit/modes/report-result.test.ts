import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../../lab/github/server.ts';
import type { Inject } from '../../../lab/google/http.ts';
import { parseReportInputs } from '../../../src/inputs/report.ts';
import { reportResult } from '../../../src/modes/report-result.ts';
import { root } from '../../checks/root.ts';
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
    const given: Record<string, string> = { result, 'history-branch': 'tpu-bench-data', 'github-token': 'good' };
    const parsed = parseReportInputs({ get: (name) => given[name], given: Object.keys(given), env: {} });
    if ('problems' in parsed) throw new Error(parsed.problems.join());
    const said: string[] = [];
    const reported = await reportResult({
      inputs: parsed.inputs,
      env: { GITHUB_API_URL: github.apiUrl, GITHUB_REPOSITORY: 'o/r' },
      signal: new AbortController().signal,
      emit: (event) => said.push(...texts([event])),
      redact: (text) => text,
      outputDir: join(folder, 'out'),
      packageRoot: root,
    });
    expect(reported).toMatchObject({ report: { verdict: 'pass' }, watch: null, pagePath: null, issueUrls: [] });
    expect(said.filter((text) => text.startsWith('the history was not'))).toEqual([
      expect.stringContaining('contents: write'),
      expect.stringContaining('so that there is no page'),
    ]);
  });
});
