import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { distFiles } from '../../../scripts/build/files.ts';
import { writeTree } from '../../../scripts/build/trees.ts';
import { root } from '../../checks/root.ts';

let made: Promise<string> | undefined;

/** Folder of a `dist/` of the sources as they are, beside the manifests that ship with it. Built once in a process. */
export function freshDist(): Promise<string> {
  made ??= build();
  return made;
}

async function build(): Promise<string> {
  process.chdir(root);
  const folder = await mkdtemp(join(tmpdir(), 'bench-dist-'));
  await writeTree(join(folder, 'dist'), await distFiles(root));
  await cp(join(root, 'manifests'), join(folder, 'manifests'), { recursive: true });
  return join(folder, 'dist');
}

/** Removes what was built. */
export async function removeDist(): Promise<void> {
  if (made) await rm(join(await made, '..'), { recursive: true, force: true });
}
