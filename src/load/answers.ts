import type { ArmName } from '../report/model.ts';
import { studentUpperTail } from '../verdict/distributions.ts';
import type { AnswerEvidence, ArmDifference } from '../verdict/evidence.ts';
import { mean, standardDeviation } from '../verdict/statistics.ts';
import type { MeasuredBlock } from './summary.ts';

type Blocks = Readonly<Record<ArmName, readonly Pick<MeasuredBlock, 'tally'>[]>>;
type Figure = 'promptTokens' | 'textChars';

/**
 * What the answers of both arms show of the work behind them. `envelopeBytes` is the length of a request's body with an
 * empty prompt.
 */
export function answerEvidence(blocks: Blocks, envelopeBytes: number): AnswerEvidence {
  const arm = (name: ArmName) => {
    const tallies = blocks[name].map(({ tally }) => tally);
    const promptBytes = total(tallies.map(({ work, valid }) => work.bodyBytes - valid * envelopeBytes));
    return {
      promptBytesPerToken: ratio(promptBytes, total(tallies.map(({ work }) => work.promptTokens))),
      textCharsPerToken: textCharsPerToken(blocks[name]),
    };
  };
  return {
    arms: { one: arm('one'), all: arm('all') },
    promptTokens: differenceOf(blocks, 'promptTokens'),
    textChars: differenceOf(blocks, 'textChars'),
  };
}

/** Characters of text for each output token that the valid answers report; null where they report none. */
export function textCharsPerToken(blocks: Blocks[ArmName]): number | null {
  const work = blocks.map(({ tally }) => tally.work);
  return ratio(total(work.map(({ textChars }) => textChars)), total(work.map((each) => each.completionTokens)));
}

function ratio(amount: number, of: number): number | null {
  return of > 0 ? amount / of : null;
}

/** All requests with a body of one length. */
interface SameLength {
  count: number;
  sum: number;
  one: boolean;
  all: boolean;
}

/**
 * Compares the arms over requests with bodies of equal length, which are those of the same prompt where users bring their
 * own. A block is one value: its prompts are cut from one text and its answers resemble each other. The value of a
 * request is in units of the mean of all requests with a body of that length.
 */
function differenceOf(blocks: Blocks, figure: Figure): ArmDifference | null {
  const byLength = new Map<number, SameLength>();
  for (const arm of ['one', 'all'] as const) {
    for (const { bodyBytes, [figure]: amount } of blocks[arm].flatMap(({ tally }) => tally.byLength)) {
      if (amount.count === 0) continue;
      const same = byLength.get(bodyBytes) ?? { count: 0, sum: 0, one: false, all: false };
      same.count += amount.count;
      same.sum += amount.sum;
      same[arm] = true;
      byLength.set(bodyBytes, same);
    }
  }
  for (const [length, { one, all }] of byLength) if (!one || !all) byLength.delete(length);
  const shared = [...byLength.values()];
  const overall = total(shared.map(({ sum }) => sum)) / total(shared.map(({ count }) => count));
  const blockMeans = (arm: ArmName) => blocks[arm].flatMap(({ tally }) => relativeMean(tally, figure, byLength) ?? []);
  const [one, all] = [blockMeans('one'), blockMeans('all')];
  if (one.length < 2 || all.length < 2) return null;
  return {
    one: overall * mean(one),
    all: overall * mean(all),
    share: mean(all) / mean(one) - 1,
    chance: welch(one, all),
  };
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** The mean of a block's values, each in units of the mean of its length; null where no length has one. */
function relativeMean(
  { byLength }: MeasuredBlock['tally'],
  figure: Figure,
  lengths: ReadonlyMap<number, SameLength>,
): number | null {
  let [count, sum] = [0, 0];
  for (const { bodyBytes, [figure]: amount } of byLength) {
    const same = lengths.get(bodyBytes);
    if (same === undefined || same.sum <= 0) continue;
    count += amount.count;
    sum += (amount.sum * same.count) / same.sum;
  }
  return count > 0 ? sum / count : null;
}

/** Two-sided chance of means as far apart, by Welch's t test (Biometrika 34, 1947). */
function welch(a: readonly number[], b: readonly number[]): number {
  const [va, vb] = [standardDeviation(a) ** 2 / a.length, standardDeviation(b) ** 2 / b.length];
  const apart = Math.abs(mean(b) - mean(a));
  // Equal but for the rounding of the means.
  if (apart < 1e-9) return 1;
  if (va + vb === 0) return 0;
  const df = (va + vb) ** 2 / (va ** 2 / (a.length - 1) + vb ** 2 / (b.length - 1));
  return 2 * studentUpperTail(apart / Math.sqrt(va + vb), df);
}
