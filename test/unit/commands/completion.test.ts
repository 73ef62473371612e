import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { visiblePaths } from '../../../src/commands/paths.ts';
import { COMMANDS } from '../../../src/commands/registry.ts';
import { command } from './command.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
const scripts = new Map<string, string>();

beforeAll(async () => {
  for (const shell of SHELLS) {
    expect(await command(['completion', shell], {}, (text) => scripts.set(shell, text))).toBe(0);
  }
});

describe.each(SHELLS)('the script for %s', (shell) => {
  it('has every command, flag and scenario, and nothing hidden', () => {
    const script = scripts.get(shell) ?? '';
    for (const { words, command: shown } of visiblePaths(COMMANDS)) {
      expect(script).toContain(words);
      for (const name of Object.keys(shown.flags ?? {})) {
        expect(script).toMatch(new RegExp(shell === 'fish' ? `-l ${name}\\b` : `--${name}\\b`));
      }
    }
    for (const word of ['stockout', 'preflight', 'junit', 'on-failure']) expect(script).toContain(word);
    expect(script).not.toContain('lab-process');
  });
});

/** Shells of this machine. */
const THERE = SHELLS.filter((shell) => spawnSync(shell, ['-c', 'true']).status === 0);

it.each(THERE)('%s understands its script', (shell) => {
  const { status, stderr } = spawnSync(shell, ['-n'], { input: scripts.get(shell) ?? '', encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

describe.runIf(THERE.includes('bash'))('in bash', () => {
  /** What bash offers for the last of these words. */
  function offered(...words: string[]): string[] {
    const ask = `
      source <(cat)
      complete -p tpu-serving-gate > /dev/null || exit 1
      COMP_WORDS=(tpu-serving-gate "$@") COMP_CWORD=$#
      _tpu_serving_gate
      printf '%s\\n' "\${COMPREPLY[@]}"
    `;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', ask, 'bash', ...words], {
      input: scripts.get('bash') ?? '',
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    return stdout.split('\n').filter((line) => line !== '');
  }

  it.each<[words: string[], offers: string[]]>([
    [['re'], ['report', 'rehearse']],
    [
      ['history', ''],
      ['add', 'show', 'alert', '--series', '--branch', '--help'],
    ],
    [['history', 'show', '--s'], ['--series']],
    [['history', 'add', '--j'], ['--json']],
    [['history', 'alert', '--j'], ['--json']],
    [['page', '--j'], ['--json']],
    [['help', 'history', 's'], ['show']],
    [['run', '--mod'], ['--mode']],
    [['run', '--mode', 'pre'], ['preflight']],
    [
      ['run', '--mode', '='],
      ['auto', 'validate', 'nightly', 'preflight', 'deploy', 'restore'],
    ],
    [['run', '--mode', '=', 'de'], ['deploy']],
    [
      ['run', '--json', '--on-busy', ''],
      ['wait', 'stop'],
    ],
    [['rehearse', '--scenario', 'stockout-l'], ['stockout-late']],
    [['report', '--format', 'ju'], ['junit']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', '--help'],
    ],
    // Names of files, which bash completes itself.
    [['run', '--manifests', 'de'], []],
  ])('%j', (words, offers) => {
    expect(offered(...words)).toEqual(offers);
  });
});
