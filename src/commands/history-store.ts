import { folderStore } from '../clients/files/folder-store.ts';
import type { TextStore } from '../clients/files/text-store.ts';
import { isFolder } from '../clients/files/write.ts';
import { branchStore } from '../clients/github/branch-store.ts';
import { timerWait } from '../clients/github/retry.ts';
import { branchProblem } from '../lib/branch.ts';
import { Failure } from '../lib/failure.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The history that a command means: a folder, or a branch of `GITHUB_REPOSITORY`. `issues`: whether GitHub is asked anyway. */
export function openStore(
  { where, branch }: { where: string; branch: string | undefined },
  env: Env,
  { issues = false } = {},
) {
  const named = branch === undefined ? null : branchProblem('--branch', branch);
  const problems = [...(named ? [named] : []), ...(branch === undefined && !issues ? [] : accessProblems(env))];
  if (problems.length > 0) return { problems };
  const { GITHUB_TOKEN: token = '', GITHUB_REPOSITORY: repository = '', GITHUB_API_URL: apiUrl } = env;
  const access = { token, repository, apiUrl, signal: new AbortController().signal, wait: timerWait };
  const store: TextStore = branch === undefined ? folderStore(where) : branchStore({ ...access, branch });
  return { store, access };
}

/** Throws a Failure for a history in a folder that does not exist. A branch that does not exist has no records. */
export async function needFolder({ where, branch }: { where: string; branch: string | undefined }): Promise<void> {
  if (branch !== undefined || (await isFolder(where))) return;
  const hint = 'Give the folder that `history add` writes to, or --branch NAME.';
  throw new Failure({ stage: 'report', code: 'no-file', message: `There is no folder ${where}.`, hint });
}

function accessProblems({ GITHUB_TOKEN, GITHUB_REPOSITORY = '' }: Env): string[] {
  return [
    ...(GITHUB_TOKEN
      ? []
      : ['GITHUB_TOKEN is not set; a branch needs one with contents: write, alert with issues: write.']),
    ...(/^[\w.-]+\/[\w.-]+$/.test(GITHUB_REPOSITORY)
      ? []
      : [`GITHUB_REPOSITORY is "${GITHUB_REPOSITORY}"; it must be the repository, as owner/name.`]),
  ];
}
