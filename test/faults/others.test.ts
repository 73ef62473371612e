import { describe, expect, test } from 'vitest';
import { DEEDS, playDeed } from './others.ts';

describe('whatever somebody else does beside a run, nothing of theirs is harmed and no leak is green', () => {
  test.each(DEEDS.map((deed) => [deed.name, deed] as const))('%s', { timeout: 60_000 }, async (_, deed) => {
    expect((await playDeed(deed)).broken).toEqual([]);
  });
});
