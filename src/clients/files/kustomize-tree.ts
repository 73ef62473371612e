import { lstat, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { readKustomization } from './kustomization.ts';
import { badManifest, inside, isOutside, labelOf, readBounded } from './workspace-path.ts';

const MOST_FILES = 500;
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * Copies a kustomization and everything that it may lead to into another folder, at the same way from there as from the
 * root: regular files below the root, without links, of bounded size and number. A text that is a path by chance is
 * copied too; what is not copied does not exist for kustomize. Refuses every way out of the root.
 */
export async function copyTree(root: string, start: string, into: string): Promise<void> {
  const copied = new Set<string>();
  let bytes = 0;
  const copy = async (path: string): Promise<void> => {
    if (copied.has(path)) return;
    copied.add(path);
    if (copied.size > MOST_FILES) throw badManifest(`${labelOf(root, start)} leads to more than ${MOST_FILES} files.`);
    const text = await readBounded(root, path);
    bytes += text.length;
    if (bytes > MOST_BYTES) throw badManifest(`${labelOf(root, start)} leads to more than ${MOST_BYTES} bytes.`);
    const target = join(into, relative(root, path));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  };
  const visit = async (folder: string, trail: readonly string[]): Promise<void> => {
    if (trail.includes(folder)) throw badManifest(`${labelOf(root, folder)} includes itself.`);
    const kustomization = await readKustomization(root, folder);
    await mkdir(join(into, relative(root, folder)), { recursive: true });
    if (!kustomization || copied.has(kustomization.file)) return;
    await copy(kustomization.file);
    for (const name of kustomization.names) {
      const path = resolve(folder, name);
      if (isOutside(root, path)) await inside(root, path);
      const info = await lstat(path).catch(() => null);
      if (!info) continue;
      await inside(root, path);
      if (info.isDirectory()) {
        if (path !== folder) await visit(path, [...trail, folder]);
        else throw badManifest(`${labelOf(root, folder)} includes itself.`);
      } else await copy(path);
    }
  };
  await visit(start, []);
}
