import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { finishLeft, lineFile } from '../../../../src/clients/files/line-file.ts';

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

describe('what a killed process has left', () => {
  const left = async (digit: number, text: string, modified: number) => {
    const path = join(root, `.lines.${'00000000-0000-4000-8000-000000000000'.replaceAll('0', String(digit))}.tmp`);
    await writeFile(path, text);
    await utimes(path, modified, modified);
  };

  it.each([
    ['up to its last whole line', 'one\ntwo\nthr', 'one\ntwo\n'],
    ['where it ends with a whole line', 'one\n', 'one\n'],
    ['without a whole line, as empty', 'on', ''],
    ['as empty, where nothing was written', '', ''],
    ['however long its last line is', `one\n${'x'.repeat(200_000)}`, 'one\n'],
  ])('gets its name, %s', async (_, text, kept) => {
    await left(1, text, 1);
    await finishLeft(root, 'lines');
    expect(await readdir(root)).toEqual(['lines']);
    expect(await readFile(join(root, 'lines'), 'utf8')).toBe(kept);
  });

  it('is the newest of several, in the place of an older whole file', async () => {
    await writeFile(join(root, 'lines'), 'older\n');
    await left(1, 'first\n', 1);
    await left(3, 'third\n', 3);
    await left(2, 'second\n', 2);
    await finishLeft(root, 'lines');
    expect(await readdir(root)).toEqual(['lines']);
    expect(await readFile(join(root, 'lines'), 'utf8')).toBe('third\n');
  });

  it('is nothing of another name, no link, and nothing in a folder that is missing', async () => {
    await writeFile(join(root, 'target'), 'one\ntw');
    await symlink(join(root, 'target'), join(root, '.lines.11111111-1111-4111-8111-111111111111.tmp'));
    await writeFile(join(root, '.lines.any.tmp'), 'one\n');
    const before = await readdir(root);
    await finishLeft(root, 'lines');
    await finishLeft(join(root, 'missing'), 'lines');
    expect(await readdir(root)).toEqual(before);
    expect(await readFile(join(root, 'target'), 'utf8')).toBe('one\ntw');
  });
});
