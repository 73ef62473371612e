/**
 * `node scripts/build.ts` writes dist/ from src/; `--check` builds into a temporary folder and compares it with dist/ byte for byte.
 * tsc emits JavaScript first, because ncc reads TypeScript through an interface that TypeScript 7 does not have.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { distFiles } from './build/files.ts';
import { compareTrees, readTree, writeTree } from './build/trees.ts';

const root = resolve(import.meta.dirname, '..');
const dist = join(root, 'dist');

async function build(folder: string): Promise<Map<string, Buffer>> {
  await writeTree(folder, await distFiles(root));
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
