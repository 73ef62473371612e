import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../../scripts/build/bundle.ts';
import { writeLean } from '../../scripts/build/lean.ts';
import { installationOf, missingFrom } from '../../scripts/build/licenses.ts';
import { compareTrees, readTree, writeTree } from '../../scripts/build/trees.ts';
import { root } from './root.ts';

const run = promisify(execFile);

/** As tsc emits it from src/: ES modules, an entry that imports the rest lazily. */
const COMPILED: Record<string, string> = {
  'bundle.js': `export function run(name) {
      ({ main: () => import('./main.js'), cli: () => import('./cli.js') })[name]().then(({ start }) => start());
    }`,
  'main.js': `import { parse } from 'yaml'; export const start = () => console.log('main', parse('a: 1').a);`,
  'cli.js': `import { root } from './lib/root.js'; export const start = () => console.log('cli', root);`,
  'lib/root.js': `import { dirname, resolve } from 'node:path'; import { fileURLToPath } from 'node:url';
    export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');`,
};

describe('the build', () => {
  let folder = '';
  let built: Map<string, string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'build-'));
    built = await buildOf(COMPILED);
    await writeTree(join(folder, 'bare/dist'), built);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('runs in a folder without node_modules', async () => {
    const start = async (name: string) => (await run(process.execPath, [join(folder, 'bare/dist', name)])).stdout;
    expect(await start('main.js')).toBe('main 1\n');
    expect(await start('cli.js')).toBe(`cli ${join(folder, 'bare')}\n`);
  });

  it('runs a module when something of it is first used, and one that is imported for its effects at once', async () => {
    const compiled = {
      'bundle.js': `export const run = () => import('./main.js').then(({ start }) => start());`,
      'main.js': `import './effect.js'; import { Late, late } from './late.js'; import * as all from './all.js'; import { parse } from 'yaml';
        import own, { named } from './own.js'; import old from './old.cjs'; import { basename } from 'node:path';
        class Later { make() { return new Late('made'); } }
        export const start = () => {
          console.log('start'); late(); console.log(new Later().make() instanceof Late, all.value, own, named(), old.it, basename('/a/b'));
          if (process.argv.length > 9) parse('');
        };`,
      'effect.js': `console.log('effect'); export const unused = 1;`,
      'late.js': `console.log('late'); export class Late {} export const late = () => console.log('called');`,
      'all.js': `export * from './own.js'; export const value = 7;`,
      'own.js': `import { value } from './all.js'; export default 'default'; export const named = () => value + 1;`,
      'old.cjs': `module.exports = { it: 'old' };`,
    };
    await writeTree(join(folder, 'lazy/dist'), await buildOf(compiled));
    const { stdout } = await run(process.execPath, [join(folder, 'lazy/dist/main.js')]);
    expect(stdout).toBe('effect\nstart\nlate\ncalled\ntrue 7 default 8 old b\n');
  });

  it('reads a chunk when a module of it is first used', async () => {
    const dist = join(folder, 'bare/dist/bundle');
    const chunk = (await readdir(dist)).find((name) => built.get(`bundle/${name}`)?.includes('YAMLParseError')) ?? '';
    const broken = join(folder, 'broken/dist');
    await writeTree(broken, new Map([...built, [`bundle/${chunk}`, 'throw new Error("read")']]));
    const start = (name: string) => run(process.execPath, [join(broken, name)]);
    expect((await start('cli.js')).stdout).toMatch(/^cli /);
    await expect(start('main.js')).rejects.toThrow('read');
  });

  it('keeps what one entrypoint needs away from the other', () => {
    const chunks = [...built].filter(([, text]) => text.includes('YAMLParseError')).map(([name]) => name);
    expect(chunks).toHaveLength(1);
    expect(chunks[0]).toMatch(/^bundle\/\d+\.index\.js$/);
  });

  it('collects the licences of what it bundles', () => {
    expect(built.get('licenses.txt')).toMatch(/^yaml\nISC\n/m);
    expect(built.get('licenses.txt')).not.toContain('esbuild');
  });

  it('collects the licences of what a package carries within its own files', async () => {
    const compiled = { 'bundle.js': `import { JSONPath } from 'jsonpath-plus'; export const run = () => JSONPath;` };
    const licences = (await buildOf(compiled)).get('licenses.txt') ?? '';
    for (const name of ['jsonpath-plus', 'jsep', '@jsep-plugin/assignment', '@jsep-plugin/regex']) {
      expect(licences).toMatch(new RegExp(`^${name}\nMIT\n.+`, 'm'));
    }
    const installation = await installationOf(root);
    expect(missingFrom(licences, installation)).toEqual([]);
    expect(missingFrom(licences.replace(/^jsep$/m, 'x'), installation)).toEqual(['node_modules/jsep']);
  });

  it('is the same again, byte for byte', async () => {
    expect(compareTrees(await buildOf(COMPILED), built)).toEqual([]);
  });

  it('refuses what no other checkout could reproduce', async () => {
    const compiled = { 'bundle.js': `export const run = () => console.log(${JSON.stringify(root)});` };
    await expect(buildOf(compiled)).rejects.toThrow('dist/bundle/index.js contains the path of this checkout');
  });

  it('refuses what is required and not there', async () => {
    const compiled = {
      'bundle.js': `import { createRequire } from 'node:module'; import './old.cjs'; export const run = () => createRequire;`,
      'old.cjs': `exports.config = require('./config.json');`,
    };
    await expect(buildOf(compiled)).rejects.toThrow('dist/bundle/index.js requires ./config.json, which was not found');
  });

  it('refuses import.meta where CommonJS has none', async () => {
    const compiled = { 'bundle.js': 'export const run = () => console.log(import.meta.dirname);' };
    await expect(buildOf(compiled)).rejects.toThrow('dist/bundle/index.js contains import.meta');
  });
});

