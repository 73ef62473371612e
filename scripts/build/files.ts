import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle, LICENSES } from './bundle.ts';
import { ENTRIES } from './entries.ts';
import { writeLean } from './lean.ts';
import { installationOf, refuseUnlicensed } from './licenses.ts';
import { loadScript } from './load.ts';
import { pageAssets } from './page.ts';

/**
 * The text of every file of dist/ by relative path, from the src/ of `root`, which must be the working directory: ncc
 * resolves assets against it. Replaces the folder `build`. Throws an error with the compiler's own words where tsc refuses
 * src/.
 */
export async function distFiles(root: string): Promise<Map<string, string>> {
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
  return files;
}
