import { COMMIT_MESSAGE, decoded } from './answers.ts';
import { guarded, unlessMissing } from './errors.ts';
import { octokitFor } from './octokit.ts';
import { type GithubAccess, requestSignal } from './retry.ts';

/**
 * The first line of the message of a commit; null for a text that is not a commit of the repository. Asks once. Needs
 * `contents: read`. Throws a Failure that names the permission.
 */
export async function commitSubject(access: GithubAccess, sha: string): Promise<string | null> {
  const { repository, signal } = access;
  if (!/^[0-9a-f]{40,64}$/.test(sha)) return null;
  const [owner = '', repo = ''] = repository.split('/');
  const { git } = octokitFor(access).rest;
  const request = { signal: requestSignal(signal) };
  return guarded({ repository, signal, permission: 'contents: read' }, `reading commit ${sha}`, () =>
    unlessMissing(async () => {
      const { data } = await git.getCommit({ owner, repo, commit_sha: sha, request });
      return decoded(COMMIT_MESSAGE, data).message.trim().split('\n')[0]?.trim() || null;
    }),
  );
}
