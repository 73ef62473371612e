import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { LEAN_PACKAGES, writeLean } from '../scripts/build/lean.ts';
import { root } from './checks/root.ts';
import { TESTED_CLI } from './cli.ts';

/** Beside `src/` and `dist/`, for the command line looks for `manifests/` above the folder that it lies in. */
const FOLDER = join(root, 'bundled');
const CLI_FILE = join(FOLDER, 'cli.mjs');

/** What packages in CommonJS have in a module. */
const COMMON_JS = `import { createRequire as requireFor } from 'node:module';
const require = requireFor(import.meta.url);
const { filename: __filename, dirname: __dirname } = import.meta;`;

/** Members of node:http that load the client behind `fetch` when they are read. */
const OF_FETCH = ['WebSocket', 'CloseEvent', 'MessageEvent'];

/**
 * An `import` of node:http reads every member of it, which loads the client behind `fetch` in a tenth of the time that a
 * gate takes to start. In dist/ it is required, which reads nothing.
 */
const REQUIRED_HTTP: Plugin = {
  name: 'required-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:node:)?http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'node:http', namespace: 'required' } : undefined,
    );
    const names = Object.keys(http).filter((name) => !OF_FETCH.includes(name));
    const contents = `const http = process.getBuiltinModule('node:http');
export default http;
export const { ${names.join(', ')} } = http;`;
    onLoad({ filter: /^/, namespace: 'required' }, () => ({ contents }));
  },
};

/**
 * Makes a few files of the command line, of these sources and of the packages as dist/ has them. Tests start hundreds of
 * gates. From a few files each starts in half of the CPU time that 2,000 files take.
 */
export async function setup(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const lean = await leanFolder();
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src', 'cli.ts')],
    absWorkingDir: root,
    bundle: true,
    // A lab reads nothing of the gate, nor a gate of the lab.
    splitting: true,
    write: false,
    outdir: FOLDER,
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    platform: 'node',
    target: 'node24',
    banner: { js: COMMON_JS },
    alias: Object.fromEntries(LEAN_PACKAGES.map((name) => [name, join(lean, 'node_modules', name)])),
    plugins: [REQUIRED_HTTP],
    legalComments: 'none',
    logLevel: 'error',
    tsconfigRaw: {},
  });
  // The entry comes last, so that whatever it names is there.
  const files = outputFiles.toSorted((a, b) => Number(a.path === CLI_FILE) - Number(b.path === CLI_FILE));
  for (const { path, contents } of files) await replace(path, contents);
  await prune();
  process.env[TESTED_CLI] = CLI_FILE;
}

/**
 * Lean copies of the packages. The names of the bundled files depend on the path of this folder, and Node keeps compiled
 * code by name, so that it stays the same until the packages change.
 */
async function leanFolder(): Promise<string> {
  const cache = join(root, 'node_modules', '.cache');
  const hash = createHash('sha256');
  const builders = ['lean', 'container', 'undici'].map((name) => `scripts/build/${name}.ts`);
  for (const name of ['package-lock.json', ...builders]) hash.update(await readFile(join(root, name)));
  const folder = join(cache, `lean-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const made = await mkdtemp(join(cache, 'making-lean-'));
  await writeLean(root, made);
  // Another test run may have made it meanwhile.
  await rename(made, folder).catch(() => rm(made, { recursive: true }));
  return folder;
}

/** Other test runs may be starting the file now: a rename leaves it whole for them. */
async function replace(path: string, contents: Uint8Array): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, contents);
  await rename(unfinished, path);
}

/** Removes what was made of other sources a day ago or earlier: no test run uses it any more. */
async function prune(): Promise<void> {
  for (const name of await readdir(FOLDER)) {
    const path = join(FOLDER, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (mtimeMs < Date.now() - 86_400_000) await rm(path, { force: true });
  }
}
