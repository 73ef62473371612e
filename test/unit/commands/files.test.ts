import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cli } from '../../../src/cli.ts';
import { aBenchmark, aReport } from '../report/fixtures.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Exit code, stdout and stderr of a command in this process. */
async function ended(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  try {
    const code = await cli(args);
    return { code, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

async function saved(name: string, speedup = 2.68): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, JSON.stringify(aReport({ benchmark: aBenchmark(speedup, 0.03) })));
  return file;
}

describe('a file or folder that is missing ends a command with 3', () => {
  it.each([
    ['report', 'none.json'],
    ['compare', 'none.json', 'none.json'],
    ['history', 'add', 'history', 'none.json'],
    ['history', 'show', 'none'],
    ['page', 'none'],
  ])('%s %s', async (name, ...words) => {
    const paths = words.map((word) => (/none|^history$/.test(word) ? join(folder, word) : word));
    const out = join(folder, 'page');
    const { code, stdout, stderr } = await ended(name, ...paths, ...(name === 'page' ? ['--out', out] : []));
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(join(folder, 'none'));
    expect(existsSync(out)).toBe(false);
  });

  it('as does a series without a record', async () => {
    const history = join(folder, 'history');
    await ended('history', 'add', history, await saved('result.json'));
    for (const command of [['history', 'show'], ['page']]) {
      const { code, stderr } = await ended(...command, history, '--series', 'typo');
      expect([code, stderr]).toEqual([3, `Series typo has no record in ${history}.\n`]);
    }
  });
});

describe('--json', () => {
  it('of compare has the comparison alone', async () => {
    const [a, b] = [await saved('a.json', 2.5), await saved('b.json', 2.7)];
    const { code, stdout } = await ended('compare', a, b, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ speedup: { ratio: expect.closeTo(1.08, 2) }, problem: null });
  });

  it('of history show has the judgement and the records', async () => {
    const history = join(folder, 'history');
    await ended('history', 'add', history, await saved('result.json'));
    const { code, stdout } = await ended('history', 'show', history, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ series: 'default', state: 'building', nights: 1, skipped: 0 },
      records: [{ verdict: 'pass' }],
    });
  });

  it('of history add has each result with its file, and the text goes to stderr', async () => {
    const history = join(folder, 'history');
    const [a, b] = [await saved('a.json'), await saved('b.json', 2.5)];
    const { code, stdout, stderr } = await ended('history', 'add', history, a, b, '--series', 'v6e', '--json');
    expect(code).toBe(0);
    const [{ path, key }] = JSON.parse(stdout).added;
    expect(path).toMatch(/v1\/v6e\/\d{4}-\d\d\.jsonl$/);
    expect(JSON.parse(stdout)).toEqual({
      series: 'v6e',
      added: [a, b].map((result) => ({ result, key, verdict: 'pass', path })),
    });
    expect(existsSync(path)).toBe(true);
    const told = await ended('history', 'add', history, a, b, '--series', 'v6e');
    expect(told).toEqual({ code: 0, stdout: stderr, stderr: '' });
  });

  it('of page has its path and its series, and the text goes to stderr', async () => {
    const [history, out] = [join(folder, 'history'), join(folder, 'page')];
    for (const series of ['default', 'v6e']) {
      await ended('history', 'add', history, await saved('result.json'), '--series', series);
    }
    const argv = process.argv[1];
    process.argv[1] = join(import.meta.dirname, '../../../src/cli.ts');
    try {
      const { code, stdout, stderr } = await ended('page', history, '--out', out, '--series', 'v6e', '--json');
      expect(code).toBe(0);
      const heading = expect.stringContaining('2.68×');
      expect(JSON.parse(stdout)).toEqual({
        path: join(out, 'index.html'),
        series: ['v6e', 'default'].map((series) => ({ series, heading, runs: 1, skipped: 0 })),
      });
      expect(existsSync(join(out, 'index.html'))).toBe(true);
      expect(await ended('page', history, '--out', out, '--series', 'v6e')).toEqual({
        ...{ code: 0, stdout: stderr, stderr: '' },
      });
    } finally {
      process.argv[1] = argv ?? '';
    }
  });

  it.each([
    [['history', 'add', 'history', 'none.json', '--json']],
    [['page', 'none', '--json']],
    [['history', 'add', '--json']],
    [['history', 'alert', '--branch', 'main', '--json']],
  ])('leaves stdout empty where the command is refused: %j', async (args) => {
    const { code, stdout, stderr } = await ended(...args);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).not.toBe('');
  });
});
