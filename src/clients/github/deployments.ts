import { DEPLOYMENT, DEPLOYMENT_STATUS } from './answers.ts';
import { octokitFor } from './octokit.ts';
import { callingWith, type GithubAccess } from './retry.ts';

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

/** Deployments of one repository. Needs `deployments: write`; throws a Failure that names the permission. */
export function createGithubDeployments(access: GithubAccess): GithubDeployments {
  const [owner = '', repo = ''] = access.repository.split('/');
  const { repos } = octokitFor(access).rest;
  const place = { owner, repo };
  const calling = callingWith(access, 'deployments: write');
  return {
    create: ({ ref, environment, description }) =>
      calling(
        'announcing a deployment',
        DEPLOYMENT,
        (inner) =>
          repos.createDeployment({
            ...place,
            ref,
            environment,
            description: description.slice(0, DESCRIPTION_MAX),
            // What is deployed is this commit, whatever its branch lacks and whatever checks it waits for.
            auto_merge: false,
            required_contexts: [],
            production_environment: false,
            request: { signal: inner },
          }),
        'once',
      ).then(({ id }) => id),
    async setState(id, { state, description, logUrl, environmentUrl }) {
      await calling(`the status of deployment ${id}`, DEPLOYMENT_STATUS, (inner) =>
        repos.createDeploymentStatus({
          ...place,
          deployment_id: id,
          state,
          description: description.slice(0, DESCRIPTION_MAX),
          ...(logUrl ? { log_url: logUrl } : {}),
          ...(environmentUrl ? { environment_url: environmentUrl } : {}),
          request: { signal: inner },
        }),
      );
    },
  };
}
