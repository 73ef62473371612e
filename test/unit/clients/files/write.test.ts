import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readText, replaceFile, writeFiles } from '../../../../src/clients/files/write.ts';

let root: string;
let elsewhere: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'workspace-'));
  elsewhere = mkdtempSync(join(tmpdir(), 'elsewhere-'));
});
afterEach(() => {
  for (const folder of [root, elsewhere]) rmSync(folder, { recursive: true, force: true });
});

const fifo = (path: string) => spawnSync('mkfifo', [path]);

describe('result files', () => {
  it('take the place of a link, and never go through it', async () => {
    const target = join(elsewhere, 'theirs');
    writeFileSync(target, 'theirs');
    symlinkSync(target, join(root, 'result.json'));
    await writeFiles(root, { 'result.json': 'ours' }, root);
    expect(readFileSync(target, 'utf8')).toBe('theirs');
    expect(lstatSync(join(root, 'result.json')).isFile()).toBe(true);
    expect(readFileSync(join(root, 'result.json'), 'utf8')).toBe('ours');
  });

  it.each([
    ['is a link', (link: string) => link],
    ['lies behind a link', (link: string) => join(link, 'results', 'of-today')],
  ])('are not written to a folder that %s out of the workspace', async (_, folderOf) => {
    const link = join(root, 'results');
    symlinkSync(elsewhere, link);
    await expect(writeFiles(folderOf(link), { 'result.json': '{}' }, root)).rejects.toThrow('is a link out of');
    await expect(replaceFile(join(folderOf(link), 'result.json'), '{}', root)).rejects.toThrow('is a link out of');
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('go to a folder outside of the workspace, and through a link within it', async () => {
    await writeFiles(join(elsewhere, 'a'), { 'result.json': '{}' }, root);
    expect(existsSync(join(elsewhere, 'a', 'result.json'))).toBe(true);
    mkdirSync(join(root, 'real'));
    symlinkSync(join(root, 'real'), join(root, 'link'));
    await writeFiles(join(root, 'link'), { 'result.json': '{}' }, root);
    expect(readdirSync(join(root, 'real'))).toEqual(['result.json']);
  });

  it('take the place of a FIFO, and leave nothing beside them', async () => {
    fifo(join(root, 'result.json'));
    await writeFiles(root, { 'result.json': '{}' }, root);
    expect(readFileSync(join(root, 'result.json'), 'utf8')).toBe('{}');
    mkdirSync(join(root, 'summary.md'));
    await expect(writeFiles(root, { 'summary.md': 'text' }, root)).rejects.toThrow();
    expect(readdirSync(root).sort()).toEqual(['result.json', 'summary.md']);
  });
});

describe('reading', () => {
  it('does not wait for a FIFO, and reads no folder', async () => {
    fifo(join(root, 'fifo'));
    expect(await readText(join(root, 'fifo'))).toBeNull();
    expect(await readText(root)).toBeNull();
    expect(await readText(join(root, 'absent'))).toBeNull();
    writeFileSync(join(root, 'file'), 'text');
    expect(await readText(join(root, 'file'))).toBe('text');
  });
});
