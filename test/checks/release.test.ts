import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY, VERSION } from '../../src/lib/version.ts';
import { pages } from './fences.ts';
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

/** A checkout with what the check reads, in which one of these files may be another. */
function checkoutWith(change: Readonly<Record<string, string>>): string {
  const checkout = mkdtempSync(join(folder, 'checkout-'));
  mkdirSync(join(checkout, 'src/lib'), { recursive: true });
  for (const path of ['package.json', 'CHANGELOG.md', 'src/lib/version.ts'])
    cpSync(join(root, path), join(checkout, path));
  for (const [path, text] of Object.entries(change)) writeFileSync(join(checkout, path), text);
  return checkout;
}

/** A step's script as a runner starts it, with a `gh` that notes its calls. */
function run(
  script: string,
  { tag = `v${VERSION}`, status = 'behind', moving = true, repository = REPOSITORY, cwd = root } = {},
) {
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
    GITHUB_REPOSITORY: repository,
    GITHUB_SHA: 'c0ffee',
  };
  try {
    const log = execFileSync('bash', ['-e', '-c', script], { cwd, env, encoding: 'utf8', stdio: 'pipe' });
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
    expect(calls()).toEqual([`api repos/${REPOSITORY}/compare/main...c0ffee --jq .status`]);
  });

  it('is refused for another tag, and for a commit of a branch', () => {
    expect(run(check, { tag: 'v9.9.9' })).toEqual({ code: 1, log: expect.stringContaining('Tag v9.9.9 does not fit') });
    for (const status of ['ahead', 'diverged', '']) {
      expect(run(check, { status })).toEqual({ code: 1, log: expect.stringContaining('is not on main') });
    }
  });

  it('is refused where the changelog begins with another version, and takes a date behind it', () => {
    const changelog = (heading: string) =>
      checkoutWith({ 'CHANGELOG.md': `# Changelog\n\n${heading}\n\n## ${VERSION}\n` });
    const refused = { code: 1, log: expect.stringContaining(`not with "## ${VERSION}"`) };
    for (const heading of ['## 99.0.0', '## Unreleased', `## ${VERSION}9`]) {
      expect(run(check, { cwd: changelog(heading) })).toEqual(refused);
    }
    expect(run(check, { cwd: checkoutWith({ 'CHANGELOG.md': '' }) })).toEqual(refused);
    expect(run(check, { cwd: changelog(`## ${VERSION} (2026-12-01)`) })).toEqual({ code: 0, log: '' });
  });

  it('is refused where its links would lead to another repository', () => {
    expect(run(check, { repository: 'fork/gate' })).toEqual({
      code: 1,
      log: expect.stringContaining('REPOSITORY of src/lib/version.ts is not fork/gate'),
    });
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
      `api -X PATCH repos/${REPOSITORY}/git/refs/tags/${major} -f sha=c0ffee -F force=true`,
      ...(moving ? [] : [`api -X POST repos/${REPOSITORY}/git/refs -f ref=refs/tags/${major} -f sha=c0ffee`]),
    ]);
  });
});

describe('the version', () => {
  const read = (path: string) => readFileSync(join(root, path), 'utf8');

  it('is one in package.json, its lock file, the sources and the newest section of the changelog', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const lock = JSON.parse(read('package-lock.json')) as {
      version: string;
      packages: Record<string, { version: string }>;
    };
    const [, newest] = /^## (\S+)/m.exec(read('CHANGELOG.md')) ?? [];
    expect([version, lock.version, lock.packages['']?.version, newest]).toEqual(Array(4).fill(VERSION));
  });

  it('has the major tag that the pages call, and is in the addresses that they name', async () => {
    const texts = await pages();
    const found = (pattern: RegExp) =>
      new Set(texts.flatMap(([, text]) => [...text.matchAll(pattern)].map(([, tag = '']) => tag)));
    const major = `v${VERSION.split('.')[0]}`;
    expect(found(new RegExp(`${REPOSITORY}(?:/sweep)?@(v[\\w.]+)`, 'g'))).toEqual(new Set([major]));
    expect(found(new RegExp(`${REPOSITORY}/(v[\\d.]+)/`, 'g'))).toEqual(new Set([`v${VERSION}`]));
  });
});
