import { octokitFor } from './octokit.ts';
import { callingWith, type GithubAccess } from './retry.ts';

/** What GitHub returns of a pull request, as far as it is read. Nothing of it is certain before it is checked. */
interface PullRequest {
  head?: { sha?: unknown } | null;
}

const SHA = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/**
 * The commit at the head of a pull request now, as a full hash. Needs `pull-requests: read`. Throws a Failure that names the
 * permission, and an error for a reply without a commit.
 */
export async function pullRequestHead(access: GithubAccess, pullRequest: number): Promise<string> {
  const [owner = '', repo = ''] = access.repository.split('/');
  const { pulls } = octokitFor(access).rest;
  const calling = callingWith(access, 'pull-requests: read');
  const doing = `reading pull request ${pullRequest}`;
  const { data } = await calling(doing, (signal) =>
    pulls.get({ owner, repo, pull_number: pullRequest, request: { signal } }),
  );
  const sha = (data as PullRequest | null)?.head?.sha;
  if (typeof sha !== 'string' || !SHA.test(sha)) throw new Error('the reply has no commit');
  return sha;
}
