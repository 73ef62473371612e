import { RUN } from './answers.ts';
import { statusOf } from './errors.ts';
import { octokitFor } from './octokit.ts';
import { asking, timerWait } from './retry.ts';

export interface GithubRuns {
  /** Whether a run of this repository, by its page, has ended long enough ago; null for any other page and without the permission. */
  runEnded(page: string): Promise<boolean | null>;
}

/** A post step may still be releasing the nodes when GitHub calls a run completed. */
const GRACE_MS = 10 * 60_000;

/** GitHub's workflow runs, as the sweeper uses them. Needs `actions: read`. */
export function createGithubRuns(options: {
  token: string;
  repository: string;
  serverUrl: string;
  apiUrl: string | undefined;
  signal: AbortSignal;
}): GithubRuns {
  const { repository, signal } = options;
  const [owner = '', repo = ''] = repository.split('/');
  const octokit = octokitFor(options);
  const retry = { signal, wait: timerWait };
  const own = `${options.serverUrl}/${repository}/actions/runs/`;
  return {
    async runEnded(page) {
      const [, id, attempt] = (page.startsWith(own) && /^(\d+)\/attempts\/(\d+)$/.exec(page.slice(own.length))) || [];
      if (!id || !attempt) return null;
      try {
        const run = await asking(
          RUN,
          (inner) =>
            octokit.rest.actions.getWorkflowRunAttempt({
              owner,
              repo,
              run_id: Number(id),
              attempt_number: Number(attempt),
              request: { signal: inner },
            }),
          retry,
        );
        return run.status === 'completed' && Date.parse(run.updated_at) + GRACE_MS <= Date.now();
      } catch (error) {
        // A run that was deleted and one that may not be read look the same: the lease's own end decides.
        const status = statusOf(error);
        if (status === 403 || status === 404) return null;
        throw error;
      }
    },
  };
}
