import { PULL_REQUEST } from './answers.ts';
import { octokitFor } from './octokit.ts';
import { callingWith, type GithubAccess } from './retry.ts';

/**
 * The commit at the head of a pull request now, as a full hash. Needs `pull-requests: read`. Throws a Failure that names the
 * permission, or that the answer has no commit.
 */
export async function pullRequestHead(access: GithubAccess, pullRequest: number): Promise<string> {
  const [owner = '', repo = ''] = access.repository.split('/');
  const { pulls } = octokitFor(access).rest;
  const calling = callingWith(access, 'pull-requests: read');
  const doing = `reading pull request ${pullRequest}`;
  const { head } = await calling(doing, PULL_REQUEST, (signal) =>
    pulls.get({ owner, repo, pull_number: pullRequest, request: { signal } }),
  );
  return head.sha;
}
