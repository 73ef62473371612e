import { afterEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../../src/lib/failure.ts';
import {
  deadline,
  orAbort,
  type PollOptions,
  poll,
  retry,
  systemClock,
  type WaitStatus,
} from '../../../src/lib/poll.ts';
import { fakeClock } from './fake-clock.ts';

const never = new AbortController().signal;

function waitFor<T>(options: Partial<PollOptions<T>> & Pick<PollOptions<T>, 'probe'>): Promise<T> {
  return poll({
    stage: 'lease',
    what: '3 Ready nodes',
    everyMs: 5_000,
    limitMs: 60_000,
    clock: fakeClock(),
    signal: never,
    ...options,
  });
}

describe('poll', () => {
  it('asks until it is done, and says what it sees meanwhile', async () => {
    const said: WaitStatus[] = [];
    let asked = 0;
    const found = await waitFor({
      onWait: (status) => said.push(status),
      probe: async () => (++asked === 3 ? { done: 'ready' } : { waiting: `${asked} of 3` }),
    });
    expect(found).toBe('ready');
    expect(said).toEqual([
      { what: '3 Ready nodes', seen: '1 of 3', elapsedMs: 0, limitMs: 60_000 },
      { what: '3 Ready nodes', seen: '2 of 3', elapsedMs: 5_000, limitMs: 60_000 },
    ]);
  });

  it('does not sleep when the first answer is good', async () => {
    const clock = fakeClock();
    await waitFor({ clock, probe: async () => ({ done: 1 }) });
    expect(clock.sleeps).toEqual([]);
  });

  it('asks five times as often while its end may come at any moment', async () => {
    const clock = fakeClock();
    const seen = [
      { waiting: '0 of 3' },
      { waiting: '2 of 3' },
      { waiting: '3 of 3', soon: true },
      { waiting: '2 of 3' },
    ];
    await waitFor({ clock, probe: async () => seen.shift() ?? { done: 3 } });
    expect(clock.sleeps).toEqual([5_000, 5_000, 1_000, 5_000]);
  });

  it.each([
    [250, 100],
    [50, 50],
  ])('asks an API no more often than is needed: at an interval of %i ms every %i ms', async (everyMs, quickMs) => {
    const clock = fakeClock();
    let asked = 0;
    await waitFor({ clock, everyMs, probe: async () => (++asked === 2 ? { done: 1 } : { waiting: '', soon: true }) });
    expect(clock.sleeps).toEqual([quickMs]);
  });

  it('ends at its limit with what was last seen', async () => {
    const clock = fakeClock();
    const waiting = waitFor({ clock, limitMs: 12_000, probe: async () => ({ waiting: '2 of 3 nodes' }) });
    await expect(waiting).rejects.toThrow('Waited 12 s for 3 Ready nodes; last seen: 2 of 3 nodes.');
    // The last sleep is cut to the limit, so that a long interval does not overshoot it.
    expect(clock.sleeps).toEqual([5_000, 5_000, 2_001]);
  });

  const passing = new Failure({
    stage: 'ready',
    code: 'kube-api',
    message: 'pods: 429',
    evidence: { retryable: true },
  });

  it('bears errors that pass where it is told to, and shows them', async () => {
    const said: string[] = [];
    let asked = 0;
    const probe = async () => {
      asked += 1;
      if (asked === 2 || asked === 3) throw passing;
      return asked === 5 ? { done: 'ready' } : { waiting: '2 of 3' };
    };
    const onWait = ({ seen }: WaitStatus) => said.push(seen);
    expect(await waitFor({ bearsMs: 6_000, onWait, probe })).toBe('ready');
    expect(said).toEqual(['2 of 3', 'pods: 429', 'pods: 429', '2 of 3']);
    asked = 0;
    await expect(waitFor({ probe })).rejects.toBe(passing);
  });

  it.each([
    ['once they go on for too long', 20_000, 60_000, 20_000],
    ['at its limit', 60_000, 12_000, 12_001],
  ])('ends with such an error %s', async (_, bearsMs, limitMs, endsMs) => {
    const clock = fakeClock();
    await expect(waitFor({ clock, bearsMs, limitMs, probe: () => Promise.reject(passing) })).rejects.toBe(passing);
    expect(clock.now()).toBe(endsMs);
  });

  it('ends at once with any other error, and with an abort', async () => {
    const bug = new TypeError('x is not a function');
    await expect(waitFor({ bearsMs: 60_000, probe: () => Promise.reject(bug) })).rejects.toBe(bug);
    const controller = new AbortController();
    const probe = async () => {
      controller.abort(new Error('cancelled'));
      throw passing;
    };
    await expect(waitFor({ bearsMs: 60_000, signal: controller.signal, probe })).rejects.toThrow('cancelled');
  });

  it('lets the caller say what its limit means', async () => {
    const waiting = waitFor({
      limitMs: 0,
      probe: async () => ({ waiting: 'nothing' }),
      onTimeout: (seen) => new Failure({ stage: 'lease', code: 'nodes-timeout', message: `only ${seen}` }),
    });
    await expect(waiting).rejects.toMatchObject({ code: 'nodes-timeout', message: 'only nothing' });
  });

  it('ends at once with a thrown Failure', async () => {
    const clock = fakeClock();
    const failure = new Failure({ stage: 'lease', code: 'gke-stockout', message: 'no capacity' });
    await expect(waitFor({ clock, probe: () => Promise.reject(failure) })).rejects.toBe(failure);
    expect(clock.sleeps).toEqual([]);
  });

  it('does not ask at all when it was aborted before', async () => {
    let asked = 0;
    const waiting = waitFor({
      signal: AbortSignal.abort(new Error('cancelled')),
      probe: async () => ({ waiting: String(++asked) }),
    });
    await expect(waiting).rejects.toThrow('cancelled');
    expect(asked).toBe(0);
  });

  it('ends a long sleep at once when it is aborted', async () => {
    const controller = new AbortController();
    const waiting = waitFor({
      clock: systemClock,
      everyMs: 3_600_000,
      limitMs: 7_200_000,
      signal: controller.signal,
      probe: async () => ({ waiting: 'nothing' }),
    });
    setTimeout(() => controller.abort(new Error('cancelled')), 5);
    await expect(waiting).rejects.toThrow('cancelled');
  });
});

describe('retry', () => {
  const failing = (times: number) => {
    let tried = 0;
    return {
      tried: () => tried,
      attempt: async () => {
        tried += 1;
        if (tried <= times) throw new Error(`fault ${tried}`);
        return tried;
      },
    };
  };
  const options = { tries: 4, baseMs: 400, signal: never, retryable: () => true };

  it('tries again until it works, with a growing back-off', async () => {
    const clock = fakeClock();
    const { attempt } = failing(3);
    const told: string[] = [];
    const onRetry = (error: unknown, n: number) => told.push(`${n}: ${(error as Error).message}`);
    expect(await retry(attempt, { ...options, clock, onRetry })).toBe(4);
    expect(told).toEqual(['1: fault 1', '2: fault 2', '3: fault 3']);
    for (const [index, ms] of clock.sleeps.entries()) {
      expect(ms).toBeGreaterThanOrEqual(200 * 2 ** index);
      expect(ms).toBeLessThanOrEqual(400 * 2 ** index);
    }
  });

  it('throws the last error after the last try', async () => {
    const { attempt, tried } = failing(9);
    await expect(retry(attempt, { ...options, clock: fakeClock() })).rejects.toThrow('fault 4');
    expect(tried()).toBe(4);
  });

  it('does not try again what cannot get better', async () => {
    const { attempt, tried } = failing(9);
    await expect(retry(attempt, { ...options, clock: fakeClock(), retryable: () => false })).rejects.toThrow('fault 1');
    expect(tried()).toBe(1);
  });

  it('waits at least as long as the server asked', async () => {
    const clock = fakeClock();
    await retry(failing(1).attempt, { ...options, clock, minimumDelayMs: () => 7_000 });
    expect(clock.sleeps).toEqual([7_000]);
  });

  it('never waits longer than 15 s by itself', async () => {
    const clock = fakeClock();
    await retry(failing(9).attempt, { ...options, tries: 10, clock });
    expect(Math.max(...clock.sleeps)).toBeLessThanOrEqual(15_000);
  });

  it('stops during a back-off when it is aborted', async () => {
    const controller = new AbortController();
    const clock = fakeClock(() => controller.abort(new Error('cancelled')));
    const { attempt, tried } = failing(9);
    await expect(retry(attempt, { ...options, clock, signal: controller.signal })).rejects.toThrow('cancelled');
    expect(tried()).toBe(1);
  });
});

describe('orAbort', () => {
  it('answers what the work does', async () => {
    await expect(orAbort(Promise.resolve(7), never)).resolves.toBe(7);
    await expect(orAbort(Promise.reject(new Error('refused')), never)).rejects.toThrow('refused');
  });

  it('does not wait for work that heeds no signal', async () => {
    const controller = new AbortController();
    const waiting = orAbort(new Promise(() => {}), controller.signal);
    controller.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    await expect(orAbort(new Promise(() => {}), controller.signal)).rejects.toThrow('cancelled');
    await expect(orAbort(Promise.reject(new Error('late')), controller.signal)).rejects.toThrow('cancelled');
  });
});

describe('deadline', () => {
  it('aborts with its parent, and by itself', async () => {
    const parent = new AbortController();
    const signal = deadline(parent.signal, 3_600_000);
    parent.abort(new Error('cancelled'));
    expect(signal.reason.message).toBe('cancelled');

    const own = deadline(never, 1);
    await new Promise((resolve) => own.addEventListener('abort', resolve));
    expect(own.reason.name).toBe('TimeoutError');
  });
});

describe('a sleep that is longer than a timer of Node can be', () => {
  afterEach(() => vi.useRealTimers());

  it('lasts for its whole time', async () => {
    vi.useFakeTimers();
    const days = 30 * 86_400_000;
    let awake = false;
    const sleeping = systemClock.sleep(days, never).then(() => {
      awake = true;
    });
    await vi.advanceTimersByTimeAsync(days - 1);
    expect(awake).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await sleeping;
    expect(awake).toBe(true);
  });
});
