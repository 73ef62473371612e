import { describe, expect, it } from 'vitest';
import { type Better, judge } from '../../../src/history/detect.ts';
import { FIGURES } from '../../../src/history/figures.ts';
import { mannWhitneyZ, median } from '../../../src/history/ranks.ts';
import type { HistoryRecord } from '../../../src/history/record.ts';
import { watch } from '../../../src/history/watch.ts';
import { watchSentences } from '../../../src/history/watch-text.ts';
import { aNight, fullNight, nightsOf, noise } from './records.ts';

/** Nights with small, regular noise around a level. */
const steady = (count: number, level = 2.7, from = 0) =>
  Array.from({ length: count }, (_, index) => aNight(from + index, level * (1 + 0.01 * ((index % 5) - 2))));

const speedUp = (records: readonly HistoryRecord[]) => watch(records).figures[0]?.judgement;

describe('the newest night', () => {
  it('is not judged before there are ten others to compare with', () => {
    expect(watch([])).toMatchObject({ state: 'building', have: 0, need: 12 });
    expect(watch(steady(9))).toMatchObject({ state: 'building', have: 9, need: 12 });
    expect(watch(steady(12)).state).toBe('steady');
  });

  it('that is odd alone is no alarm; the second in a row is', () => {
    const nights = [...steady(20), aNight(20, 2.3)];
    expect(speedUp(nights)).toMatchObject({ state: 'odd', level: { nights: 20 } });
    expect(speedUp([...nights, aNight(21, 2.31)])).toMatchObject({
      state: 'worse',
      by: 'nights',
      nights: 2,
      since: 20,
    });
    expect(watch([...nights, aNight(21, 2.7)]).state).toBe('steady');
  });

  it('that is better is a new level after ten nights, and no alarm', () => {
    const up = Array.from({ length: 10 }, (_, index) => aNight(20 + index, 3.1));
    expect(watch([...steady(20), ...up.slice(0, 2)]).state).toBe('better');
    // The old level is back: what looked better was no level yet.
    expect(watch([...steady(20), ...up.slice(0, 3), ...steady(2, 2.7, 23)]).state).toBe('steady');
    expect(watch([...steady(20), ...up, ...steady(2, 2.7, 30)]).state).toBe('worse');
  });

  it('of a small shift that stays is found by ranks', () => {
    const shifted = [...steady(30), ...steady(7, 2.7 * 0.955, 30)];
    expect(speedUp(shifted)).toMatchObject({ state: 'worse', by: 'rank', nights: 7, level: { nights: 30 } });
    const { shift } = speedUp(shifted) as { shift: number };
    expect([shift > -0.06, shift < -0.03]).toEqual([true, true]);
  });

  it('of another image is compared with those before it, and the image is named', () => {
    const { env } = aNight(0, 1);
    const images = (index: number, speedup: number, vllm: string) =>
      aNight(index, speedup, { env: { ...env, fp: vllm, vllm } });
    const nights = [
      ...steady(20).map((night, index) => images(index, night.m.speedup![0], 'vllm:a')),
      ...[20, 21].map((index) => images(index, 2.2, 'vllm:b')),
    ];
    expect(watchSentences(watch(nights), [])).toEqual([
      'Worse: speedup fell 18.5% (95% interval 16.3% to 20.7%), from 2.70× to 2.20×, in 2 nights, when the vLLM image changed from `vllm:a` to `vllm:b`.',
    ]);
  });

  it.each([
    ['machine', 'ct6e-standard-8t', 'machine type'],
    ['model', 'another/model', 'model'],
  ] as const)('with another %s begins anew, and what changed is named', (field, value, name) => {
    const { env } = aNight(0, 1);
    const changed = (index: number) => aNight(index, 2.3, { env: { ...env, [field]: value } });
    const found = watch([...steady(20), changed(20), changed(21)]);
    expect(found).toMatchObject({ state: 'building', have: 2, need: 12 });
    expect(watchSentences(found, [])).toEqual([
      `Building history: 2 of 12 comparable nights, since the ${name} changed from \`not known\` to \`${value}\`.`,
    ]);
  });

  it('is compared with nights that measured something', () => {
    const nights = steady(20).flatMap((night, index) => [night, aNight(100 + index, null)]);
    expect(speedUp([...nights, aNight(300, null)])).toMatchObject({ state: 'steady', level: { nights: 19 } });
  });
});

const IDS = FIGURES.map(({ id }) => id);

