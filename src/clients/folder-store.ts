import { basename, dirname, join } from 'node:path';
import { listFiles, readText, writeFiles } from './files.ts';
import type { TextStore } from './text-store.ts';

/** A folder, for one writer at a time. */
export function folderStore(root: string): TextStore {
  return {
    async list(folder) {
      return (await listFiles(join(root, folder))).map((name) => `${folder}/${name}`);
    },
    read: (path) => readText(join(root, path)),
    async update(changes) {
      for (const [path, change] of changes) {
        const text = change((await readText(join(root, path))) ?? '');
        await writeFiles(join(root, dirname(path)), { [basename(path)]: text });
      }
    },
  };
}
