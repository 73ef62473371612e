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

/** The commit that is checked out; null where that cannot be read, as in a folder that is no checkout. */
export async function headCommit(root: string): Promise<string | null> {
  const head = (await readText(join(root, '.git', 'HEAD')))?.trim() ?? '';
  const ref = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1];
  if (ref === undefined) return isCommit(head) ? head : null;
  if (ref.split('/').includes('..')) return null;
  const loose = (await readText(join(root, '.git', ref)))?.trim() ?? '';
  if (isCommit(loose)) return loose;
  const packed = (await readText(join(root, '.git', 'packed-refs'))) ?? '';
  const line = packed.split('\n').find((each) => each.endsWith(` ${ref}`)) ?? '';
  const commit = line.split(' ')[0] ?? '';
  return isCommit(commit) ? commit : null;
}

/**
 * `owner/name@commit` of a checkout whose remote "origin" is on GitHub; null where either cannot be read, as in a folder that
 * was unpacked from an archive.
 */
export async function checkedOut(root: string): Promise<string | null> {
  const [repository, commit] = await Promise.all([githubRemote(root), headCommit(root)]);
  return repository === null || commit === null ? null : `${repository}@${commit}`;
}

const isCommit = (text: string) => /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(text);
