import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { VERSION } from '../../src/lib/version.ts';
import { root } from './root.ts';

interface Step {
  name?: string;
  run?: string;
  uses?: string;
}

const workflow = parse(readFileSync(join(root, '.github/workflows/release.yml'), 'utf8')) as {
  on: { push: { tags: string[] } };
  jobs: Record<'test' | 'release', { permissions: object; needs?: string; steps: Step[] }>;
};
const scripts = [...workflow.jobs.test.steps, ...workflow.jobs.release.steps].flatMap(({ name, run }) =>
  name && run ? [run] : [],
);

const folder = mkdtempSync(join(tmpdir(), 'release-'));
afterEach(() => rmSync(join(folder, 'calls'), { force: true }));

/** A step's script as a runner starts it, with a `gh` that notes its calls. */
function run(script: string, { tag = `v${VERSION}`, status = 'behind', moving = true } = {}) {
  const gh = join(folder, 'gh');
  writeFileSync(
    gh,
    `#!/bin/bash
echo "$*" >> "${folder}/calls"
case "$*" in
  *compare*) echo ${status} ;;
  *PATCH*) ${moving ? 'true' : 'exit 1'} ;;
esac
`,
  );
  chmodSync(gh, 0o755);
  const env = {
    PATH: `${folder}:${process.env.PATH}`,
    TAG: tag,
    DEFAULT_BRANCH: 'main',
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_SHA: 'c0ffee',
  };
  try {
    const log = execFileSync('bash', ['-e', '-c', script], { cwd: root, env, encoding: 'utf8', stdio: 'pipe' });
    return { code: 0, log };
  } catch (error) {
    return { code: (error as { status: number }).status, log: String((error as { stdout: string }).stdout) };
  }
}

const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');

describe('a release', () => {
  const [check = '', publish = ''] = scripts;

  it.each(['identical', 'behind'])('is of a tag that fits the version, of a commit that is %s to main', (status) => {
    expect(run(check, { status })).toEqual({ code: 0, log: '' });
    expect(calls()).toEqual(['api repos/o/r/compare/main...c0ffee --jq .status']);
  });

  it('is refused for another tag, and for a commit of a branch', () => {
    expect(run(check, { tag: 'v9.9.9' })).toEqual({ code: 1, log: expect.stringContaining('Tag v9.9.9 does not fit') });
    for (const status of ['ahead', 'diverged', '']) {
      expect(run(check, { status })).toEqual({ code: 1, log: expect.stringContaining('is not on main') });
    }
  });

  it('is tested without anything that could write, and made without running what was installed', () => {
    const { test, release } = workflow.jobs;
    expect(test.permissions).toEqual({ contents: 'read' });
    expect(test.steps.map(({ run: script }) => script)).toContain('.ci/run');
    expect(release.needs).toBe('test');
    const used = release.steps.flatMap(({ uses = '' }) => uses.split('@')[0] || []);
    expect(used).toEqual(['actions/checkout', 'actions/attest']);
    expect(release.steps.map(({ run: script = '' }) => script).join()).not.toMatch(/npm|node|\.ci\/run/);
  });

  it.each([true, false])('is made once, and the major tag moves to it (there before: %s)', (moving) => {
    expect(run(publish, { moving }).code).toBe(0);
    const major = `v${VERSION.split('.')[0]}`;
    expect(calls()).toEqual([
      `release create v${VERSION} --verify-tag --generate-notes --title v${VERSION}`,
      `api -X PATCH repos/o/r/git/refs/tags/${major} -f sha=c0ffee -F force=true`,
      ...(moving ? [] : [`api -X POST repos/o/r/git/refs -f ref=refs/tags/${major} -f sha=c0ffee`]),
    ]);
  });
});
