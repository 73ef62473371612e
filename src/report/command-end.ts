import { VERDICT_NAMES, VERDICTS } from '../lib/verdicts.ts';

/** How a command in a comment ends. */
export interface CommandEnd {
  state: 'success' | 'failure' | 'error';
  reaction: '+1' | '-1' | 'confused';
  /** For the status of the commit: one sentence. */
  description: string;
}

/**
 * What a verdict, or the result of a job without one, becomes. Only a pass is a success: a job that ends well without a
 * verdict has not measured.
 */
export function endOfCommand(given: string): CommandEnd {
  const verdict = VERDICT_NAMES.find((name) => name === given);
  if (verdict === 'pass') return { state: 'success', reaction: '+1', description: 'Pass. See the comment.' };
  if (verdict) {
    const word = VERDICTS[verdict].word.replace(/^\P{L}+/u, '');
    const isFail = verdict === 'fail';
    return {
      state: isFail ? 'failure' : 'error',
      reaction: isFail ? '-1' : 'confused',
      description: `${word}. See the comment.`,
    };
  }
  return { state: 'error', reaction: 'confused', description: WITHOUT[given] ?? 'Not measured.' };
}

/** Results of a job. */
const WITHOUT: Readonly<Record<string, string>> = {
  success: 'Not measured: the pull request has moved on.',
  skipped: 'Not measured: nobody approved it.',
  cancelled: 'Not measured: the run was cancelled.',
  failure: 'Not measured: the job failed, or its reviewers refused it.',
};
