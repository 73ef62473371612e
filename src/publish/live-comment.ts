import { createGithub } from '../clients/github/pull-request-comment.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { errorText } from '../lib/failure.ts';
import { deadline } from '../lib/poll.ts';
import type { Emit, ProgressEvent } from '../progress/events.ts';
import { renderRunningComment } from '../report/comment/running.ts';
import type { Report, StageName } from '../report/model.ts';
import { type CompactRecord, parseData } from '../report/record.ts';

/** Stages whose beginning is worth an edit; edits do not notify anybody. */
const TOLD: readonly StageName[] = ['lease', 'ready', 'benchmark'];
const LIMIT_MS = 15_000;

export interface LiveComment {
  /**
   * Reports an event, then writes the comment again when a stage begins that a reader waits through. Never blocks the run,
   * never fails it.
   */
  emit: Emit;
  /** Resolves when no write is under way, so that the final comment comes last. */
  settled(): Promise<void>;
}

/** Keeps the pull-request comment true while the run goes on; the last finished result stays in it until there is a new one. */
export function liveComment(
  report: () => Report,
  options: {
    inputs: Pick<Inputs, 'comment' | 'commentId' | 'githubToken'>;
    env: Readonly<Record<string, string | undefined>>;
    signal: AbortSignal;
    /** The log; everything said goes there too. */
    say: Emit;
  },
): LiveComment {
  const { inputs, env, signal, say } = options;
  const { repository, pullRequest, url, number, attempt } = report().run;
  const wanted = inputs.comment === 'auto' || inputs.comment === 'always';
  if (!wanted || !repository || pullRequest === null || inputs.githubToken === '') {
    return { emit: say, settled: () => Promise.resolve() };
  }
  let queue: Promise<void> = Promise.resolve();
  let previous: CompactRecord | null | undefined;
  let given = false;
  const write = async () => {
    try {
      const github = createGithub({
        token: inputs.githubToken,
        repository,
        ...(env.GITHUB_API_URL ? { apiUrl: env.GITHUB_API_URL } : {}),
        signal: deadline(signal, LIMIT_MS),
      });
      if (previous === undefined) {
        const before = await github.findComment({ pullRequest, id: inputs.commentId });
        previous = before ? parseData(before.body) : null;
      }
      const body = renderRunningComment(report(), {
        id: inputs.commentId,
        at: new Date().toISOString(),
        reportLinks: { run: url },
        previous,
      });
      await github.upsertComment({ pullRequest, id: inputs.commentId, body, order: { number, attempt } });
    } catch (error) {
      // Reported once: a token without the permission fails each time, and the final comment shows how to grant it.
      if (!given && !signal.aborted) {
        say({ type: 'warning', text: `the running comment was not written: ${errorText(error)}` });
      }
      given = true;
    }
  };
  return {
    emit(event: ProgressEvent) {
      say(event);
      if (event.type !== 'stage-start' || !TOLD.includes(event.stage) || given) return;
      queue = queue.then(write);
    },
    settled: () => queue,
  };
}
