import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './root.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'types-'));
  for (const name of ['src', 'lab', 'docs', 'package.json', 'tsconfig.json']) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  // The lab is compiled as far as src/ imports it; its tests are not the question.
  const config = JSON.parse(await readFile(join(folder, 'tsconfig.json'), 'utf8'));
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ ...config, include: ['src'] }));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The files of src/ that the compiler refuses once a type has one more name. */
async function refusedWith(file: string, before: string, after: string): Promise<string[]> {
  const path = join(folder, file);
  const text = await readFile(path, 'utf8');
  expect(text.split(before)).toHaveLength(2);
  await writeFile(path, text.replace(before, after));
  try {
    return await refused();
  } finally {
    await writeFile(path, text);
  }
}

function refused(): Promise<string[]> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', '.'], { cwd: folder, maxBuffer: 1e8 }, (_error, stdout) => {
      const files = [...stdout.matchAll(/^(\S+?)\(\d+,\d+\): error/gm)].map(([, name]) => name as string);
      resolve([...new Set(files)].sort());
    });
  });
}

describe('one more name', () => {
  it('is the only thing that the compiler would refuse', async () => {
    expect(await refused()).toEqual([]);
  });

  it('of a mode that runs stages is missing in its groups of inputs, the table of traits and the registry, and nowhere else', async () => {
    const files = await refusedWith('src/lib/modes.ts', "| 'restore';", "| 'restore' | 'extra';");
    expect(files).toEqual(['src/inputs/groups.ts', 'src/lib/modes.ts', 'src/modes/registry.ts']);
  });

  it('of a mode of one step is missing there too', async () => {
    const files = await refusedWith('src/lib/modes.ts', "RunMode | 'cleanup'", "RunMode | 'extra' | 'cleanup'");
    expect(files).toEqual(['src/inputs/groups.ts', 'src/lib/modes.ts', 'src/modes/registry.ts']);
  });

  it('of a verdict is missing wherever a verdict means something to a reader', async () => {
    const files = await refusedWith(
      'src/lib/verdicts.ts',
      "| 'error';\n\n/** What",
      "| 'error' | 'extra';\n\n/** What",
    );
    expect(files).toEqual([
      'src/commands/exit-codes.ts',
      'src/history/page/view.ts',
      'src/lib/verdicts.ts',
      'src/report/headline.ts',
    ]);
  });
});
