import { join } from 'node:path';
import { readText, replaceFile } from '../clients/files/write.ts';

/** A file that is as it should be now. */
export interface Written {
  path: string;
  how: 'written' | 'unchanged' | 'replaced';
}

/**
 * Writes files into a checkout. Where a file is there and differs, nothing is written and its path is returned, unless
 * `force` replaces it.
 */
export async function writeAll(
  root: string,
  files: Readonly<Record<string, string>>,
  force: boolean,
): Promise<{ written: Written[] } | { differing: string[] }> {
  const states = await Promise.all(
    Object.entries(files).map(async ([path, text]) => ({ path, text, before: await readText(join(root, path)) })),
  );
  const differing = states.filter(({ text, before }) => before !== null && before !== text);
  if (differing.length > 0 && !force) return { differing: differing.map(({ path }) => path) };
  const written: Written[] = [];
  for (const { path, text, before } of states) {
    if (before !== text) await replaceFile(join(root, path), text, root);
    written.push({ path, how: before === null ? 'written' : before === text ? 'unchanged' : 'replaced' });
  }
  return { written };
}
