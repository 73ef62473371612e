import type { ArmName } from '../report/model.ts';
import { studentUpperTail } from '../verdict/distributions.ts';
import type { AnswerEvidence, ArmDifference } from '../verdict/evidence.ts';
import { mean, standardDeviation } from '../verdict/statistics.ts';
import type { MeasuredBlock } from './summary.ts';
import type { RequestRecord } from './types.ts';

type Blocks = Readonly<Record<ArmName, readonly Pick<MeasuredBlock, 'run'>[]>>;

/**
 * What the answers of both arms show of the work behind them. `envelopeBytes` is the length of a request's body with an
 * empty prompt.
 */
export function answerEvidence(blocks: Blocks, envelopeBytes: number): AnswerEvidence {
  const valid = { one: validOf(blocks.one), all: validOf(blocks.all) };
  const arm = (records: readonly (readonly RequestRecord[])[]) => {
    const flat = records.flat();
    const sum = (figure: (record: RequestRecord) => number) => flat.reduce((total, each) => total + figure(each), 0);
    return {
      promptBytesPerToken: ratio(
        sum(({ bodyBytes }) => bodyBytes - envelopeBytes),
        sum(({ promptTokens }) => promptTokens ?? 0),
      ),
      textCharsPerToken: ratio(
        sum(({ textChars }) => textChars ?? 0),
        sum(({ completionTokens }) => completionTokens ?? 0),
      ),
    };
  };
  return {
    arms: { one: arm(valid.one), all: arm(valid.all) },
    promptTokens: differenceOf(valid, ({ promptTokens }) => promptTokens),
    textChars: differenceOf(valid, ({ textChars }) => textChars),
  };
}

function validOf(blocks: Blocks[ArmName]): RequestRecord[][] {
  return blocks.map(({ run }) => run.records.filter(({ valid }) => valid));
}

function ratio(amount: number, of: number): number | null {
  return of > 0 ? amount / of : null;
}

/** A value of a request in an arm and block, in units of the mean of all requests with a body of that length. */
interface Relative {
  arm: ArmName;
  block: number;
  value: number;
}

/**
 * Compares the arms over requests with bodies of equal length, which are those of the same prompt where users bring their
 * own. A block is one value: its prompts are cut from one text and its answers resemble each other.
 */
function differenceOf(
  blocks: Readonly<Record<ArmName, readonly (readonly RequestRecord[])[]>>,
  figure: (record: RequestRecord) => number | null,
): ArmDifference | null {
  const byLength = new Map<number, Relative[]>();
  for (const arm of ['one', 'all'] as const) {
    for (const [block, records] of blocks[arm].entries()) {
      for (const record of records) {
        const value = figure(record);
        if (value === null) continue;
        const same = byLength.get(record.bodyBytes) ?? [];
        same.push({ arm, block, value });
        byLength.set(record.bodyBytes, same);
      }
    }
  }
  const shared = [...byLength.values()].filter(
    (same) => same.some(({ arm }) => arm === 'one') && same.some(({ arm }) => arm === 'all'),
  );
  const overall = mean(shared.flatMap((same) => same.map(({ value }) => value)));
  const relative = shared.flatMap((same) => {
    const centre = mean(same.map(({ value }) => value));
    return centre > 0 ? same.map((each) => ({ ...each, value: each.value / centre })) : [];
  });
  const [one, all] = [blockMeans(relative, 'one'), blockMeans(relative, 'all')];
  if (one.length < 2 || all.length < 2) return null;
  return {
    one: overall * mean(one),
    all: overall * mean(all),
    share: mean(all) / mean(one) - 1,
    chance: welch(one, all),
  };
}

function blockMeans(relative: readonly Relative[], arm: ArmName): number[] {
  const byBlock = Map.groupBy(
    relative.filter((each) => each.arm === arm),
    ({ block }) => block,
  );
  return [...byBlock.values()].map((same) => mean(same.map(({ value }) => value)));
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
