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

/** One more name of a type: the file, a text in it, and the text that has the name. */
type Change = [file: string, before: string, after: string];

/** The files of src/ that the compiler refuses once types have one more name. */
async function refusedWith(...changes: Change[]): Promise<string[]> {
  const texts = await Promise.all(changes.map(([file]) => readFile(join(folder, file), 'utf8')));
  for (const [index, [file, before, after]] of changes.entries()) {
    const text = texts[index] as string;
    expect(text.split(before)).toHaveLength(2);
    await writeFile(join(folder, file), text.replace(before, after));
  }
  try {
    return await refused();
  } finally {
    for (const [index, [file]] of changes.entries()) await writeFile(join(folder, file), texts[index] as string);
  }
}

function refused(): Promise<string[]> {
  // Several threads each check what they share once more, and other tests use the cores.
  const args = [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.', '--singleThreaded'];
  return new Promise((resolve) => {
    // The compiler ends before collecting garbage would pay: without it a fifth of the CPU time is saved.
    const env = { ...process.env, GOGC: 'off' };
    execFile(process.execPath, args, { cwd: folder, env, maxBuffer: 1e8 }, (_error, stdout) => {
      const files = [...stdout.matchAll(/^(\S+?)\(\d+,\d+\): error/gm)].map(([, name]) => name as string);
      resolve([...new Set(files)].sort());
    });
  });
}

// Nothing else is refused, so that the unchanged sources are compiled here too.
describe('one more name', { timeout: 90_000 }, () => {
  // No table is of modes and verdicts both.
  it('of a mode that runs stages is missing in its groups of inputs, the table of traits and the registry; of a verdict, wherever one means something to a reader', async () => {
    const files = await refusedWith(
      ['src/lib/modes.ts', "| 'restore';", "| 'restore' | 'extra';"],
      ['src/lib/verdicts.ts', "| 'error';\n\n/** What", "| 'error' | 'extra';\n\n/** What"],
    );
    const ofMode = ['src/inputs/groups.ts', 'src/lib/modes.ts', 'src/modes/registry.ts'];
    const ofVerdict = [
      'src/commands/exit-codes.ts',
      'src/history/page/signs.ts',
      'src/lib/verdicts.ts',
      'src/report/headline.ts',
      'src/verdict/comparisons.ts',
      'src/verdict/slo.ts',
    ];
    expect(files).toEqual([...ofMode, ...ofVerdict].sort());
  });

  it('of a mode of one step is missing in the tables of modes too', async () => {
    const files = await refusedWith(['src/lib/modes.ts', "RunMode | 'cleanup'", "RunMode | 'extra' | 'cleanup'"]);
    expect(files).toEqual(['src/inputs/groups.ts', 'src/lib/modes.ts', 'src/modes/registry.ts']);
  });
});
