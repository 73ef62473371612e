/**
 * The confidence of each limit of the speedup, over all looks of a run together. A single look spends a part of it, which
 * is `level` in the result file. See "The measurement" in docs/method.md.
 */
export const CONFIDENCE = '95% confidence';

/**
 * The confidence of each limit of a comparison with the base stack: ratio, answers and control. It is higher, since a
 * change that is wrongly called slower or worse costs its author a day. See "Comparisons" in docs/method.md.
 */
export const CHANGE_CONFIDENCE = '99% confidence';
