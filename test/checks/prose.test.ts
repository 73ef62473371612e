import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { figuresOf, offencesIn } from '../../scripts/prose/rule.ts';
import { sentencesOf } from '../../scripts/prose/sentences.ts';
import { offencesInSource } from '../../scripts/prose/sources.ts';
import { root } from './root.ts';

const words = (count: number) => Array.from({ length: count }, (_, index) => `Word${index}`).join(' ');

describe('the sentences of a page', () => {
  it.each<[string, string, number[]]>([
    ['a paragraph over two lines', 'One two\nthree. Four five.', [3, 2]],
    ['inline code as one word', 'Run `npm ci && npm test` first. `a b` is code.', [3, 3]],
    ['the text of a link, not its target', 'See [the page](https://a.example/b-c?d=e) now.', [4]],
    ['nothing of code blocks and comments', '```sh\nnpm run this that\n```\n\n<!-- one two three -->\n\nOne.', [1]],
    ['items of a list, nested too', '- One two.\n- Three.\n  - Four five six.', [2, 1, 3]],
    ['cells of a table', '| One two | Three |\n| --- | --- |\n| Four five six | `x` |', [2, 1, 3, 1]],
    ['a heading and the alternative text of an image', '# One two\n\n![Three four five](x.png)', [2, 3]],
    ['a number with a point', 'It takes 2.5 s on v1.2 of it.', [8]],
    ['no word in a dash', 'One – two.', [2]],
  ])('count %s', (_, page, expected) => {
    expect(sentencesOf(page).map((sentence) => sentence.words)).toEqual(expected);
  });

  it('have the line of their block, and a mean over paragraphs and lists', () => {
    const page = '# A heading of five words\n\nOne two.\n\n- One two three four.\n\n| One |\n| --- |\n| Two |\n';
    expect(sentencesOf(page).map(({ line }) => line)).toEqual([1, 3, 5, 7, 9]);
    expect(figuresOf(page)).toEqual({ sentences: 2, mean: 3, longest: 5 });
  });
});

describe('the rule', () => {
  it.each([
    ['paragraph', `${words(31)}.`],
    ['cell', `| ${words(31)} |\n| --- |`],
    ['heading', `# ${words(31)}`],
    ['item', `- ${words(31)}`],
  ])('names a sentence of 31 words in a %s, with its place', (_, page) => {
    const place = /^a\.md:3: 31 words, at most 30: Word0 /;
    expect(offencesIn('a.md', `One.\n\n${page}`)).toContainEqual(expect.stringMatching(place));
    const shorter = page.replace('Word30', '');
    expect(offencesIn('a.md', `One.\n\n${shorter}`)).not.toContainEqual(expect.stringContaining('at most 30'));
  });

  it('names a page whose sentences are too long on average', () => {
    expect(offencesIn('a.md', `${words(15)}. ${words(16)}.`)).toEqual([
      'a.md: 15.5 words in a sentence on average, at most 15.',
    ]);
    expect(offencesIn('a.md', `${words(15)}. ${words(15)}.`)).toEqual([]);
  });

  it.each([
    'There is none.',
    'This picker is none of them.',
    'A pool of ours.',
    'The reader is told.',
    'It gives back the nodes.',
    'It gives the three leased nodes back.',
    'Giving the nodes\nback takes minutes.',
    'Whatever became of the run.',
    'It is the way back.',
    'It plays another day.',
    'The Speed-up is large.',
    'A page is no answer.',
  ])('names the dialect in "%s"', (text) => {
    expect(offencesIn('a.md', text).filter((line) => / write /.test(line))).not.toEqual([]);
  });

  it.each([
    'It gives the pool up to the next run. The nodes come back.',
    'It is no longer there. If there is no pool, create one.',
    'The run is over; none is left.',
    'Write `the way back` or `gives back` in code.',
    'The speedup is 2.5.',
  ])('passes "%s"', (text) => {
    expect(offencesIn('a.md', text)).toEqual([]);
  });
});

describe('the dialect in sources', () => {
  it.each([
    ['a comment over two lines', '/**\n * A pool of\n * ours.\n */', 'src/a.ts:2: "of ours"'],
    ['a text', "const hint = 'The nodes are given back.';", 'src/a.ts:1: "given back"'],
    ['a doc comment', '\n/** Answers the lease. */', 'src/a.ts:2: "* Answers the"'],
    ['a line comment', 'x();\n// It waits in vain.', 'src/a.ts:2: "in vain"'],
  ])('is found in %s', (_, text, place) => {
    expect(offencesInSource('src/a.ts', text)).toEqual([expect.stringContaining(place)]);
  });

  it.each([
    '/** Null where there is none of it. */',
    '// The nodes come back.',
    "'Answers are short.'",
    'const towhom = 1;',
  ])('is not found in %s', (text) => {
    expect(offencesInSource('src/a.ts', text)).toEqual([]);
  });
});

describe('node scripts/prose.ts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'prose-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const prose = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(root, 'scripts/prose.ts'), ...args]).then(
      ({ stdout }) => ({ code: 0, text: stdout }),
      (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr }),
    );

  it('fails for a page, a new one too, and names each offence', async () => {
    mkdirSync(join(folder, 'docs'));
    writeFileSync(join(folder, 'README.md'), 'All is well.\n');
    expect(await prose(folder)).toEqual({ code: 0, text: '1 pages and 0 source files are in plain English.\n' });
    writeFileSync(join(folder, 'docs/new.md'), 'Of the nodes there is none.\n');
    expect(await prose(folder)).toEqual({
      code: 1,
      text: 'docs/new.md:1: "is none": write "is not one", or the fact.\n1 offences against plain English.\n',
    });
  });

  it('fails where it finds nothing to look at', async () => {
    expect((await prose(join(folder, 'elsewhere'))).code).toBe(1);
  });

  it('is part of npm run check, and passes', async () => {
    const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
    expect(manifest.scripts.check).toContain('node scripts/prose.ts');
    expect((await prose()).text).toMatch(/^\d+ pages and \d{3} source files are in plain English\.$/m);
  });
});
