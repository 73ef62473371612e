import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withInputs } from '../../scripts/docs/action-inputs.ts';
import { causesTable, inputsTable, outputsTable, replaceBetween, scenariosTable } from '../../scripts/docs/tables.ts';
import { root } from './root.ts';

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
  const cause = { cause: 'a.b', title: 'A', owners: ['change', 'cluster'], looksLike: 'x', remedy: '' };
  const lines = causesTable([cause, { ...cause, remedy: 'kubectl get b' }, { ...cause, cause: 'a.c' }]).split('\n');
  expect(lines.slice(2)).toEqual([
    '| `a.b` | A | change or cluster | x | kubectl get b |',
    '| `a.c` | A | change or cluster | x | as the comment says |',
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

describe.each(['CONTRIBUTING.md', 'docs/architecture.md', 'README.md'])('%s', (page) => {
  it('names only files and folders that exist', async () => {
    const text = await readFile(join(root, page), 'utf8');
    const named = [...text.matchAll(/`((?:src|lab|test|scripts|docs|manifests)\/[\w./-]*)`/g)].map(([, path]) => path!);
    const missing = named.filter((path) => !existsSync(join(root, path)));
    expect(missing).toEqual([]);
  });
});

it('CONTRIBUTING.md says where to change what people ask most about', async () => {
  const text = await readFile(join(root, 'CONTRIBUTING.md'), 'utf8');
  const rows = [...text.matchAll(/^\| ([^|]+?) \| .*`(?:src|lab)\//gm)].map(([, question]) => question);
  expect(rows).toEqual([
    'an input',
    'a preflight check',
    'support for a KServe version',
    'a row in the comment',
    'a cause',
    'the stop rule',
    'a TPU family',
    'an output format',
    'a lab fault',
    'a mode',
  ]);
});
describe('withInputs', () => {
  const FILE = [
    'name: x',
    '',
    'inputs:',
    '  # Where',
    '  pool:',
    '    description: >-',
    '      The pool,',
    '      by name.',
    '  pairs:',
    '    description: How many.',
    "    default: '6'",
    '',
    '  # Other',
    '  gone:',
    '    description: Nobody reads it.',
    '',
    'outputs:',
    '  verdict:',
    '    description: The verdict.',
    '',
  ].join('\n');
  const pool = { description: 'The pool, by name.' };
  const pairs = { description: 'How many.', default: '6' };
  const gone = { description: 'Nobody reads it.' };

  it('leaves a file alone that states every input', () => {
    expect(withInputs(FILE, { pairs, pool, gone })).toBe(FILE);
  });

  it('writes anew what is stated wrongly, and nothing else', () => {
    const description = 'How many: a whole number.';
    expect(withInputs(FILE, { pool, pairs: { description, default: '7' }, gone })).toBe(
      FILE.replace('description: How many.', 'description: "How many: a whole number."').replace("'6'", '"7"'),
    );
    expect(withInputs(FILE, { pool, pairs: { description: 'How many.' }, gone })).toBe(
      FILE.replace("    default: '6'\n", ''),
    );
  });

  it('adds an input at the end and removes one that is gone', () => {
    const text = withInputs(FILE, { pool, pairs, more: { description: 'More.' } });
    expect(text).not.toContain('gone:');
    expect(text).toContain('  # Other\n  more:\n    description: More.\n\noutputs:\n  verdict:\n');
  });

  it('refuses a file without inputs', () => {
    expect(() => withInputs('name: x\n', { pool })).toThrow('needs a section "inputs"');
  });
});
