import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MAP, type Tree } from '../../../fixtures/guard/kustomizations.ts';

/** Writes a workspace, with a folder `outside` beside it, and removes it when `use` has ended. */
export async function withTree(tree: Tree, use: (root: string) => Promise<void>): Promise<void> {
  const outer = await realpath(await mkdtemp(join(tmpdir(), 'tree-')));
  const root = join(outer, 'workspace');
  try {
    await write(join(outer, 'outside/a.yaml'), MAP);
    await write(join(outer, 'outside/kustomization.yaml'), 'resources: [a.yaml]\n');
    for (const [name, text] of Object.entries(tree.inside)) await write(join(root, name), text);
    for (const [name, target] of Object.entries(tree.links ?? {})) await symlink(join(root, target), join(root, name));
    await use(root);
  } finally {
    await rm(outer, { recursive: true, force: true });
  }
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
