/** `inconclusive`: measured well, not decided. `invalid`: measured wrongly. `error`: never measured. */
export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'invalid' | 'error';

/** What a verdict means to those who read it. */
export interface VerdictTraits {
  /** Sign and word belong together: the sign alone is nothing to a screen reader, and no line break parts them. */
  word: string;
  /** Level of the annotation of the run. */
  level: 'notice' | 'warning' | 'error';
  /** Whether the comment's box is a caution and not a warning. */
  alarming: boolean;
  /** The element of a JUnit test case. */
  junit: 'failure' | 'error' | null;
  /** Conclusion of the check run. A measurement that decides nothing is neutral. */
  check: 'success' | 'failure' | 'neutral';
  /** State of the GitHub Deployment of a stack that does not stay. */
  deployment: 'failure' | 'error';
}

/** Every verdict, from good to bad. */
export const VERDICTS: Readonly<Record<Verdict, VerdictTraits>> = {
  pass: {
    ...{ word: '✅\u00a0Pass', level: 'notice', alarming: false },
    ...{ junit: null, check: 'success', deployment: 'failure' },
  },
  fail: {
    ...{ word: '❌\u00a0Fail', level: 'error', alarming: true },
    ...{ junit: 'failure', check: 'failure', deployment: 'failure' },
  },
  inconclusive: {
    ...{ word: '⚠️\u00a0Inconclusive', level: 'warning', alarming: false },
    ...{ junit: 'error', check: 'neutral', deployment: 'failure' },
  },
  invalid: {
    ...{ word: '⚠️\u00a0Invalid', level: 'warning', alarming: false },
    ...{ junit: 'error', check: 'neutral', deployment: 'failure' },
  },
  error: {
    ...{ word: '❌\u00a0Error', level: 'error', alarming: true },
    ...{ junit: 'error', check: 'failure', deployment: 'error' },
  },
};

/** The names of all verdicts, in the order of the table. */
export const VERDICT_NAMES = Object.keys(VERDICTS) as readonly Verdict[];

/** Whether a text names a verdict. */
export function isVerdict(text: unknown): text is Verdict {
  return VERDICT_NAMES.some((name) => name === text);
}
