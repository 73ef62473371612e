import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, rm } from 'node:fs/promises';
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

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Bytes that are searched at a time for the end of a line. */
const STEP_BYTES = 65_536;

/**
 * Gives what a killed process has left of such a file its name, up to the end of its last whole line. Of several the newest
 * has it, and the others are removed. Does nothing where there is none.
 */
export async function finishLeft(folder: string, name: string): Promise<void> {
  const path = resolve(folder);
  const isLeft = (file: string) =>
    file.startsWith(`.${name}.`) && file.endsWith('.tmp') && UUID.test(file.slice(name.length + 2, -'.tmp'.length));
  const names = (await readdir(path).catch(() => [])).filter(isLeft);
  const left = await Promise.all(names.map(async (file) => ({ file, stats: await lstat(join(path, file)) })));
  const [newest, ...others] = left
    .filter(({ stats }) => stats.isFile())
    .sort((a, b) => b.stats.mtimeMs - a.stats.mtimeMs)
    .map(({ file }) => join(path, file));
  if (newest === undefined) return;
  await cutToLines(newest);
  await rename(newest, join(path, name));
  for (const other of others) await rm(other, { force: true });
}

/** Cuts off what stands behind the last line end. */
async function cutToLines(path: string): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    let end = (await file.stat()).size;
    while (end > 0) {
      const from = Math.max(0, end - STEP_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(end - from), 0, end - from, from);
      const at = buffer.subarray(0, bytesRead).lastIndexOf('\n');
      end = at < 0 ? from : from + at + 1;
      if (at >= 0) break;
    }
    await file.truncate(end);
  } finally {
    await file.close();
  }
}
