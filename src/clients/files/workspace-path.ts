import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, relative, sep } from 'node:path';
import { Failure } from '../../lib/failure.ts';

const MOST_BYTES = 1024 * 1024;

/** The real path, refused when it leaves the root (a real path), also by a symbolic link. */
export async function inside(root: string, path: string): Promise<string> {
  const real = await realpath(path).catch(() => path);
  if (isOutside(root, real)) {
    throw badManifest(`${basename(path)} lies outside of ${basename(root)}; only files below it are read.`);
  }
  // A link within is not a way out, but what a reviewer reads must be what is applied.
  if (real !== path && path.startsWith(`${root}${sep}`)) {
    throw badManifest(`${relative(root, path)} is or lies behind a symbolic link; only files and folders are read.`);
  }
  return real;
}

/** Whether a path leads out of a folder. Does not look at links. */
export function isOutside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}

/** The path as a reader knows it: from the root on. */
export function labelOf(root: string, path: string): string {
  return relative(root, path) || basename(path);
}

/** The text of a regular file below the root, of at most 1 MiB. */
export async function readBounded(root: string, path: string): Promise<string> {
  const real = await inside(root, path);
  const info = await stat(real).catch(() => null);
  if (!info) throw badManifest(`${labelOf(root, path)} does not exist.`);
  // A pipe without a writer would be waited for without end.
  if (!info.isFile()) throw badManifest(`${labelOf(root, path)} is not a regular file.`);
  if (info.size > MOST_BYTES) {
    throw badManifest(`${labelOf(root, path)} has ${info.size} bytes; at most ${MOST_BYTES} are read of one manifest.`);
  }
  return readFile(real, 'utf8');
}

/** A Failure of the file that the input `manifests` names, or of one that it leads to. */
export function badManifest(message: string): Failure {
  return new Failure({
    stage: 'preflight',
    code: 'bad-manifest',
    message,
    hint: 'Correct the input "manifests" or the file that it names.',
  });
}
