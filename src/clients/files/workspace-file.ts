import { readFile, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Failure } from '../../lib/failure.ts';
import { inside } from './workspace-path.ts';

/**
 * The text of a file that an input names, below the workspace and of bounded size; a link out of it is refused. `refused`
 * makes the Failure of a sentence that names the input.
 */
export async function readWorkspaceFile(options: {
  input: string;
  path: string;
  root: string;
  mostBytes: number;
  refused: (message: string) => Failure;
}): Promise<string> {
  const { input, path, mostBytes, refused } = options;
  const root = await realpath(options.root);
  const file = await inside(root, resolve(root, path)).catch(() => {
    throw refused(`"${input}" is "${path}", which lies outside of the workspace; only files below it are read.`);
  });
  const info = await stat(file).catch(() => null);
  if (!info?.isFile()) throw refused(`"${input}" is "${path}", which is not a file of the workspace.`);
  if (info.size > mostBytes) {
    throw refused(`"${input}" is "${path}" of ${info.size} bytes; at most ${mostBytes} are read.`);
  }
  return readFile(file, 'utf8');
}
