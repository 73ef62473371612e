import { describe, expect, it } from 'vitest';
import { causesTable, inputsTable, outputsTable, replaceBetween, scenariosTable } from '../../scripts/docs/tables.ts';

describe('the tables of README.md', () => {
  it('show name, default and meaning of every input', () => {
    const inputs = {
      pairs: { description: 'From the first look\nto the last.\n', default: '6-15' },
      comment: { description: '`on` | `off`.', default: '' },
    };
    expect(inputsTable({ inputs })).toBe(
      [
        '| Input | Default | Meaning |',
        '| --- | --- | --- |',
        '| `pairs` | `6-15` | From the first look to the last. |',
        '| `comment` |  | `on` \\| `off`. |',
      ].join('\n'),
    );
  });

  it('show how every scenario ends', () => {
    const expected = { exitCode: 2, verdict: 'error', cause: 'gke.stockout' };
    expect(scenariosTable([{ name: 'stockout', summary: 'no capacity', expect: expected }])).toContain(
      '| `stockout` | no capacity | error | `gke.stockout` | 2 |',
    );
  });

  it('cannot be made with a description missing', () => {
    expect(() =>
      inputsTable({ inputs: { nodes: { default: '3' }, pairs: { description: ' ' }, ok: { description: 'x' } } }),
    ).toThrow('action.yml: no description for input "nodes", "pairs".');
    expect(() => outputsTable({ outputs: { verdict: null } })).toThrow('no description for output "verdict"');
  });
});

it('the table of causes has each once, with what to do where a rule says it', () => {
  const cause = { cause: 'a.b', title: 'A', blame: 'change', looksLike: 'x', remedy: '' };
  const lines = causesTable([cause, { ...cause, remedy: 'kubectl get b' }, { ...cause, cause: 'a.c' }]).split('\n');
  expect(lines.slice(2)).toEqual([
    '| `a.b` | A | change | x | kubectl get b |',
    '| `a.c` | A | change | x | as the comment says |',
  ]);
});

describe('replaceBetween', () => {
  it('replaces what stands between the markers and nothing else', () => {
    const once = replaceBetween('a\n<!-- t -->\nold\n<!-- /t -->\nb\n', 't', 'new', 'README.md');
    expect(once).toBe('a\n<!-- t -->\n\nnew\n\n<!-- /t -->\nb\n');
    expect(replaceBetween(once, 't', 'new', 'README.md')).toBe(once);
  });

  it.each(['no markers', '<!-- t --> open', '<!-- /t --> <!-- t -->', '<!-- t --><!-- /t --><!-- t --><!-- /t -->'])(
    'refuses "%s"',
    (text) => {
      expect(() => replaceBetween(text, 't', 'new', 'README.md')).toThrow('<!-- t --> and <!-- /t --> exactly once');
    },
  );
});
