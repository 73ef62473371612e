import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

/** Every file below `folder` by relative path with forward slashes; empty when the folder does not exist. */
export async function readTree(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  const files = new Map<string, Buffer>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(folder, path).split(sep).join('/'), await readFile(path));
  }
  return files;
}

/** Replaces `folder` by exactly these files. */
export async function writeTree(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const [name, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
}

export interface Difference {
  name: string;
  kind: 'missing' | 'unexpected' | 'different';
}

/** How `found` differs from `wanted`, byte for byte, sorted by name. */
export function compareTrees(
  wanted: ReadonlyMap<string, string | Buffer>,
  found: ReadonlyMap<string, string | Buffer>,
): Difference[] {
  const differences: Difference[] = [];
  for (const name of [...new Set([...wanted.keys(), ...found.keys()])].sort()) {
    const left = wanted.get(name);
    const right = found.get(name);
    if (right === undefined) differences.push({ name, kind: 'missing' });
    else if (left === undefined) differences.push({ name, kind: 'unexpected' });
    else if (!Buffer.from(left).equals(Buffer.from(right))) differences.push({ name, kind: 'different' });
  }
  return differences;
}
