import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/registry.ts';
import { INPUTS } from '../../src/inputs/spec.ts';
import { aReport } from '../unit/report/fixtures.ts';
import { commandsOf, fences, isMarked, pages } from './fences.ts';
import { root } from './root.ts';

const run = promisify(execFile);
const PAGES = await pages();
const BLOCKS = PAGES.flatMap(([name, text]) => fences(text, 'sh').map((block) => ({ name, block })));
const SCRIPTS = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts as object);
/** Beside npm's, what CI runs or what prepares it. */
const BY_CI = [
  /^(?:\.ci\/run|scripts\/zizmor)$/,
  /^npm ci( && npm (run rehearse|test))?$/,
  /^npm test$/,
  /^export KUBEBUILDER_ASSETS="\$\(scripts\/kube-assets\)"$/,
  /^export STACK_ASSETS="\$\(scripts\/stack-assets\)"$/,
];

const ALIASES = new Map(INPUTS.map(([input, { aliases = [] }]) => [input, aliases]));

const unmarked = BLOCKS.filter(({ block }) => !isMarked(block));
const marked = BLOCKS.filter(({ block }) => isMarked(block));

describe('a command of the pages that is not marked as needing something', () => {
  const folder = mkdtempSync(join(tmpdir(), 'commands-'));
  beforeAll(() => {
    for (const name of ['result.json', 'before.json', 'after.json']) {
      writeFileSync(join(folder, name), JSON.stringify(aReport()));
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // The quick start is walked as a whole, by test/workflows/quickstart.test.ts.
  const commands = unmarked
    .filter(({ name }) => name !== 'docs/quickstart.md')
    .flatMap(({ name, block }) => commandsOf(block).map((command): [string, string] => [name, command]));

  it.each(commands)('%s: %s', async (_, command) => {
    const script = /^npm run ([\w:]+)/.exec(command)?.[1];
    if (script) return expect(SCRIPTS).toContain(script);
    if (BY_CI.some((known) => known.test(command))) return;
    const [, args] = /^node dist\/cli\.js (.*)$/.exec(command) ?? [];
    if (args === undefined) throw new Error('nothing runs this: mark its block, or make it a command of the gate');
    const { stdout } = await run(process.execPath, [join(root, 'dist/cli.js'), ...args.split(' ')], { cwd: folder });
    expect(stdout).not.toBe('');
  });
});

describe('a block that needs what no test has', () => {
  it.each(marked.map(({ name, block }): [string, string] => [name, block]))('%s is shell: %s', async (_, block) => {
    await run('bash', ['-n', '-c', block]);
  });

  it.each(marked.map(({ name, block }): [string, string] => [name, block]))(
    '%s names files and inputs that are there: %s',
    async (_, block) => {
      for (const command of commandsOf(block)) {
        for (const [path] of command.matchAll(/\b(?:manifests|dist|scripts)\/[\w./-]+/g)) {
          expect(await stat(join(root, path)).then(() => 'there'), path).toBe('there');
        }
        const [, npm, named] = /^(?:(npm run gate)|node dist\/cli\.js (\S+))/.exec(command) ?? [];
        if (!npm && !named) continue;
        const definition = COMMANDS.find(({ name: own }) => own === (npm ? 'run' : named));
        expect(definition, command).toBeDefined();
        const known = Object.keys(definition?.flags ?? {}).flatMap((flag) => [flag, ...(ALIASES.get(flag) ?? [])]);
        for (const [, flag] of command.matchAll(/ --([a-z][\w-]*)/g)) expect(known).toContain(flag);
      }
    },
  );
});

it.each(PAGES)('%s links to files and headings that exist', async (name, text) => {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
  for (const [, path = '', heading] of links) {
    const target = path === '' ? name : join(dirname(name), path);
    // The build writes this one.
    if (target === 'dist/licenses.txt') continue;
    expect(
      await stat(join(root, target)).then(
        () => 'there',
        () => 'missing',
      ),
      target,
    ).toBe('there');
    if (!heading) continue;
    const headings = [...readFileSync(join(root, target), 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
      slug(title ?? ''),
    );
    expect(headings, target).toContain(heading);
  }
});

/** As GitHub makes the anchor of a heading. */
function slug(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-');
}
