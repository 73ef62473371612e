/**
 * The text of a run for a fork's pull request in place of a verdict: it has no identity of its own, and must not use the
 * repository's. `command` is for a maintainer who has read the change.
 */
export function forkNotice(fork: { pullRequest: number | null; workflow: string | null }): {
  text: string;
  command: string;
} {
  const number = fork.pullRequest ?? 'NUMBER';
  const branch = `gate/pr-${number}`;
  const workflow = fork.workflow ?? 'WORKFLOW';
  return {
    text: 'Not measured: the pull request comes from a fork, which gets neither credentials nor TPUs. After reading it, a maintainer can run the gate on a branch of this repository, where the workflow has workflow_dispatch:',
    command: `gh pr checkout ${number} --branch ${branch} && git push origin ${branch} && gh workflow run ${workflow} --ref ${branch}`,
  };
}
