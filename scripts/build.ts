/**
 * `node scripts/build.ts` writes dist/ from src/; `--check` builds into a temporary folder and compares it with dist/ byte for byte.
 * tsc emits JavaScript first, because ncc reads TypeScript through an interface that TypeScript 7 does not have.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { bundle, LICENSES } from './build/bundle.ts';
import { ENTRIES } from './build/entries.ts';
import { writeLean } from './build/lean.ts';
import { installationOf, refuseUnlicensed } from './build/licenses.ts';
import { loadScript } from './build/load.ts';
import { pageAssets } from './build/page.ts';
import { compareTrees, readTree, writeTree } from './build/trees.ts';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');

async function build(folder: string): Promise<Map<string, Buffer>> {
  const compiled = join(root, 'build');
  // Left-overs of renamed sources must not be found by ncc.
  await rm(compiled, { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root }).catch((error) => {
    throw new Error(`tsc refused src/:\n${error.stdout || error.message}`);
  });
  await writeLean(root, compiled);
  const files = await bundle({ entry: join(compiled, 'src', 'bundle.js'), entries: ENTRIES, root });
  const { script, style, licence } = await pageAssets(root);
  files.set('load.js', await loadScript(root));
  files.set('page/page.js', script);
  files.set('page/page.css', style);
  // ncc does not see what only a browser runs.
  files.set(LICENSES, `${files.get(LICENSES)}\n${licence}`);
  refuseUnlicensed(files.get(LICENSES) ?? '', await installationOf(root));
  await writeTree(folder, files);
  return readTree(folder);
}

async function check(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'dist-'));
  try {
    const differences = compareTrees(await build(folder), await readTree(dist));
    if (differences.length === 0) {
      console.log('dist/ is what src/ builds to.');
      return true;
    }
    console.error('dist/ is not what src/ builds to:');
    for (const { name, kind } of differences) console.error(`  ${kind.padEnd(10)}  dist/${name}`);
    console.error('Run "npm ci && npm run build" and commit dist/.');
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function write(): Promise<boolean> {
  const files = await build(dist);
  const bytes = [...files.values()].reduce((sum, content) => sum + content.length, 0);
  console.log(`dist/: ${files.size} files, ${(bytes / 1e6).toFixed(1)} MB`);
  return true;
}

// ncc resolves assets against the working directory.
process.chdir(root);
const ok = await (process.argv.includes('--check') ? check() : write()).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return false;
});
process.exitCode = ok ? 0 : 1;
