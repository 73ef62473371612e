import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Writes files into a folder that is made if need be; answers the folder's full path. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true });
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(path, name), text)));
  return path;
}

/** Writes a file so that a reader finds the old text or the new one, never a part. Makes its folder. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  await writeFile(beside, text);
  await rename(beside, path);
}

/** Names of what is in a folder; none when there is no such folder. */
export function listFiles(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** The file's text, or null when it cannot be read. */
export function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}
