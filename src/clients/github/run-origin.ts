import { REPOSITORY, RUN_ORIGIN } from './answers.ts';
import { octokitFor } from './octokit.ts';
import { callingWith, type GithubAccess } from './retry.ts';

/** Where a workflow run comes from, as GitHub has it. */
export interface RunOrigin {
  isCompleted: boolean;
  event: string;
  sha: string;
  branch: string | null;
  /** Whether the branch is the default branch of the repository, and its commits lie there. */
  isOwn: boolean;
}

/**
 * Asks GitHub about one attempt of a run of the repository. Needs `actions: read`. Throws a Failure for a run that does not
 * exist or may not be read.
 */
export async function runOrigin(
  access: GithubAccess,
  { id, attempt }: { id: string; attempt: number },
): Promise<RunOrigin> {
  const [owner = '', repo = ''] = access.repository.split('/');
  const { actions, repos } = octokitFor(access).rest;
  const calling = callingWith(access, 'actions: read');
  const place = { owner, repo };
  const repository = await calling('reading the repository', REPOSITORY, (signal) =>
    repos.get({ ...place, request: { signal } }),
  );
  const run = await calling(`reading run ${id}`, RUN_ORIGIN, (signal) =>
    actions.getWorkflowRunAttempt({
      ...place,
      run_id: Number(id),
      attempt_number: attempt,
      request: { signal },
    }),
  );
  const branch = run.head_branch ?? null;
  return {
    isCompleted: run.status === 'completed',
    event: run.event,
    sha: run.head_sha,
    branch,
    isOwn: branch === repository.default_branch && run.head_repository?.full_name === repository.full_name,
  };
}