describe('the lean copies of packages', () => {
  const folder = join(root, 'build', 'lean-test');
  beforeAll(() => writeLean(root, folder));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const copy = (path: string) => import(pathToFileURL(join(folder, 'node_modules', path)).href);

  it('have what src/ imports of them', async () => {
    const kubernetes = await copy('@kubernetes/client-node/dist/index.js');
    expect(Object.keys(kubernetes).sort()).toEqual(['HttpMethod', 'KubeConfig', 'PortForward', 'RequestContext']);
    const { ClusterManagerClient } = (await copy('@google-cloud/container/build/src/index.js')).default;
    const client = new ClusterManagerClient({
      fallback: true,
      projectId: 'p',
      authClient: { getRequestHeaders: async () => ({}), universeDomain: 'googleapis.com' },
    });
    await client.initialize();
    expect(Object.keys(client.innerApiCalls)).toContain('setNodePoolSize');
    await client.close();
  });

  it('have what src/ and their own modules import of undici', async () => {
    const imported = async (from: string) => {
      const files = await readdir(from, { recursive: true });
      const texts = files.filter((name) => /\.[jt]s$/.test(name)).map((name) => readFile(join(from, name), 'utf8'));
      const lists = (await Promise.all(texts)).map(
        (text) => /^import \{ ([^}]+?),? \} from 'undici'/m.exec(text)?.[1] ?? '',
      );
      return lists.flatMap((list) => list.split(/,\s*/)).filter((name) => name !== '' && !name.startsWith('type '));
    };
    const names = async (...folders: string[]) =>
      (await Promise.all(folders.map(imported))).flat().map((name) => name.replace(/ as .*/, ''));
    const packages = join(folder, 'node_modules');
    const requests = await names(join(root, 'src'), join(packages, '@kubernetes'));
    expect(requests).toEqual(expect.arrayContaining(['request', 'Agent', 'Client', 'EnvHttpProxyAgent', 'ProxyAgent']));
    const undici = (await copy('undici/index.js')).default;
    expect(requests.filter((name) => !(name in undici))).toEqual([]);
    const github = '@actions/github/node_modules';
    expect(await names(join(packages, '@actions/github/lib'))).toEqual(['fetch']);
    expect(Object.keys((await copy(`${github}/undici/index.js`)).default)).toEqual(['ProxyAgent', 'fetch']);
    const client = await readFile(join(packages, github, '@actions/http-client/lib/index.js'), 'utf8');
    expect(new Set(client.match(/(?<=undici_1\.)\w+/g))).toEqual(new Set(['ProxyAgent']));
    expect(Object.keys(await copy('@actions/github/lib/github.js'))).toContain('getOctokit');
  });

  it('name what was left out where it is used', async () => {
    const { KubeConfig, PortForward } = await copy('@kubernetes/client-node/dist/index.js');
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'c', server: 'http://127.0.0.1:9' }, { name: 'u' });
    const forward = new PortForward(config).portForwardService('n', 'service', [80], null, null, null);
    await expect(forward).rejects.toThrow('CoreV1Api is left out of dist/');
  });
});

describe('dist/', () => {
  it('holds at most 10 MB', async () => {
    const bytes = [...(await readTree(join(root, 'dist'))).values()].reduce((sum, { length }) => sum + length, 0);
    expect(bytes).toBeLessThan(10e6);
  });

  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dist-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is replaced as a whole, and its command can be executed', async () => {
    const dist = join(folder, 'dist');
    await mkdir(dist);
    await writeFile(join(dist, 'left-over.js'), '');
    await writeTree(
      dist,
      new Map([
        ['cli.js', '#!/usr/bin/env node\n'],
        ['bundle/1.index.js', '1'],
      ]),
    );
    expect([...(await readTree(dist)).keys()].sort()).toEqual(['bundle/1.index.js', 'cli.js']);
    expect((await stat(join(dist, 'cli.js'))).mode & 0o111).not.toBe(0);
    expect(await readFile(join(dist, 'bundle/1.index.js'), 'utf8')).toBe('1');
  });

  it('differs by missing, unexpected and different files', () => {
    const wanted = new Map([
      ['a', '1'],
      ['b', '1'],
      ['same', '1'],
    ]);
    const found = new Map([
      ['b', '2'],
      ['c', '1'],
      ['same', '1'],
    ]);
    expect(compareTrees(wanted, found)).toEqual([
      { name: 'a', kind: 'missing' },
      { name: 'b', kind: 'different' },
      { name: 'c', kind: 'unexpected' },
    ]);
  });

  it('has no files when it does not exist', async () => {
    expect(await readTree(join(folder, 'none'))).toEqual(new Map());
  });
});

async function buildOf(compiled: Record<string, string>): Promise<Map<string, string>> {
  // Inside the checkout, where ncc finds node_modules, and always at the same place, since ncc numbers chunks by their
  // path in the checkout. Git ignores build/.
  const source = join(root, 'build', 'test');
  try {
    await writeTree(source, new Map(Object.entries(compiled)));
    return await bundle({ entry: join(source, 'bundle.js'), entries: ['main', 'cli'], root });
  } finally {
    await rm(source, { recursive: true, force: true });
  }
}
