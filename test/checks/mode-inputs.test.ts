import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inputsByMode, modesOf, modesText, sectionsIn } from '../../scripts/docs/mode-inputs.ts';
import { rowOf } from '../../src/inputs/spec.ts';
import { MODE_NAMES } from '../../src/lib/modes.ts';
import { root } from './root.ts';

const ACTION = readFileSync(join(root, 'action.yml'), 'utf8');

describe('the sections of action.yml', () => {
  it('have every input once, below a heading', () => {
    const sections = sectionsIn(ACTION);
    const names = sections.flatMap((section) => section.names);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('github-token');
    expect(sections.map(({ title }) => title)).toContain('Load');
    expect(sections.filter(({ names: own }) => own.length === 0)).toEqual([]);
  });

  it('cannot be read with an input above the first heading', () => {
    expect(() =>
      sectionsIn('inputs:\n  mode:\n    description: x\n  # Where\n  cluster:\n    description: x\n'),
    ).toThrow('no heading above mode');
  });
});

describe('the inputs of a mode', () => {
  it.each([
    ['expires-in', ['deploy', 'restore']],
    ['read-only', ['preflight']],
    ['pairs', ['validate', 'nightly', 'preflight']],
    ['result', ['report']],
    ['command-verdict', ['command']],
    ['cluster', ['validate', 'nightly', 'preflight', 'deploy', 'restore', 'cleanup']],
  ])('%s is for %j', (name, modes) => {
    expect(modesOf(rowOf(name))).toEqual(modes);
  });

  it('are a section where the mode takes most of it, and names where it does not', () => {
    const sections = [
      { title: 'Where', names: ['cluster', 'location', 'pairs'] },
      { title: 'Load', names: ['pairs', 'prompt-tokens'] },
    ];
    const byMode = inputsByMode(sections, (name) => modesOf(rowOf(name)));
    expect(byMode.map(({ mode }) => mode)).toEqual(MODE_NAMES);
    expect(byMode.find(({ mode }) => mode === 'deploy')).toEqual({
      mode: 'deploy',
      most: [{ title: 'Where', without: ['pairs'] }],
      single: ['prompt-tokens'],
    });
    expect(byMode.find(({ mode }) => mode === 'command')).toEqual({ mode: 'command', most: [], single: [] });
  });

  it('are every run in a word', () => {
    expect(modesText(['validate', 'nightly', 'preflight', 'deploy', 'restore', 'cleanup'])).toBe(
      'every run, `cleanup`',
    );
    expect(modesText(['deploy', 'restore'])).toBe('`deploy`, `restore`');
  });
});
