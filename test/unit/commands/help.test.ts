import { describe, expect, it, vi } from 'vitest';
import type { Flags } from '../../../src/commands/command.ts';
import { commandHelp, overview } from '../../../src/commands/help.ts';
import { visiblePaths } from '../../../src/commands/paths.ts';
import { COMMANDS } from '../../../src/commands/registry.ts';
import { RUN_GROUPS, SWEEP_GROUPS } from '../../../src/inputs/groups.ts';
import { namesIn } from '../../../src/inputs/spec.ts';
import { command } from './command.ts';

const PATHS = visiblePaths(COMMANDS);

async function written(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr]: string[][] = [[], []];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => stderr!.push(String(text)) > 0);
  try {
    const code = await command(args, {}, (line) => stdout!.push(line));
    return { code, stdout: stdout!.join('\n'), stderr: stderr!.join('') };
  } finally {
    spy.mockRestore();
  }
}

describe('help of a command', () => {
  it.each(PATHS.map(({ words }) => words))('%s: by "help", --help and -h, with every flag', async (words) => {
    const { command: shown } = PATHS.find((path) => path.words === words) ?? {};
    const help = await written('help', ...words.split(' '));
    expect([help.code, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain(`tpu-serving-gate ${words}: ${shown?.summary}.`);
    for (const name of Object.keys(shown?.flags ?? {})) {
      expect(help.stdout).toMatch(new RegExp(`^ {2}--${name}\\b`, 'm'));
    }
    // A long one takes several lines, as a shell reads them.
    const joined = help.stdout.replaceAll(/ \\\n +/g, ' ');
    for (const example of shown?.examples ?? []) expect(joined).toContain(`  tpu-serving-gate ${example}`);
    expect(await written(...words.split(' '), '--help')).toEqual(help);
    expect(await written(...words.split(' '), '-h')).toEqual(help);
  });

  it.each([40, 60, 100])('keeps an exit code beside its meaning on %d columns', (columns) => {
    const text = commandHelp(PATHS[0]!, columns);
    expect(text.slice(text.indexOf('Exit codes:'))).not.toMatch(/\d$|\u00a0/m);
  });

  it('is shown although other flags stand before it', async () => {
    const { stdout } = await written('history', '--series', 'add', 'show', '--help');
    expect(stdout).toContain('tpu-serving-gate history show:');
  });

  it('is not shown for what follows "--"', async () => {
    await expect(written('rehearse', '--scenaro', 'pass', '--', '--help')).rejects.toThrow('Unknown option');
  });
});

describe('help of one flag', () => {
  it('has its group, its description and the examples that use it', async () => {
    const { code, stdout } = await written('help', 'run', '--cluster');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^tpu-serving-gate run --cluster \(Cluster\)\n\n {2}--cluster VALUE\n/);
    expect(stdout.replaceAll(/ \\\n +/g, ' ')).toContain('tpu-serving-gate run --cluster my-cluster');
    expect(stdout).not.toContain('--node-pool VALUE');
  });

  it.each(PATHS.flatMap(({ words, command: { flags = {} } }) => Object.keys(flags).map((name) => [words, name])))(
    '%s --%s',
    async (words, name) => {
      const { code, stdout } = await written('help', ...words!.split(' '), `--${name}`);
      expect([code, stdout]).toEqual([0, expect.stringContaining(`\n  --${name}`)]);
    },
  );

  it('suggests the nearest for one that is misspelt', async () => {
    expect(await written('help', 'run', '--clutser')).toMatchObject({
      code: 3,
      stderr: '"run" has no flag --clutser; did you mean --cluster?\n',
    });
  });
});

describe('help at a narrow terminal', () => {
  it.each(PATHS)('of $words has no line beyond 60 columns, unless a word is longer', ({ words, command: shown }) => {
    for (const text of [commandHelp({ words, command: shown }, 60), overview(PATHS, 60)]) {
      expect(text.split('\n').filter((line) => line.length > 60 && line.trim().includes(' '))).toEqual([]);
    }
  });
});

describe('the definitions', () => {
  const flags = PATHS.flatMap(({ words, command: { flags: own = {} as Flags } }) =>
    Object.entries(own).map(([name, flag]): [string, string, string] => [words, name, flag.description]),
  );

  it.each(flags)('%s --%s has a description', (_, __, description) => {
    expect(description).toMatch(/^[\p{Lu}`].{5,}\.$/su);
  });

  it('give every command a summary on one line, and examples of itself', () => {
    for (const { words, command: shown } of PATHS) {
      expect(shown.summary).toMatch(/^[^\n]{10,}[^.]$/);
      for (const { description } of shown.positionals ?? []) expect(description).toMatch(/\.$/);
      if (shown.subcommands) continue;
      expect(shown.examples?.length).toBeGreaterThan(0);
      for (const example of shown.examples ?? []) expect(`${example} `.startsWith(`${words} `)).toBe(true);
    }
  });

  it('take the flags of run, sweep and cleanup from the table of inputs', () => {
    const names = (wanted: string) => Object.keys(COMMANDS.find(({ name }) => name === wanted)?.flags ?? {}).sort();
    expect(names('run')).toEqual([...namesIn(RUN_GROUPS), 'json', 'quiet'].sort());
    expect(names('sweep')).toEqual([...namesIn(SWEEP_GROUPS), 'json'].sort());
    expect(names('cleanup')).toEqual([...namesIn(SWEEP_GROUPS), 'json', 'node-pool'].sort());
  });
});

describe('a word that is misspelt', () => {
  it.each<[args: string[], answer: string]>([
    [['runn'], 'Command "runn" is not known; did you mean "run"?\n'],
    [['restore'], 'Command "restore" is not known; did you mean "run --mode restore"?\n'],
    [['help', 'histroy'], 'Command "histroy" is not known; did you mean "history"?\n'],
    [['help', 'history', 'shwo'], 'Command "history shwo" is not known; did you mean "history show"?\n'],
    [['lab', '--scenario', 'stokcout'], 'Scenario "stokcout" is not known; did you mean "stockout"?\n'],
    [['rehearse', '--scenario', 'pas'], 'Scenario "pas" is not known; did you mean "pass"?\n'],
    [['completion', 'bsh'], 'Give one shell: bash, zsh, fish. Did you mean "bash"?\n'],
    [['completion'], 'Give one shell: bash, zsh, fish.\n'],
    [['history', 'shwo', 'x'], expect.stringContaining('Give "add FOLDER RESULT…"')],
  ])('%j', async (args, stderr) => {
    expect(await written(...args)).toEqual({ code: 3, stdout: '', stderr });
  });

  it('is named for a mode, below its problem', async () => {
    const where = ['--cluster', 'llmd', '--location', 'europe-west4-a', '--project-id', 'ecoeng-llmd'];
    const { code, stderr } = await written('run', '--mode', 'nightli', ...where);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^--mode is "nightli"; allowed: .*\.\nDid you mean --mode nightly\?\n$/);
  });

  it.each(['sweep', 'cleanup'])('is refused by %s and not repeated when it belongs to no flag', async (name) => {
    expect(await written(name, 'ghs_secret')).toEqual({
      code: 3,
      stdout: '',
      stderr: 'A word belongs to no flag; give each choice as --name value.\n',
    });
  });
});
