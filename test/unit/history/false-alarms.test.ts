import { describe, expect, it } from 'vitest';
import { alertSteps } from '../../../src/history/alerts.ts';
import { FIGURES } from '../../../src/history/figures.ts';
import { conditionOf } from '../../../src/history/identity.ts';
import type { HistoryRecord } from '../../../src/history/record.ts';
import { watch } from '../../../src/history/watch.ts';
import { FALSE_ALARMS } from './false-alarms.ts';

const CASES = FALSE_ALARMS.map((each) => [each.source, each.what, each] as const);

/** What was called worse on any night, with the night. */
function alarms(nights: readonly HistoryRecord[]): string[] {
  return nights.flatMap((_, index) =>
    watch(nights.slice(0, index + 1)).figures.flatMap(({ figure, judgement }) =>
      judgement.state === 'worse' ? [`${index}: ${figure.id} ${(100 * judgement.shift).toFixed(1)}%`] : [],
    ),
  );
}

describe('published false alarms', () => {
  it('are twenty at least, each of another source', () => {
    expect(FALSE_ALARMS.length).toBeGreaterThanOrEqual(20);
    expect(new Set(FALSE_ALARMS.map(({ source }) => source)).size).toBe(FALSE_ALARMS.length);
  });

  it('would be alarms of a rule that compares with the night before', () => {
    const naive = ({ nights }: (typeof FALSE_ALARMS)[number]) =>
      nights.some((night, index) =>
        FIGURES.some(({ read, better }) => {
          const [before, now] = [nights[index - 1], night].map((each) => each && (read(each) ?? 0));
          return before && now !== undefined && (better === 'higher' ? now / before < 0.95 : now / before > 1.05);
        }),
      );
    expect(FALSE_ALARMS.filter(naive).length).toBeGreaterThan(0.8 * FALSE_ALARMS.length);
  });

  it.each(CASES)('%s: %s: is no regression on any night', (_, __, { nights }) => {
    expect(alarms(nights)).toEqual([]);
    expect(alertSteps('default', nights, [], () => null)).toEqual([]);
  });

  it.each(CASES)('%s: %s: and hides none that follows', (_, __, { nights }) => {
    const last = nights.findLast((night) => conditionOf(night) !== null)!;
    const cond = conditionOf(last);
    const known = nights.filter((night) => conditionOf(night) === cond).length;
    expect(known).toBeGreaterThanOrEqual(12);
    const slower = [1, 2].map((days) => ({
      ...last,
      ts: new Date(Date.parse(nights.at(-1)!.ts) + days * 86_400_000).toISOString(),
      // A figure that none of the cases is about.
      m: { ...last.m, hitRate: 0.9 * 0.74 },
    }));
    expect(alarms([...nights, ...slower])).toEqual([expect.stringMatching(/: hit-rate −?-?(?:9|10|11)\.\d%$/)]);
  });
});
