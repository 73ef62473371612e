import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isOutside } from './workspace-path.ts';

/** Result files have some megabytes; more would be somebody else's. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Writes files into a folder, which is made if need be. Returns the folder's full path. No file is written through a
 * link: a link in the place of a file is replaced, and a folder that leads out of `root` is refused.
 */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
  root = process.cwd(),
): Promise<string> {
  const path = resolve(folder);
  await makeFolder(path, root);
  await Promise.all(Object.entries(files).map(([name, text]) => replaceWhole(join(path, name), text)));
  return path;
}

/** Writes a file so that a reader finds the old text or the new one, never a part. Makes its folder. */
export async function replaceFile(path: string, text: string, root = process.cwd()): Promise<void> {
  await makeFolder(dirname(resolve(path)), root);
  await replaceWhole(path, text);
}

/** A new file of a name that nobody can know takes the place of what is there: a link, a FIFO or a file. */
async function replaceWhole(path: string, text: string): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await writeFile(beside, text, { flag: 'wx' });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/**
 * Makes a folder. What is checked out may have a link in its place or above it: below `root` none may lead out of it, and
 * nothing is made behind one.
 */
export async function makeFolder(path: string, root: string): Promise<void> {
  const base = resolve(root);
  if (!isOutside(base, path)) {
    const [real, realBase] = await Promise.all([realpathOfNearest(path), realpath(base)]);
    if (isOutside(realBase, real)) throw new Error(`${path} is a link out of ${base}`);
  }
  await mkdir(path, { recursive: true });
}

/** The real path of a folder, or of the nearest one above it that exists. */
async function realpathOfNearest(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const above = dirname(path);
    if (above === path) throw error;
    return realpathOfNearest(above);
  }
}

/** Whether there is a folder. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Names of what is in a folder; none when there is no such folder. */
export function listFiles(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** The file's text, or null when it cannot be read. Never waits for a FIFO or a device: only files are read. */
export async function readText(path: string): Promise<string | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const info = await file.stat();
      return info.isFile() && info.size <= MOST_BYTES ? await file.readFile('utf8') : null;
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}
