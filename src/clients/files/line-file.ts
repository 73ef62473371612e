import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from './write.ts';

/** A file that grows while a run goes on, under a name that nobody can know, and gets its own name once it is whole. */
export interface LineFile {
  /** Writes text behind what is there. Rejects when it cannot be written. */
  append(text: string): Promise<void>;
  /** Gives the file its name, in place of what bears it. A file of which nothing was written is empty. */
  finish(): Promise<void>;
  /** Removes what was written so far. Never rejects. */
  discard(): Promise<void>;
}

/** Opens such a file in a folder, which is made with the first text. A folder that leads out of `root` is refused. */
export function lineFile(folder: string, name: string, root = process.cwd()): LineFile {
  const path = resolve(folder);
  const unfinished = join(path, `.${name}.${randomUUID()}.tmp`);
  let opening: Promise<FileHandle> | undefined;
  const opened = () => {
    opening ??= makeFolder(path, root).then(() => open(unfinished, 'wx'));
    return opening;
  };
  const close = async () => {
    await (await opened()).close();
  };
  return {
    async append(text) {
      await (await opened()).appendFile(text);
    },
    async finish() {
      await close();
      await rename(unfinished, join(path, name));
    },
    async discard() {
      if (!opening) return;
      await close().catch(() => {});
      await rm(unfinished, { force: true }).catch(() => {});
    },
  };
}
