/** Why a history may not be on this branch, or null. */
export function branchProblem(what: string, branch: string): string | null {
  if (/^(?:main|master)$/.test(branch)) {
    return `${what} "${branch}" is where code lives; give a branch of its own, such as tpu-bench-data.`;
  }
  return /^(?!.*(?:\.\.|\/\/|\.lock$))[A-Za-z0-9_][A-Za-z0-9_./-]*[A-Za-z0-9_-]$/.test(branch)
    ? null
    : `${what} "${branch}" is not the name of a branch; letters, digits and "_./-" are, such as tpu-bench-data.`;
}
