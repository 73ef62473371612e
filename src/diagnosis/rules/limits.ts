import type { Rule } from './rule.ts';

/**
 * A limit of the input `slo` that is missed. Its confidence bound is the proof; why the stack misses it is not known. Beside
 * a veto it comes before what disturbed the measurement, which the limit does not rest on.
 */
const limitRule = (isDisturbed: boolean): readonly Rule[] => [
  {
    cause: 'limit.missed',
    title: 'The stack misses a limit that was set',
    looksLike: 'a figure lies beyond its limit in the input `slo`, and so does its confidence bound',
    confidence: 'proven',
    family: 'measurement',
    match({ failure, report }) {
      const missed = report.slo?.limits.filter(({ outcome }) => outcome === 'missed') ?? [];
      const [first, ...more] = missed;
      const hasFailed = report.checks.some(({ outcome }) => outcome === 'fail');
      const vetoes = report.benchmark?.vetoes.length ?? 0;
      if (failure || hasFailed || report.verdict !== 'fail' || !first || vetoes > 0 !== isDisturbed) return null;
      const others = more.length > 0 ? ` Also missed: ${more.map(({ name }) => name).join(', ')}.` : '';
      return { seen: missed.map(({ reason }) => reason), explanation: `${first.reason}${others}` };
    },
    remedy: () =>
      'Compare the figure with that of the base branch or of the last passing run, and find what in this change costs it. If the limit is too strict for this stack, set another in the input "slo".',
  },
];

/** For a run whose measurement was disturbed. */
export const DISTURBED_LIMIT_RULES = limitRule(true);

/** For any other run. What explains a slow stack comes before it. */
export const LIMIT_RULES = limitRule(false);