describe('a shift of 10 % of one figure alone', () => {
  const worseBy = (better: Better) => (better === 'higher' ? 0.9 : 1.1);

  it.each(FIGURES.map((figure) => [figure.id, figure] as const))(
    'is reported within two nights, in %s, across a changed image, and no other figure is',
    (id, { better, name }) => {
      for (const [trial, sigma] of [0.005, 0.01, 0.015].entries()) {
        const figures = nightsOf(42, { sigma, seed: 100 * trial + IDS.indexOf(id) });
        const nights = figures.map((each, index) =>
          index < 40
            ? fullNight(index, each)
            : fullNight(
                index,
                { ...each, [id]: each[id] * worseBy(better) },
                { vllm: 'vllm:b', vllmDigest: 'sha256:b' },
              ),
        );
        const worse = watch(nights).figures.filter(({ judgement }) => judgement.state === 'worse');
        expect(worse.map(({ figure }) => figure.id)).toEqual([id]);
        expect(watchSentences(watch(nights), [])[0]).toMatch(
          new RegExp(
            `^Worse: ${name} (?:fell|rose) \\d+\\.\\d% \\(95% interval .*\\), from .* to .*, in 2 nights, when the vLLM image changed from \`vllm:a\` to \`vllm:b\` and the digest of the vLLM image changed from`,
          ),
        );
      }
    },
  );

  it.each(FIGURES.map((figure) => [figure.id, figure] as const))(
    'for the better is no alarm, in %s',
    (id, { better }) => {
      const figures = nightsOf(42, { sigma: 0.01, seed: 7 });
      const nights = figures.map((each, index) =>
        fullNight(index, index < 40 ? each : { ...each, [id]: each[id] / worseBy(better) }),
      );
      expect(watch(nights).state).toBe('better');
    },
  );

  it('is named as one that two nights do not show where the noise is too large', () => {
    const noisy = nightsOf(40, { sigma: 0.01, seed: 5 });
    const next = noise(6);
    const nights = noisy.map((each, index) => fullNight(index, { ...each, goodput: 18.2 * (1 + 0.05 * next()) }));
    expect(watchSentences(watch(nights), []).at(-1)).toMatch(
      /^Too noisy to show 10% in two nights: goodput \(2\d%\)\.$/,
    );
  });
});

describe('by simulation of years of all figures', () => {
  const DAYS = 365;
  type Model = (next: () => number, shared: readonly number[]) => number[];
  const uniform = (next: () => number) => {
    // A normal value by its own distribution (logistic approximation, Bowling 2009, error 0.0002).
    const z = next();
    return 1 / (1 + Math.exp(-0.07056 * z ** 3 - 1.5976 * z));
  };
  const normal =
    (sigma: number): Model =>
    (next) =>
      Array.from({ length: DAYS }, () => 1 + sigma * next());
  const MODELS: Record<string, Model> = {
    'normal noise of 1 %': normal(0.01),
    'normal noise of 2 %': normal(0.02),
    'noise of 2 % that lasts from night to night (AR 0.3)': (next) => {
      let state = next();
      return Array.from({ length: DAYS }, () => {
        state = 0.3 * state + Math.sqrt(1 - 0.3 ** 2) * next();
        return 1 + 0.02 * state;
      });
    },
    'nights of which 3 % are slow in all figures': (next, shared) =>
      shared.map((chance) => (chance < 0.03 ? 0.86 : 1) * (1 + 0.015 * next())),
  };

  it.each(Object.entries(MODELS))('there is at most one false alarm a year over all of them, with %s', (_, model) => {
    const YEARS = 4;
    let alarms = 0;
    for (let year = 0; year < YEARS; year += 1) {
      const next = noise(1_000 + year);
      const shared = Array.from({ length: DAYS }, () => uniform(next));
      const worse = FIGURES.map(() => judge(model(next, shared), 'higher').map(({ state }) => state === 'worse'));
      const any = shared.map((__, day) => worse.some((each) => each[day]));
      alarms += any.filter((now, day) => now && !any[day - 1]).length;
    }
    expect(alarms / YEARS).toBeLessThanOrEqual(1);
  });

  it.each([
    [0.01, 0.99],
    [0.015, 0.97],
    [0.02, 0.85],
  ])('at a noise of %d a drop of a tenth is found in two nights, in at least %d of the cases', (sigma, least) => {
    const TRIALS = 200;
    let found = 0;
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const next = noise(5_000 + trial);
      const values = Array.from({ length: 42 }, (_, day) => (day < 40 ? 1 : 0.9) * (1 + sigma * next()));
      if (judge(values, 'higher').at(-1)?.state === 'worse') found += 1;
    }
    expect(found / TRIALS).toBeGreaterThanOrEqual(least);
  });

  it('the shift that is called detectable is found in about nine cases of ten', () => {
    let found = 0;
    const TRIALS = 200;
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const next = noise(9_000 + trial);
      const values = Array.from({ length: 40 }, () => 1 + 0.04 * next());
      const before = judge(values, 'higher').at(-1)!;
      const drop = before.state === 'building' ? 0 : before.level.detectable;
      values.push(...[0, 1].map(() => 1 - drop + 0.04 * next()));
      if (judge(values, 'higher').at(-1)?.state === 'worse') found += 1;
    }
    expect(found / TRIALS).toBeGreaterThan(0.8);
  });
});

it('the median and the rank test are those of the textbook', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  // Three below three: U = 0, its mean 4.5, its variance 3 · 3 · 7 / 12.
  expect(mannWhitneyZ([1, 2, 3], [4, 5, 6])).toBeCloseTo(-4.5 / Math.sqrt(5.25), 10);
  expect(mannWhitneyZ([1, 1], [1, 1])).toBe(0);
  expect(mannWhitneyZ([1, 4], [2, 3])).toBe(0);
});
