import { describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../scenarios/scenarios.ts';
import type { ServingFaults } from '../../scenarios/types.ts';
import type { Engine, Work } from '../../serving/engine.ts';
import { createFaultInjector } from '../../serving/faults.ts';
import { misleading } from '../../serving/misleading-picker.ts';
import { createRandom } from '../../serving/random.ts';

const CANDIDATES = ['c', 'a', 'b'].map((name) => ({ name, queue: 0, kvUsage: 0, blockSize: 128 }));
const picks = (kind: ServingFaults['picker'], bodies: string[]) => {
  const picker = misleading(kind, createRandom(7));
  return bodies.map((body) => {
    const picked = picker?.pick(Buffer.from(body), CANDIDATES);
    return picked && 'pod' in picked ? picked.pod : null;
  });
};

describe('a picker that misleads', () => {
  it('is null without a fault', () => {
    expect(misleading('prefix', createRandom(1))).toBeNull();
    expect(misleading('bypassed', createRandom(1))).toBeNull();
  });

  it('sends all to one pod, or follows the whole prompt, or nothing', () => {
    const bodies = Array.from({ length: 60 }, (_, index) => `the same prefix ${index}`);
    expect(new Set(picks('one-pod', bodies))).toEqual(new Set(['a']));
    expect(new Set(picks('whole-prompt', bodies)).size).toBe(3);
    expect(new Set(picks('whole-prompt', Array(20).fill('one prompt'))).size).toBe(1);
    expect(new Set(picks('random', Array(60).fill('one prompt'))).size).toBe(3);
  });
});

describe('a replica of a misleading system', () => {
  const guests: Work[] = [];
  const injectorOf = (change: Partial<ServingFaults>, death = { taken: false }, guest = { taken: false }) =>
    createFaultInjector({
      faults: { ...SCENARIOS.pass!.serving, ...change },
      engine: { submit: (work: Work) => guests.push(work) && { abort() {} } } as unknown as Engine,
      timeScale: 100,
      death,
      guest,
    });

  it('answers wrongly only after it has begun to', () => {
    const errors = injectorOf({ answers: { kind: 'errors', after: 10 } });
    expect(errors.answer(10)).toBeNull();
    expect(errors.answer(11)?.status).toBe(500);
    const empty = injectorOf({ answers: { kind: 'no-choices', after: 0 } });
    expect(empty.answer(1)).toMatchObject({ status: 200, body: { choices: [] } });
  });

  it('shortens what the picker sent, and nothing else', () => {
    const short = injectorOf({ answers: { kind: 'short', after: 0 } });
    const request = { prompts: [{ outputTokens: 10 }] } as never;
    expect(short.shortened(request, true, 1).prompts[0]?.outputTokens).toBe(7);
    expect(short.shortened(request, false, 1)).toBe(request);
  });

  it('works less for what goes to all replicas, and answers with all tokens', () => {
    const less = injectorOf({ answers: { kind: 'less-work', after: 0 } });
    const request = { prompts: [{ outputTokens: 10 }] } as never;
    expect(less.shortened(request, true, 1).prompts[0]).toEqual({ outputTokens: 10, workShare: 0.82 });
    expect(less.shortened(request, false, 1)).toBe(request);
  });

  it('answers without text, or with an error beside it', () => {
    const silent = injectorOf({ answers: { kind: 'no-text', after: 0 } });
    expect(silent.shortened({ prompts: [{ hasText: true }] } as never, false, 1).prompts[0]?.hasText).toBe(false);
    const broken = injectorOf({ answers: { kind: 'error-beside', after: 1 } });
    expect(broken.context({} as never, 1)).toEqual({});
    expect(broken.context({} as never, 2)).toEqual({ error: { message: 'the engine has died' } });
  });

  it('has a guest that never ends, once among all, from the first request to one replica', () => {
    const guest = { taken: false };
    const [first, second] = [1, 2].map(() => injectorOf({ foreignEndless: true }, undefined, guest));
    first!.arrived(1, true);
    expect(guests).toEqual([]);
    first!.arrived(2, false);
    second!.arrived(1, false);
    expect(guests).toMatchObject([{ outputTokens: 2_000_000 }]);
  });

  it('dies alone, and never by a request to one replica', () => {
    const death = { taken: false };
    const [first, second] = [1, 2].map(() => injectorOf({ diesAfter: 2 }, death));
    expect([1, 2, 3].map((count) => first!.arrived(count, false))).toEqual([false, false, false]);
    expect([4, 5].map((count) => first!.arrived(count, true))).toEqual([true, false]);
    expect([1, 2, 3].map((count) => second!.arrived(count, true))).toEqual([false, false, false]);
  });

  it('dies once, and stands still once', async () => {
    const dying = injectorOf({ diesAfter: 3 });
    expect([1, 2, 3, 4].map((count) => dying.arrived(count, true))).toEqual([false, false, true, false]);
    const stalling = injectorOf({ stallSeconds: 5 });
    let moved = 0;
    for (let count = 0; count < 299; count += 1) stalling.whenMoving(false, () => (moved += 1));
    expect(moved).toBe(299);
    stalling.whenMoving(false, () => (moved += 1));
    expect(moved).toBe(299);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(moved).toBe(300);
    stalling.whenMoving(false, () => (moved += 1));
    expect(moved).toBe(301);
  });
});
