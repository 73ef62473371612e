import type { RepositorySetup } from '../clients/github/setup.ts';
import type { Answers } from '../init/answers.ts';
import { ENVIRONMENT, LABEL } from '../init/names.ts';
import { adviceText } from '../lib/failure.ts';
import { type Commands, type Finding, missing, notChecked, ok } from './finding.ts';

const TITLES = {
  environment: `Environment "${ENVIRONMENT}"`,
  label: `Label "${LABEL}"`,
  branch: 'Default branch',
} as const;

/** What is set up in the repository on GitHub. `setup`: null where there is no token to ask with. */
export async function checkGithub(
  setup: RepositorySetup | null,
  { branch, repository }: Answers,
  commands: Commands,
): Promise<Finding[]> {
  if (setup === null) {
    const why = 'GITHUB_TOKEN is not set; run it again with GITHUB_TOKEN=$(gh auth token)';
    return Object.values(TITLES).map((title) => notChecked(title, why));
  }
  // Each line needs it: what a token may not see looks as if it were not there, but for the branch, which everybody sees.
  const isProtected = setup.isProtected(branch);
  isProtected.catch(() => {});
  const settings = `https://github.com/${repository}/settings`;
  const look = async (title: string, read: () => Promise<Finding>): Promise<Finding> => {
    try {
      if ((await isProtected) === null) {
        return notChecked(title, `the token does not see branch ${branch} of ${repository}`);
      }
      return await read();
    } catch (error) {
      return notChecked(title, adviceText(error).replace(/\.+$/, ''));
    }
  };
  return Promise.all([
    look(TITLES.environment, async () => {
      const reviewers = await setup.reviewers(ENVIRONMENT);
      if (reviewers === null) return missing(TITLES.environment, 'it does not exist', commands('environment'));
      if (reviewers > 0)
        return ok(TITLES.environment, `${reviewers} required ${reviewers === 1 ? 'reviewer' : 'reviewers'}`);
      return missing(TITLES.environment, 'nobody has to approve a job in it', commands('environment'));
    }),
    look(TITLES.label, async () =>
      (await setup.hasLabel(LABEL))
        ? ok(TITLES.label, LABEL)
        : missing(TITLES.label, 'it does not exist', commands('label')),
    ),
    look(TITLES.branch, async () =>
      (await isProtected)
        ? ok(TITLES.branch, `${branch} is protected`)
        : missing(TITLES.branch, `${branch} is not protected, and its jobs may lease nodes`, `${settings}/branches`),
    ),
  ]);
}
