import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
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
const MANIFEST = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  engines: { node: string };
};
const SCRIPTS = Object.keys(MANIFEST.scripts);
/** Beside npm's, what CI runs or what prepares it. */
const BY_CI = [
  /^(?:\.ci\/run|scripts\/(?:zizmor|promtool|report-readers|dashboard-check))$/,
  /^npm ci( && npm (run rehearse|test))?$/,
  // Only for the peers of the bench, which needs a machine for itself.
  /^scripts\/bench-peers$/,
  /^npm test$/,
  /^export KUBEBUILDER_ASSETS="\$\(scripts\/kube-assets\)"$/,
  /^export STACK_ASSETS="\$\(scripts\/stack-assets\)"$/,
];

/**
 * The environment of a reader's shell: neither what npm sets for its scripts, nor the Node that `npm ci` installs. CI has
 * the oldest Node of README.md there.
 */
function asInstalled(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_)/i.test(name));
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'));
  return { ...Object.fromEntries(own), PATH: path.join(delimiter) };
}

const ALIASES = new Map(INPUTS.map(([input, { aliases = [] }]) => [input, aliases]));

const unmarked = BLOCKS.filter(({ block }) => !isMarked(block));
const marked = BLOCKS.filter(({ block }) => isMarked(block));

describe('a command of the pages that is not marked as needing something', () => {
  const folder = mkdtempSync(join(tmpdir(), 'commands-'));
  beforeAll(() => {
    // As a checkout: npx finds the command in the package of the folder that it is called in.
    for (const name of ['package.json', 'node_modules', 'dist']) symlinkSync(join(root, name), join(folder, name));
    for (const name of ['result.json', 'before.json', 'after.json']) {
      writeFileSync(join(folder, name), JSON.stringify(aReport()));
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // The quick start is walked as a whole, by test/workflows/measured/quickstart.test.ts.
  const commands = unmarked
    .filter(({ name }) => name !== 'docs/quickstart.md')
    .flatMap(({ name, block }) => commandsOf(block).map((command): [string, string] => [name, command]));

  /** Some commands are on several pages. */
  const outputs = new Map<string, Promise<string>>();
  const outputOf = async (command: string) =>
    (await run('bash', ['-c', command], { cwd: folder, env: asInstalled() })).stdout;

  // npx starts npm first, which takes seconds where the machine is busy.
  it.each(commands)('%s: %s', { timeout: 60_000 }, async (_, command) => {
    const script = /^npm run ([\w:]+)/.exec(command)?.[1];
    if (script) return expect(SCRIPTS).toContain(script);
    if (BY_CI.some((known) => known.test(command))) return;
    if (!/^npx tpu-serving-gate /.test(command)) {
      throw new Error('nothing runs this: mark its block, or make it a command of the gate');
    }
    const printed = outputs.get(command) ?? outputOf(command);
    outputs.set(command, printed);
    expect(await printed).not.toBe('');
  });
});

describe('the Node that a reader needs', () => {
  const [, least = ''] = /^>=(\d+)$/.exec(MANIFEST.engines.node) ?? [];

  it('is one number, with which CI runs all of it', () => {
    expect(readFileSync(join(root, '.github/workflows/ci.yml'), 'utf8')).toContain(`node: [${least}, `);
    const others = PAGES.flatMap(([name, text]) =>
      [...text.matchAll(/Node (\d+) or newer/g)].flatMap(([, stated]) =>
        stated === least ? [] : [`${name}: ${stated}`],
      ),
    );
    expect(others).toEqual([]);
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`Node ${least} or newer`);
  });

  it('starts no program of the gate itself, which needs a newer one: npm and npx do', () => {
    const direct = BLOCKS.flatMap(({ name, block }) =>
      commandsOf(block).flatMap((command) => (/(?:^|[;&|]\s*)node /.test(command) ? [`${name}: ${command}`] : [])),
    );
    expect(direct).toEqual([]);
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
        const [, npm, named] = /^(?:(npm run gate)|npx tpu-serving-gate (\S+))/.exec(command) ?? [];
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
  const pictures = [...text.matchAll(/\bsrc(?:set)?="([^"]+)"/g)];
  const links = [...pictures, ...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
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
