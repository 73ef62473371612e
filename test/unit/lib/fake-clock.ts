import type { Clock } from '../../../src/lib/poll.ts';

export interface FakeClock extends Clock {
  /** How long each sleep was, in milliseconds. */
  sleeps: number[];
}

/** Time that passes only while somebody sleeps, and then at once, after everybody else has had a turn; `beforeSleep` sees each sleep before it begins. */
export function fakeClock(beforeSleep: (ms: number, count: number) => void = () => {}): FakeClock {
  let now = 0;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    async sleep(ms, signal) {
      sleeps.push(ms);
      beforeSleep(ms, sleeps.length);
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      now += ms;
    },
  };
}
