import { describe, expect, it } from 'vitest';
import { createRandom, normal } from '../../../lab/serving/random.ts';
import { judgeControl } from '../../../src/stages/benchmark/change-control.ts';
import { controlRatio, isSoundControl, noiseShare } from '../../../src/verdict/control.ts';

/** Pairs whose true ratio, effect of the order and noise are known. */
function pairs(count: number, { ratio = 1, order = 0, noise = 0.01, seed = 1 } = {}) {
  const draw = createRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const first = index % 2 === 0;
    const log = Math.log(ratio) + (first ? order : -order) + noise * normal(draw);
    return {
      ...{ index, replica: null, headRequestsPerSecond: 1, baseRequestsPerSecond: 1 },
      ...{ ratio: Math.exp(log), order: first ? ('head-first' as const) : ('base-first' as const) },
    };
  });
}

describe('the base stack against itself', () => {
  it('is called unsound once in a hundred times where nothing differs, whatever the order does', () => {
    const unsound = Array.from({ length: 4_000 }, (_, seed) => controlRatio(pairs(6, { order: 0.02, seed: seed + 1 })));
    const share = unsound.filter((found) => found && !isSoundControl(found.ratio)).length / 4_000;
    expect(share).toBeGreaterThan(0.005);
    expect(share).toBeLessThan(0.016);
  });

  it('shows how much a pair scatters, and what share of the change that is', () => {
    const found = controlRatio(pairs(24));
    expect(found?.deviation).toBeGreaterThan(0.006);
    expect(found?.deviation).toBeLessThan(0.014);
    expect(noiseShare(0.01, pairs(400, { noise: 0.02 }))).toBeCloseTo(0.25, 1);
    expect(noiseShare(0.02, pairs(400, { noise: 0.01 }))).toBe(1);
  });

  it('has no interval from two pairs', () => {
    expect(controlRatio(pairs(2))).toBe(null);
    expect(controlRatio([])).toBe(null);
  });

  const control = (own: ReturnType<typeof pairs>, problem: string | null = null) =>
    judgeControl({ pairs: own, evidence: [], problem }, pairs(18));

  it('stands against a comparison where it differs from itself', () => {
    const { figures, vetoes } = control(pairs(8, { ratio: 1.05, noise: 0.005 }));
    expect(figures).toMatchObject({ pairs: 8, ratio: { level: 0.99 } });
    expect(vetoes).toEqual([
      { id: 'control', message: expect.stringMatching(/^The base stack measured 1\.0[45]\d*× .* against itself/) },
    ]);
  });

  it('stands against nothing where it does not differ, and is a warning where it could not be measured', () => {
    expect(control(pairs(8))).toMatchObject({ figures: { pairs: 8 }, vetoes: [], warnings: [] });
    expect(control([], 'the time of the run does not reach')).toMatchObject({
      ...{ figures: null, vetoes: [] },
      warnings: [{ id: 'control', message: expect.stringContaining('the time of the run does not reach') }],
    });
    expect(judgeControl(null, pairs(18))).toEqual({ figures: null, vetoes: [], warnings: [] });
  });
});
