import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lineFile } from '../../../../src/clients/files/line-file.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'line-file-'));
});
afterEach(() => rm(root, { recursive: true }));

it('has what was written in its order, and its name only at the end', async () => {
  const folder = join(root, 'out');
  const file = lineFile(folder, 'lines', root);
  await file.append('one\n');
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^\.lines\.[0-9a-f-]{36}\.tmp$/)]);
  await file.append('two\n');
  await file.finish();
  expect(await readdir(folder)).toEqual(['lines']);
  expect(await readFile(join(folder, 'lines'), 'utf8')).toBe('one\ntwo\n');
});

it('of which nothing was written is empty, and takes the place of an older one or of a link', async () => {
  await writeFile(join(root, 'target'), 'untouched');
  await symlink(join(root, 'target'), join(root, 'lines'));
  await lineFile(root, 'lines', root).finish();
  expect(await readFile(join(root, 'lines'), 'utf8')).toBe('');
  expect(await readFile(join(root, 'target'), 'utf8')).toBe('untouched');
});

it('leaves nothing where it is discarded', async () => {
  const file = lineFile(root, 'lines', root);
  await file.append('one\n');
  await file.discard();
  await lineFile(root, 'other', root).discard();
  expect(await readdir(root)).toEqual([]);
});

it('is not made behind a link out of the root', async () => {
  await mkdir(join(root, 'workspace'));
  await mkdir(join(root, 'elsewhere'));
  await symlink(join(root, 'elsewhere'), join(root, 'workspace', 'out'));
  const file = lineFile(join(root, 'workspace', 'out'), 'lines', join(root, 'workspace'));
  await expect(file.append('one\n')).rejects.toThrow('is a link out of');
  expect(await readdir(join(root, 'elsewhere'))).toEqual([]);
});
