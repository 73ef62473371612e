import { describe, expect, it } from 'vitest';
import { dayTexts, tickTexts } from '../../../../../src/history/page/client/ticks.ts';

describe('the ticks of a chart', () => {
  it.each([
    ['share', [0.775, 0.8, 0.825, 0.85, 0.875], ['77.5%', '80.0%', '82.5%', '85.0%', '87.5%']],
    ['share', [0.8, 0.85, 0.9, 0.95, 1], ['80%', '85%', '90%', '95%', '100%']],
    ['ratio', [2.5, 2.525, 2.55], ['2.500×', '2.525×', '2.550×']],
    ['rate', [0, 5, 10, 15], ['0 req/s', '5 req/s', '10 req/s', '15 req/s']],
    ['rate', [9.9, 10, 10.1], ['9.9 req/s', '10.0 req/s', '10.1 req/s']],
    ['ms', [0, 0.5, 1], ['0.0 ms', '0.5 ms', '1.0 ms']],
    ['tokens', [0, 500, 1_000], ['0/s', '500/s', '1,000/s']],
    ['minutes', [0, 2.5, 5], ['0.0 min', '2.5 min', '5.0 min']],
    ['usd', [0, 0.005, 0.01], ['$0.000', '$0.005', '$0.010']],
    ['usd', [50, 100, 150], ['$50', '$100', '$150']],
  ] as const)('of %s are uniform, and no two are the same: %j', (unit, ticks, texts) => {
    expect(tickTexts(unit, ticks)).toEqual(texts);
  });

  it('have the same decimals whatever the step, and no text twice', () => {
    for (const step of [1, 2, 2.5, 5].flatMap((digit) => [-4, -3, -2, -1, 0, 1].map((power) => digit * 10 ** power))) {
      const ticks = Array.from({ length: 6 }, (_, at) => Number((3 * step + at * step).toPrecision(12)));
      for (const unit of ['ratio', 'rate', 'tokens', 'ms', 'share', 'minutes', 'usd'] as const) {
        const texts = tickTexts(unit, ticks);
        expect(new Set(texts).size).toBe(texts.length);
        expect(new Set(texts.map((text) => /\.(\d+)/.exec(text)?.[1]?.length ?? 0)).size).toBe(1);
      }
    }
  });

  it('of time are days, with the year where it begins, and months with theirs', () => {
    const days = ['2025-12-30', '2025-12-31', '2026-01-01', '2026-01-02'].map((day) => Date.parse(day) / 1_000);
    expect(dayTexts(days, 86_400)).toEqual(['30 Dec 2025', '31 Dec', '1 Jan 2026', '2 Jan']);
    const months = ['2025-12-01', '2026-01-01'].map((day) => Date.parse(day) / 1_000);
    expect(dayTexts(months, 30 * 86_400)).toEqual(['Dec 2025', 'Jan 2026']);
  });
});
