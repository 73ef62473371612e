import { basename, dirname, join } from 'node:path';
import type { TextStore } from './text-store.ts';
import { listFiles, readText, writeFiles } from './write.ts';

/** A folder, for one writer at a time. */
export function folderStore(root: string): TextStore {
  return {
    async read(folder) {
      const paths = (await listFiles(join(root, folder))).map((name) => `${folder}/${name}`);
      const texts = await Promise.all(paths.map(async (path) => [path, await readText(join(root, path))] as const));
      return new Map(texts.filter((each): each is [string, string] => each[1] !== null));
    },
    list: async (folder) => (await listFiles(join(root, folder))).sort(),
    async update(changes) {
      for (const [path, change] of changes) {
        const text = change((await readText(join(root, path))) ?? '');
        await writeFiles(join(root, dirname(path)), { [basename(path)]: text });
      }
    },
  };
}
