import { githubFailure, requestSignal, type Wait, withRetries } from './github-errors.ts';
import { octokitFor } from './octokit.ts';

/** What GitHub knows of a deployment; `inactive` is one that no longer serves. */
export type DeploymentState = 'in_progress' | 'success' | 'failure' | 'error' | 'inactive';

export interface GithubDeployments {
  /** The id of a new deployment. Tried once: after an unclear answer a second try could double it. */
  create(deployment: { ref: string; environment: string; description: string }): Promise<number>;
  /** Adds a status. `environmentUrl` is where the stack answers, for one that does. */
  setState(
    id: number,
    status: { state: DeploymentState; description: string; logUrl: string | null; environmentUrl: string | null },
  ): Promise<void>;
}

/** GitHub cuts nothing: a longer description is refused. */
const DESCRIPTION_MAX = 140;

/** Deployments of one repository. Needs `deployments: write`; throws a Failure that says so. */
export function createGithubDeployments(options: {
  token: string;
  repository: string;
  apiUrl: string | undefined;
  signal: AbortSignal;
  wait: Wait;
}): GithubDeployments {
  const { repository, signal, wait } = options;
  const [owner = '', repo = ''] = repository.split('/');
  const { rest } = octokitFor(options);
  const place = { owner, repo };
  const failed = (error: unknown, doing: string) => {
    signal.throwIfAborted();
    return githubFailure(error, doing, repository, 'deployments: write');
  };
  return {
    async create({ ref, environment, description }) {
      try {
        const { data } = await rest.repos.createDeployment({
          ...place,
          ref,
          environment,
          description: description.slice(0, DESCRIPTION_MAX),
          // What is deployed is this commit, whatever its branch lacks and whatever checks it waits for.
          auto_merge: false,
          required_contexts: [],
          production_environment: false,
          request: { signal: requestSignal(signal) },
        });
        if (!('id' in data)) throw new Error('GitHub merged in place of deploying');
        return data.id;
      } catch (error) {
        throw failed(error, 'announcing a deployment');
      }
    },
    async setState(id, { state, description, logUrl, environmentUrl }) {
      try {
        await withRetries(
          (inner) =>
            rest.repos.createDeploymentStatus({
              ...place,
              deployment_id: id,
              state,
              description: description.slice(0, DESCRIPTION_MAX),
              ...(logUrl ? { log_url: logUrl } : {}),
              ...(environmentUrl ? { environment_url: environmentUrl } : {}),
              request: { signal: inner },
            }),
          { signal, wait },
        );
      } catch (error) {
        throw failed(error, `the status of deployment ${id}`);
      }
    },
  };
}
