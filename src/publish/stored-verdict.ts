import { branchStore } from '../clients/github/branch-store.ts';
import { type GithubAccess, timerWait } from '../clients/github/retry.ts';
import { runOrigin } from '../clients/github/run-origin.ts';
import { OWN_EVENTS, type Reusable, reusableVerdict } from '../history/reuse.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { adviceText } from '../lib/failure.ts';
import { deadline } from '../lib/poll.ts';
import type { ReusedVerdict } from '../report/model.ts';
import { readSeries } from './history.ts';

const LIMIT_MS = 30_000;
/** Between two tries: a run that measures loses little by not waiting. */
const LONGEST_PAUSE_MS = 500;

/**
 * The verdict of an earlier run with this basis, from the history branch of the repository of this run, or why it does not exist
 * to reuse: one sentence. The branch is not believed alone. GitHub has to know the run: of this repository, on its default
 * branch, of the commit that the record names, by an event that no pull request can cause.
 */
export async function storedVerdict(
  hash: string,
  {
    inputs: { githubToken: token, historyBranch: branch, historySeries: series },
    env,
    signal,
  }: {
    inputs: Pick<Inputs, 'githubToken' | 'historyBranch' | 'historySeries'>;
    env: Readonly<Record<string, string | undefined>>;
    signal: AbortSignal;
  },
): Promise<{ reused: ReusedVerdict } | { reason: string }> {
  const repository = env.GITHUB_REPOSITORY ?? '';
  if (repository === '') return { reason: 'GITHUB_REPOSITORY is not set, so that there is no history to read.' };
  const access: GithubAccess = {
    ...{ token, repository, apiUrl: env.GITHUB_API_URL, signal: deadline(signal, LIMIT_MS) },
    wait: (ms, waiting) => timerWait(Math.min(ms, LONGEST_PAUSE_MS), waiting),
  };
  try {
    const { records } = await readSeries(branchStore({ ...access, branch }), series);
    const found = reusableVerdict(records, { hash, nowMs: Date.now() });
    if ('reason' in found) return found;
    const problem = await originProblem(found.record, access);
    return problem === null ? { reused: reusedOf(found.record, { hash, repository, env }) } : { reason: problem };
  } catch (error) {
    signal.throwIfAborted();
    return { reason: `The history could not be asked: ${adviceText(error)}` };
  }
}

async function originProblem({ run }: Reusable, access: GithubAccess): Promise<string | null> {
  if (!/^\d{1,20}$/.test(run.id)) return 'The record with this verdict names no run of GitHub Actions.';
  const origin = await runOrigin(access, run);
  if (!origin.isCompleted) return `Run ${run.number}, which measured this stack, has not ended.`;
  if (!origin.isOwn) return `Run ${run.number}, which measured this stack, was not on the default branch.`;
  if (!OWN_EVENTS.includes(origin.event) || origin.event !== run.event) {
    return `Run ${run.number} was of the event ${origin.event}, and its record has another.`;
  }
  return origin.sha === run.sha ? null : `Run ${run.number} was of another commit than its record has.`;
}

/** The address is made here: one in a record could lead anywhere. */
function reusedOf(
  { verdict, run, ts, m }: Reusable,
  { hash, repository, env }: { hash: string; repository: string; env: Readonly<Record<string, string | undefined>> },
): ReusedVerdict {
  const [value, low, high] = m.speedup;
  const page = `${env.GITHUB_SERVER_URL ?? 'https://github.com'}/${repository}/actions/runs/${run.id}`;
  return {
    verdict,
    run: { url: page, id: run.id, number: run.number, sha: run.sha, finishedAt: ts },
    speedup: { value, low, high },
    requestsPerSecond: { one: m.one, all: m.all },
    hash,
  };
}
