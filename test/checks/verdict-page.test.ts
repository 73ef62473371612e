import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CAUSES } from '../../src/lib/causes.ts';
import { VERDICT_NAMES } from '../../src/lib/verdicts.ts';
import { root } from './root.ts';

const PAGE = readFileSync(join(root, 'docs/verdict.md'), 'utf8');
/** Comments as the gate writes them. */
const COMMENTS = globSync('test/unit/report/golden/*.md', { cwd: root }).map((path) =>
  readFileSync(join(root, path), 'utf8'),
);

/** The text below a heading of the page. */
const below = (heading: string) => PAGE.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
const rowsOf = (heading: string) => [...below(heading).matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
const labelsOf = (heading: string) =>
  [...below(heading).matchAll(/^- (?:\*\*([^*]+)\*\*)(?: or \*\*([^*]+)\*\*)?/gm)].flatMap(([, one, other]) =>
    [one, other].filter((label) => label !== undefined),
  );

it('docs/verdict.md explains every verdict and every owner', () => {
  expect(rowsOf('The heading')).toEqual(VERDICT_NAMES);
  const owners = Object.values(CAUSES).flatMap((row) => [row.owner, ...('or' in row ? row.or : [])]);
  expect(new Set(rowsOf('The box'))).toEqual(new Set(owners));
});

it('docs/verdict.md explains every row of a table of measures', () => {
  const tables = COMMENTS.flatMap(
    (comment) => /^\| Result \| Measured \(limits\) \|\n([\s\S]*?)\n\n/m.exec(comment)?.[1] ?? [],
  );
  const labels = tables.flatMap((table) => [...table.matchAll(/^\| [^|]+ \| \**([A-Z][a-z]+(?: [a-z]+)*)/gm)]);
  const names = new Set(labels.map(([, label = '']) => label.replace(/^Against.*/, 'Against the base')));
  expect(names.size).toBeGreaterThan(5);
  expect(labelsOf('The table')).toEqual(expect.arrayContaining([...names]));
});

it.each([...labelsOf('The box').map((label) => `**${label}:`), ...labelsOf('The table')])(
  'docs/verdict.md explains "%s", which comments have',
  (label) => {
    expect(COMMENTS.filter((comment) => comment.includes(label))).not.toEqual([]);
  },
);
