import type { Verdict } from '../report/model.ts';

/** Every exit code of the command line and what it means, in help and in docs/reference.md. Nodes that are left outrank every verdict: that is an error. */
export const EXIT_CODES = {
  pass: { code: 0, short: 'pass', meaning: 'pass' },
  fail: {
    code: 1,
    short: 'fail',
    meaning: 'fail; `history show`: the newest run is worse; `doctor`: something is missing',
  },
  error: { code: 2, short: 'error', meaning: 'error: never measured, or nodes that could not be released' },
  usage: { code: 3, short: 'bad usage', meaning: 'bad usage, or a file that is missing or not a result' },
  undecided: {
    code: 4,
    short: 'inconclusive or invalid',
    meaning: 'inconclusive, or measured wrongly (`invalid`); `doctor`: something could not be checked',
  },
  differed: { code: 5, short: 'not as promised', meaning: '`rehearse`: the end is not what the scenario promises' },
  busy: { code: 6, short: 'machine too busy', meaning: '`rehearse`: this machine is too busy to measure; try again' },
  interrupted: { code: 130, short: 'interrupted', meaning: 'interrupted; the nodes were released' },
} as const;

/** How a command ends. */
export type Ending = keyof typeof EXIT_CODES;

/** The number of an ending. */
export function exitCode(ending: Ending): number {
  return EXIT_CODES[ending].code;
}

const ENDINGS: Readonly<Record<Verdict, Ending>> = {
  pass: 'pass',
  fail: 'fail',
  error: 'error',
  inconclusive: 'undecided',
  invalid: 'undecided',
};

/** The number of a verdict. */
export function exitCodeOf(verdict: Verdict): number {
  return exitCode(ENDINGS[verdict]);
}
