import { pullRequestHead } from '../clients/github/pull-request-head.ts';
import { timerWait } from '../clients/github/retry.ts';
import { eventHead } from '../clients/runner/identity.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { adviceText, Failure } from '../lib/failure.ts';
import { deadline } from '../lib/poll.ts';
import type { Emit } from '../progress/events.ts';
import { SUPERSEDED } from '../report/wording.ts';

const LIMIT_MS = 20_000;
/** Between two tries. A run does not wait long for what it can do without. */
const LONGEST_PAUSE_MS = 500;

interface Asking {
  inputs: Pick<Inputs, 'githubToken' | 'headSha'>;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  emit: Emit;
}

/**
 * Throws a Failure when the head of the event's pull request has moved since the event: nobody would merge what the run
 * measures. What cannot be read is a warning, and the run goes on. Without a pull request or a token nothing is asked.
 */
export async function checkHead({ inputs, env, signal, emit }: Asking): Promise<void> {
  const event = eventHead(env, inputs.headSha);
  const repository = env.GITHUB_REPOSITORY;
  if (!event || !repository || inputs.githubToken === '') return;
  const { pullRequest, sha } = event;
  const head = await pullRequestHead(
    {
      token: inputs.githubToken,
      repository,
      apiUrl: env.GITHUB_API_URL,
      signal: deadline(signal, LIMIT_MS),
      wait: (ms, waiting) => timerWait(Math.min(ms, LONGEST_PAUSE_MS), waiting),
    },
    pullRequest,
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    const text = `whether pull request ${pullRequest} has moved on was not checked: ${adviceText(error)}`;
    emit({ type: 'warning', text });
    return null;
  });
  if (head === null || head === sha) return;
  throw new Failure({
    stage: 'preflight',
    code: SUPERSEDED,
    message: `Pull request ${pullRequest} has moved on from ${short(sha)} to ${short(head)} since this run was asked for. Nothing was leased or measured.`,
    hint: 'Ask for a run of the new commit.',
  });
}

function short(sha: string): string {
  return sha.slice(0, 7).replace(/[^0-9a-f]/g, '?');
}
