import { constants } from 'node:fs';
import { lstat, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Of the largest file of inputs that is read, bytes. */
const MOST_BYTES = 64 * 1024;

/**
 * The text of a file of a checkout by its path in it; null where there is none. A link, a folder, a device and a large file
 * are a problem, as is a folder above it that is a link.
 */
export async function readConfigFile(
  root: string,
  path: string,
): Promise<{ text: string | null } | { problem: string }> {
  const full = join(root, path);
  const [above, found] = await Promise.all([dirname(full), full].map((each) => lstat(each).catch(() => null)));
  if (!above || !found) return { text: null };
  const isPlain = above.isDirectory() && found.isFile() && found.size <= MOST_BYTES;
  if (!isPlain) return { problem: `${path} must be a plain file of at most ${MOST_BYTES / 1024} KiB, and no link.` };
  const file = await open(full, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return { text: await file.readFile('utf8') };
  } finally {
    await file.close();
  }
}

/** Whether a folder is a checkout of a repository. */
export async function isCheckout(root: string): Promise<boolean> {
  return (await lstat(join(root, '.git')).catch(() => null)) !== null;
}

/** Whether there is a folder at a path. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}
