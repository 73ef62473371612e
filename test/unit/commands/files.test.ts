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
});
