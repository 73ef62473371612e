import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LAB } from '../../lab/lab.ts';
import { branchStore } from '../../src/clients/github/branch-store.ts';
import { historyRecord } from '../../src/history/new-record.ts';
import { mergeShard, shardPath } from '../../src/history/shard.ts';
import { parseReport } from '../../src/report/parse.ts';
import { aReport } from '../unit/report/fixtures.ts';
import { type E2e, MINUTES, plain, startE2e } from './e2e.ts';

const PATTERN_3 = resolve(import.meta.dirname, '../../manifests/pattern3');
const BRANCH = 'tpu-bench-data';
const SHA = 'c0ffee1'.padEnd(40, '0');
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const DIGEST = `sha256:${'a'.repeat(64)}`;

let e2e: E2e;
afterEach(() => e2e?.stop());

/** Pattern 3 with its images by their digests and its model by its commit. */
function pin(folder: string): void {
  cpSync(PATTERN_3, folder, { recursive: true });
  const file = join(folder, 'llminferenceservice.yaml');
  const text = readFileSync(file, 'utf8')
    .replaceAll(/^(\s*(?:- )?image: \S+?)(?::[\w.-]+)?$/gm, `$1@${DIGEST}`)
    .replace(/uri: hf:\S+/, `$&:${COMMIT}`);
  writeFileSync(file, text);
}

/** A night of the default branch that measured the stack as it is in the workspace. */
async function measuredBefore(): Promise<void> {
  // What the stack rests on, as a look finds it.
  e2e.job.inputs.mode = 'preflight';
  const { code, log } = await e2e.job.main().done;
  expect(code, log).toBe(0);
  const { basis } = parseReport(readFileSync(e2e.job.outputs()['result-path'] ?? '', 'utf8'));
  expect(basis?.problem).toBe(null);
  const { run } = aReport();
  const night = aReport({
    mode: 'nightly',
    finishedAt: new Date().toISOString(),
    run: { ...run, id: '4711', number: 99, event: 'schedule', sha: SHA },
    ...(basis ? { basis } : {}),
  });
  const record = historyRecord(night, 'default');
  const store = branchStore({
    ...{ token: e2e.lab.githubToken, repository: LAB.repository, apiUrl: e2e.lab.env.GITHUB_API_URL ?? '' },
    ...{ branch: BRANCH, signal: new AbortController().signal, wait: async () => {} },
  });
  await store.update(new Map([[shardPath(record), (before: string) => mergeShard(before, [record])]]), 'night');
  await fetch(`${e2e.lab.github.controlUrl}/runs/4711/1`, {
    method: 'PUT',
    body: JSON.stringify({ status: 'completed', updatedAt: new Date().toISOString(), headSha: SHA }),
  });
  e2e.job.inputs.mode = 'validate';
}

describe('reuse: auto', () => {
  it(
    'ends in seconds with the verdict of the night that measured the same stack, and asks for no node',
    async () => {
      const inputs = { manifests: 'deploy', 'base-manifests': 'base', reuse: 'auto', 'history-branch': BRANCH };
      e2e = await startE2e('change-none', inputs);
      for (const name of ['deploy', 'base']) pin(join(e2e.job.workspace, name));
      await measuredBefore();
      const began = Date.now();
      const { code, log } = await e2e.job.main().done;
      expect(code, log).toBe(0);
      expect(Date.now() - began).toBeLessThan(MINUTES);
      expect((await e2e.job.post().done).code).toBe(0);
      const { sizes, nodes, comments, gcp } = await e2e.record();
      expect([sizes, nodes]).toEqual([[], []]);
      // The permission is tried on a pool that does not exist.
      expect(gcp.filter(({ path }) => path.endsWith(`/nodePools/${LAB.nodePool}:setSize`))).toEqual([]);
      const page = `https://github.com/${LAB.repository}/actions/runs/4711`;
      expect(e2e.job.outputs()).toMatchObject({
        ...{ verdict: 'pass', passed: 'true', changed: 'false', reused: 'true', 'reused-run': page, change: 'same' },
        speedup: '2.68',
      });
      const comment = plain(comments[0]?.body ?? '');
      expect(comment).toMatch(/^### ✅ Pass — reused from run 99, which measured 2\.68×/m);
      expect(comment).toContain(`[run 99](${page})`);
      expect(comment).toContain('the same stack, 0 node-minutes');
      expect(comment).toContain('No TPU node was leased.');
    },
    2 * MINUTES,
  );

  it(
    'does not take a verdict for a tag that may mean another image, and says so',
    async () => {
      e2e = await startE2e('pass', { mode: 'preflight', reuse: 'auto', 'history-branch': BRANCH });
      const { code, log } = await e2e.job.main().done;
      expect(code, log).toBe(0);
      const { basis } = parseReport(readFileSync(e2e.job.outputs()['result-path'] ?? '', 'utf8'));
      expect(basis).toMatchObject({
        hash: null,
        problem: expect.stringMatching(/^The digest of image \S+ is not known/),
      });
    },
    MINUTES,
  );

  it(
    'needs a history to read',
    async () => {
      e2e = await startE2e('pass', { reuse: 'auto' });
      const { code, log } = await e2e.job.main().done;
      expect(code).not.toBe(0);
      expect(log).toContain('Input "reuse" is "auto", which needs "history-branch"');
    },
    MINUTES,
  );
});
