import type { Verdict } from '../../report/model.ts';

/** The sign of each verdict in the strip and the tables, beside its word or its colour. */
export const SIGNS: Readonly<Record<Verdict, string>> = {
  pass: '✓',
  fail: '✗',
  inconclusive: '?',
  invalid: '!',
  error: '–',
};

/** The point of each verdict in the charts, in a square of 12: what differs in colour differs in shape too. */
const SHAPES: Readonly<Record<Verdict, string>> = {
  pass: '<circle cx="6" cy="6" r="4"/>',
  fail: '<path class="stroke" d="M2 2 10 10M10 2 2 10"/>',
  inconclusive: '<path d="M6 1 11 6 6 11 1 6Z"/>',
  invalid: '<path d="M6 1 11 10H1Z"/>',
  error: '<path class="stroke" d="M6 1V11"/>',
};

/** The verdicts with their points, as HTML. */
export function pointLegend(): string {
  return Object.entries(SHAPES)
    .map(
      ([verdict, shape]) =>
        `<span class="point ${verdict}"><svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">${shape}</svg></span> ${verdict}`,
    )
    .join(', ');
}
