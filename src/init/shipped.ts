import { join } from 'node:path';
import { listFiles, readText } from '../clients/files/write.ts';
import { DEFAULT_MANIFESTS } from './files.ts';

/** Subfolders of the stack that ships with the gate. */
const FOLDERS = ['', 'networkpolicies'];

/**
 * The stack that ships with the gate, as files of the repository by their paths, where the repository has no folder of that
 * name. Empty where it has one, and for a folder of the user's own.
 */
export async function shippedStack(options: {
  packageRoot: string;
  root: string;
  manifests: string;
}): Promise<Record<string, string>> {
  const { packageRoot, root, manifests } = options;
  if (manifests !== DEFAULT_MANIFESTS || (await listFiles(join(root, manifests))).length > 0) return {};
  const files: Record<string, string> = {};
  for (const folder of FOLDERS) {
    const from = join(packageRoot, DEFAULT_MANIFESTS, folder);
    for (const name of (await listFiles(from)).filter((each) => each.endsWith('.yaml')).sort()) {
      const text = await readText(join(from, name));
      if (text !== null) files[join(DEFAULT_MANIFESTS, folder, name)] = text;
    }
  }
  return files;
}
