import { afterAll, describe, expect, test } from 'vitest';
import { planOf } from './random/plan.ts';
import { randomPlayer } from './random/play.ts';

/** A part of `npm run test:faults -- --part random`: each run is three processes and takes seconds. */
const SEED = 1;
const SAMPLE = [1, 2];

describe('the plan of a random run', () => {
  test('is the same for the same seed and index, and another for another', () => {
    expect(planOf(3, 5)).toEqual(planOf(3, 5));
    expect(planOf(3, 5)).not.toEqual(planOf(3, 6));
    expect(planOf(3, 5)).not.toEqual(planOf(4, 5));
  });

  test('has every kind of disturbance in some of 400 runs, in every step that it can meet', () => {
    const plans = Array.from({ length: 400 }, (_, index) => planOf(SEED, index));
    const kinds = (step: 'main' | 'post' | 'sweep') =>
      new Set(plans.flatMap((plan) => plan[step].map(({ kind }) => kind)));
    const everywhere = ['network', 'signal', 'closed-stdout', 'full-stdout', 'full-disk', 'full-file', 'file-limit'];
    for (const step of ['main', 'post', 'sweep'] as const) {
      expect([...kinds(step)]).toEqual(expect.arrayContaining([...everywhere, 'stuck-file', 'clock', 'lease']));
    }
    expect(kinds('main')).toContain('cancel');
    expect(new Set(plans.map(({ state }) => state)).size).toBe(5);
  });
});

describe('whole runs under several disturbances at once', () => {
  const player = randomPlayer(SEED, []);
  afterAll(() => player.close());

  test.each(SAMPLE)(
    'leave nothing, tell no secret and touch nothing of others: run %i',
    { timeout: 180_000 },
    async (index) => {
      const { broken, log } = await player.play(index);
      expect(broken, `npm run test:faults -- --part random --seed ${SEED} --only ${index}\n${log}`).toEqual([]);
    },
  );
});
