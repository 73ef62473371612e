import { join } from 'node:path';
import { readText } from './write.ts';

/** `owner/name` of the remote "origin" of a checkout, where that is on GitHub; null otherwise. */
export async function githubRemote(root: string): Promise<string | null> {
  const text = (await readText(join(root, '.git', 'config'))) ?? '';
  const [, section = ''] = /^\[remote "origin"\]\s*\n((?:[ \t].*\n?)*)/m.exec(text) ?? [];
  const url = /^\s*url\s*=\s*(\S+)\s*$/m.exec(section)?.[1] ?? '';
  return /github\.com[:/]([\w-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(url)?.[1] ?? null;
}

/** The default branch as the remote had it when it was cloned; null where the checkout does not have it. */
export async function defaultBranch(root: string): Promise<string | null> {
  const text = (await readText(join(root, '.git', 'refs', 'remotes', 'origin', 'HEAD'))) ?? '';
  return /^ref: refs\/remotes\/origin\/(\S+)/.exec(text)?.[1] ?? null;
}
