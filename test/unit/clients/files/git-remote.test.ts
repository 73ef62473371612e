import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkedOut } from '../../../../src/clients/files/git-remote.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gate-'));
  mkdirSync(join(root, '.git'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (url: string, head: string) => {
  writeFileSync(join(root, '.git', 'config'), `[core]\n\tbare = false\n[remote "origin"]\n\turl = ${url}\n`);
  writeFileSync(join(root, '.git', 'HEAD'), `${head}\n`);
};

it.each([
  'git@github.com:acme/gate.git',
  'https://github.com/acme/gate',
  'https://x-access-token:secret@github.com/acme/gate.git',
])('the checkout of a fork at %s is its repository at its commit', async (url) => {
  put(url, COMMIT);
  expect(await checkedOut(root)).toBe(`acme/gate@${COMMIT}`);
});

it.each([
  ['another host', 'git@example.com:acme/gate.git', COMMIT],
  ['a branch without a commit', 'git@github.com:acme/gate.git', 'ref: refs/heads/main'],
])('a checkout of %s has none', async (_, url, head) => {
  put(url, head);
  expect(await checkedOut(root)).toBeNull();
});

it('a folder that is no checkout has none', async () => {
  rmSync(join(root, '.git'), { recursive: true });
  expect(await checkedOut(root)).toBeNull();
});
