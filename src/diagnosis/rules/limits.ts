import type { Rule } from './rule.ts';

/** A limit of the input `slo` that is missed. Its confidence bound is the proof; why the stack misses it is not known. */
export const LIMIT_RULES: readonly Rule[] = [
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
      if (failure || hasFailed || report.verdict !== 'fail' || !first) return null;
      const others = more.length > 0 ? ` Also missed: ${more.map(({ name }) => name).join(', ')}.` : '';
      return { seen: missed.map(({ reason }) => reason), explanation: `${first.reason}${others}` };
    },
    remedy: () =>
      'Compare the figure with that of the base branch or of the last passing run, and find what in this change costs it. If the limit is too strict for this stack, set another in the input "slo".',
  },
];
