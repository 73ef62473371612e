import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { childEnv } from '../../lab/child-env.ts';
import { startGithub } from '../../lab/github/server.ts';
import { CLI } from '../cli.ts';
import { aBenchmark, aReport } from '../unit/report/fixtures.ts';

const REPOSITORY = 'octo/serving';
const BRANCH = 'tpu-bench-data';
const folder = mkdtempSync(join(tmpdir(), 'history-'));
let github: Awaited<ReturnType<typeof startGithub>> | undefined;
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await github?.close();
});

async function run(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...childEnv(), ...env }, cwd: folder });
  const streams = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      streams[name] += chunk.toString();
    });
  }
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, ...streams };
}

/** The results of so many nights; the last two are worse. */
function nights(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `result-${index}.json`;
    const base = aReport({ benchmark: aBenchmark(index < count - 2 ? 2.68 + 0.01 * (index % 3) : 2.2, 0.03) });
    const finishedAt = new Date(Date.UTC(2026, 10, 1 + index, 3)).toISOString();
    const text = JSON.stringify({ ...base, finishedAt, run: { ...base.run, id: String(index), attempt: 1 } });
    writeFileSync(join(folder, name), text);
    return name;
  });
}

it('the commands of a history write one JSON document each, and their text to stderr', async () => {
  github = await startGithub({ token: 'good', login: 'github-actions[bot]', repository: REPOSITORY, pullRequests: [] });
  const env = { GITHUB_TOKEN: 'good', GITHUB_REPOSITORY: REPOSITORY, GITHUB_API_URL: github.apiUrl };
  const files = nights(16);
  const added = await run(env, 'history', 'add', '--branch', BRANCH, ...files, '--json');
  expect(added.code, added.stderr).toBe(0);
  expect(JSON.parse(added.stdout)).toEqual({
    series: 'default',
    added: files.map((result, index) => ({
      ...{ result, key: `${index}/1/default`, verdict: 'pass', path: `${BRANCH}/v1/default/2026-11.jsonl` },
    })),
  });
  expect(added.stderr).toMatch(/^tpu-bench-data\/v1\/default\/2026-11\.jsonl: 0\/1\/default pass, /);

  const figures = { subject: 'figures', url: `https://github.com/${REPOSITORY}/issues/100` };
  for (const change of ['opened', 'none']) {
    const raised = await run(env, 'history', 'alert', '--branch', BRANCH, '--json');
    expect(raised.code, raised.stderr).toBe(0);
    expect(JSON.parse(raised.stdout)).toEqual({ series: 'default', open: [{ ...figures, change }], closed: [] });
    expect(raised.stderr).toBe(
      change === 'none' ? 'default: nothing to say.\n' : `opened ${figures.url}: default: 3 figures are worse\n`,
    );
  }

  const page = await run(env, 'page', '--branch', BRANCH, '--json');
  expect(page.code, page.stderr).toBe(0);
  const document = JSON.parse(page.stdout);
  expect(document).toEqual({
    path: expect.stringMatching(/page\/index\.html$/),
    series: [{ series: 'default', heading: expect.stringContaining('2.20×'), runs: 16, skipped: 0 }],
  });
  expect(page.stderr).toMatch(/index\.html: .*; 16 runs\n$/);
  expect(readFileSync(join(folder, 'page/index.html'), 'utf8')).toContain('<title>');

  const refused = await run({}, 'history', 'alert', '--branch', BRANCH, '--json');
  expect([refused.code, refused.stdout]).toEqual([3, '']);
});
