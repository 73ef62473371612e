import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cli } from '../../../../src/cli.ts';
import { folderStore } from '../../../../src/clients/files/folder-store.ts';
import { pageModel } from '../../../../src/history/page/model.ts';
import { renderPage } from '../../../../src/history/page/view.ts';
import { mergeShard, shardPath } from '../../../../src/history/shard.ts';
import { aNight } from '../records.ts';
import { shaOf, someNights } from './nights.ts';

const ASSETS = { script: 'let x;', style: 'a{}' };

describe('the page as HTML', () => {
  it('allows itself nothing but what is inlined', () => {
    const page = renderPage([pageModel('default', someNights(3))], ASSETS);
    expect(page).toMatch(/content="default-src 'none'; script-src 'sha256-[\w+/=]{44}'; style-src 'sha256-/);
    expect(page).not.toMatch(/\s(?:src|style|on\w+)=/);
  });

  it('shows hostile text as text', () => {
    const hostile = '</script><img src=x onerror=alert(1)>"\'';
    const night = aNight(0, null, { cause: hostile });
    const env = { ...night.env, model: hostile };
    const run = { ...night.run, sha: hostile, subject: hostile, url: hostile, event: hostile };
    const hostileNight = { ...night, key: hostile, env, run };
    const page = renderPage([pageModel(hostile, [hostileNight, { ...hostileNight, key: 'b' }])], ASSETS);
    expect(page).not.toContain('<img');
    expect(page.match(/<\/script>/g)).toHaveLength(2);
  });

  it('links the issues that are open, and nothing that is no address', () => {
    const alerts = ['https://github.example/o/r/issues/100', 'javascript:alert(1)'];
    const page = renderPage([pageModel('default', someNights(3), { alerts })], ASSETS);
    expect(page).toContain('<p>Open issue: <a href="https://github.example/o/r/issues/100">100</a></p>');
    expect(page).not.toContain('javascript:');
  });

  it('has the commit with its subject, and its pull request', () => {
    const page = renderPage([pageModel('default', someNights(2))], ASSETS);
    expect(page).toContain(
      `<a href="https://github.com/acme/serving/commit/${shaOf(1)}">${shaOf(1).slice(0, 7)}</a> <span class="subject">Tune the scorers of the picker, step 1 (#2)</span></td><td><a href="https://github.com/acme/serving/pull/2">#2</a></td>`,
    );
  });

  it('has several series, with ids of their own', () => {
    const page = renderPage([pageModel('a', someNights(12, 'a')), pageModel('b', someNights(12, 'b'))], ASSETS);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(page.match(/<tr data-key=/g)).toHaveLength(24);
    expect(page).toContain('<select id="series"><option value="a">a</option><option value="b">b</option></select>');
  });

  it('has a row for each night', () => {
    const page = renderPage([pageModel('default', someNights(12))], ASSETS);
    expect(page.match(/<tr data-key=/g)).toHaveLength(12);
  });
});

describe('tpu-serving-gate page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });

  it('writes the page of a folder', async () => {
    const said: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    const nights = someNights(3);
    await folderStore(folder).update(new Map([[shardPath(nights[0]!), (text) => mergeShard(text, nights)]]), '');
    const argv = process.argv[1];
    process.argv[1] = join(import.meta.dirname, '../../../../src/cli.ts');
    try {
      expect(await cli(['page', folder, '--out', join(folder, 'out')])).toBe(0);
    } finally {
      process.argv[1] = argv ?? '';
    }
    expect(said.join('')).toMatch(/out\/index\.html: Pass: 2\.\d\d× .*; 3 runs\n$/);
    expect(readFileSync(join(folder, 'out/index.html'), 'utf8')).toContain('<title>Pass: 2.');
  });

  it('has every series of the history, the named one first', async () => {
    const said: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    for (const series of ['default', 'v6e']) {
      const nights = someNights(3, series);
      await folderStore(folder).update(new Map([[shardPath(nights[0]!), (text) => mergeShard(text, nights)]]), '');
    }
    const argv = process.argv[1];
    process.argv[1] = join(import.meta.dirname, '../../../../src/cli.ts');
    try {
      expect(await cli(['page', folder, '--series', 'v6e', '--out', join(folder, 'out')])).toBe(0);
    } finally {
      process.argv[1] = argv ?? '';
    }
    expect(said.join('')).toMatch(/; 3 runs; other series: default\n$/);
    expect(
      [...readFileSync(join(folder, 'out/index.html'), 'utf8').matchAll(/class="name">Series (\w+)/g)].map(String),
    ).toEqual(['class="name">Series v6e,v6e', 'class="name">Series default,default']);
  });

  it('asks for a history', async () => {
    const said: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    expect(await cli(['page'])).toBe(3);
    expect(said.join('')).toBe('Give the FOLDER of a history, or --branch NAME; and --series NAME, --out FOLDER.\n');
  });
});
