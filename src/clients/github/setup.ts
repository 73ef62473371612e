import { flag, list, maybe, name, object, text } from '../../lib/decode.ts';
import { unlessMissing } from './errors.ts';
import { octokitFor } from './octokit.ts';
import { callingWith, type GithubAccess } from './retry.ts';

const ENVIRONMENT = {
  noun: 'an environment',
  decode: object({
    name,
    protection_rules: list(object({ type: text, reviewers: maybe(list(object({}))) }), 'or-null'),
  }),
};
const NAMED = { noun: 'a label', decode: object({ name }) };
const BRANCH = { noun: 'a branch', decode: object({ name, protected: flag }) };

/** How a repository is set up. Null for what it does not have; each throws a Failure for what may not be read. */
export interface RepositorySetup {
  /** Required reviewers of an environment. */
  reviewers(environment: string): Promise<number | null>;
  hasLabel(label: string): Promise<boolean>;
  isProtected(branch: string): Promise<boolean | null>;
}

export function repositorySetup(access: GithubAccess): RepositorySetup {
  const [owner = '', repo = ''] = access.repository.split('/');
  const { repos, issues } = octokitFor(access).rest;
  const place = { owner, repo };
  const call = callingWith(access, 'actions: read');
  return {
    reviewers: (environment) =>
      unlessMissing(async () => {
        const found = await call(`reading environment ${environment}`, ENVIRONMENT, (signal) =>
          repos.getEnvironment({ ...place, environment_name: environment, request: { signal } }),
        );
        return found.protection_rules
          .filter(({ type }) => type === 'required_reviewers')
          .reduce((sum, { reviewers }) => sum + (reviewers?.length ?? 0), 0);
      }),
    hasLabel: async (label) =>
      (await unlessMissing(() =>
        call(`reading label ${label}`, NAMED, (signal) =>
          issues.getLabel({ ...place, name: label, request: { signal } }),
        ),
      )) !== null,
    isProtected: (branch) =>
      unlessMissing(async () => {
        const read = (signal: AbortSignal) => repos.getBranch({ ...place, branch, request: { signal } });
        return (await call(`reading branch ${branch}`, BRANCH, read)).protected;
      }),
  };
}
