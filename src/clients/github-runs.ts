import { statusOf, timerWait, withRetries } from './github-errors.ts';
import { octokitFor } from './octokit.ts';

export interface GithubRuns {
  /** Whether a run of this repository, by its page, has ended long enough ago; null for any other page and without the permission. */
  runEnded(page: string): Promise<boolean | null>;
  /** Writes the one issue whose body begins with the marker, or makes it; its address. */
  upsertIssue(issue: { marker: string; title: string; body: string }): Promise<string>;
}

/** A post step may still be giving the nodes back when GitHub calls a run completed. */
const GRACE_MS = 10 * 60_000;
const ISSUE_PAGES = 3;

/** GitHub's workflow runs and issues, as the sweeper uses them. Needs `actions: read` and `issues: write`. */
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
        const { data } = await withRetries(
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
        return data.status === 'completed' && Date.parse(data.updated_at) + GRACE_MS <= Date.now();
      } catch (error) {
        // A run that was deleted and one that may not be read look the same: the lease's own end decides.
        const status = statusOf(error);
        if (status === 403 || status === 404) return null;
        throw error;
      }
    },
    async upsertIssue({ marker, title, body }) {
      const text = `${marker}\n${body}`;
      for (let page = 1; page <= ISSUE_PAGES; page += 1) {
        const { data } = await withRetries(
          (inner) =>
            octokit.rest.issues.listForRepo({
              owner,
              repo,
              state: 'open',
              per_page: 100,
              page,
              request: { signal: inner },
            }),
          retry,
        );
        const found = data.find((issue) => !issue.pull_request && issue.body?.startsWith(marker));
        if (found) {
          const kept = `${text}\n---\n\n${(found.body ?? '').slice(marker.length).trim()}`.slice(0, 60_000);
          await octokit.rest.issues.update({ owner, repo, issue_number: found.number, body: kept });
          return found.html_url;
        }
        if (data.length < 100) break;
      }
      const { data } = await octokit.rest.issues.create({ owner, repo, title, body: text });
      return data.html_url;
    },
  };
}
