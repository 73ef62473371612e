import { humanDuration } from './duration.ts';
import { errorText, Failure, type FailureStage, isRetryable } from './failure.ts';

/** Time, injected so that waits can be tested without waiting. `now` is monotonic milliseconds. */
export interface Clock {
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    let left = ms;
    for (; left > LONGEST_TIMER_MS; left -= LONGEST_TIMER_MS) await pause(LONGEST_TIMER_MS, signal);
    await pause(left, signal);
  },
};

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

export interface PollOptions<T> {
  stage: FailureStage;
  /** What is awaited, as a noun phrase: `3 Ready nodes in tpu-v6e-pool`. */
  what: string;
  /** From one probe to the next; a fifth of it after a probe that returns `soon`. */
  everyMs: number;
  limitMs: number;
  clock: Clock;
  signal: AbortSignal;
  /**
   * A value ends the wait; `{ waiting }` names what is still missing, and `soon` that it may come at any moment. A thrown
   * Failure ends it at once.
   */
  probe: () => Promise<{ done: T } | { waiting: string; soon?: boolean }>;
  /**
   * For how long every probe may fail in a way that passes (`isRetryable`) before the error ends the wait. Without it, the
   * first error does.
   */
  bearsMs?: number;
  /** Called after every unsuccessful probe. */
  onWait?: (status: WaitStatus) => void;
  /** Decides what a deadline means; defaults to a Failure with what was last seen. */
  onTimeout?: (lastSeen: string, waitedMs: number) => Failure;
}

export interface WaitStatus {
  what: string;
  seen: string;
  elapsedMs: number;
  limitMs: number;
}

/** Probes in the time of one where the end may come at any moment. */
const QUICKER = 5;
/** No API is asked more often than this for the sake of a sooner end. */
const QUICKEST_MS = 100;

/** An upgrade of a zonal control plane takes the Kubernetes API away for some minutes. */
export const OUTAGE_MS = 5 * 60_000;

/**
 * Probes until done, the limit or the abort signal. Every wait of the product goes through here, so that each has a
 * deadline, an abort and a voice.
 */
export async function poll<T>(options: PollOptions<T>): Promise<T> {
  const { clock, signal, limitMs } = options;
  const started = clock.now();
  let failingSince: number | null = null;
  for (;;) {
    signal.throwIfAborted();
    const askedAt = clock.now();
    const result = await bearing(options);
    if ('done' in result) return result.done;
    const elapsedMs = clock.now() - started;
    failingSince = 'error' in result ? (failingSince ?? askedAt) : null;
    if ('error' in result && failingSince !== null) {
      const isOver = elapsedMs >= limitMs || clock.now() - failingSince >= (options.bearsMs ?? 0);
      if (isOver) throw result.error;
    }
    options.onWait?.({ what: options.what, seen: result.waiting, elapsedMs, limitMs });
    if (elapsedMs >= limitMs) {
      throw (
        options.onTimeout?.(result.waiting, elapsedMs) ??
        new Failure({
          stage: options.stage,
          code: 'timeout',
          message: `Waited ${humanDuration(elapsedMs)} for ${options.what}; last seen: ${result.waiting}.`,
        })
      );
    }
    await clock.sleep(Math.min(paceOf(options.everyMs, result.soon), limitMs - elapsedMs + 1), signal);
  }
}

function paceOf(everyMs: number, isSoon = false): number {
  return isSoon ? Math.min(everyMs, Math.max(QUICKEST_MS, everyMs / QUICKER)) : everyMs;
}

type Probed<T> = { done: T } | { waiting: string; soon?: boolean; error?: unknown };

/** One probe; an error that the wait bears comes as a value. */
async function bearing<T>({ probe, bearsMs, signal }: PollOptions<T>): Promise<Probed<T>> {
  try {
    return await probe();
  } catch (error) {
    signal.throwIfAborted();
    if (bearsMs === undefined || !isRetryable(error)) throw error;
    return { waiting: errorText(error), error };
  }
}

/** A probe whose errors are waited for, whatever they are: nothing is final before the limit. */
export function patient<T>(signal: AbortSignal, probe: PollOptions<T>['probe']): PollOptions<T>['probe'] {
  return async () => {
    try {
      return await probe();
    } catch (error) {
      signal.throwIfAborted();
      return { waiting: errorText(error) };
    }
  };
}

/** A server may ask for any Retry-After; a run that bills by the minute does not wait longer than this between tries. */
const LONGEST_PAUSE_MS = 60_000;

/**
 * Runs `attempt` again while `retryable` returns true, with exponential back-off and full jitter, at most `tries` times.
 * The last error is thrown as it is.
 */
export async function retry<T>(
  attempt: () => Promise<T>,
  options: {
    tries: number;
    baseMs: number;
    clock: Clock;
    signal: AbortSignal;
    retryable: (error: unknown) => boolean;
    onRetry?: (error: unknown, attempt: number) => void;
    /** A server's Retry-After in milliseconds, which the delay then never undercuts. */
    minimumDelayMs?: (error: unknown) => number;
  },
): Promise<T> {
  for (let n = 1; ; n += 1) {
    options.signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (n >= options.tries || options.signal.aborted || !options.retryable(error)) throw error;
      options.onRetry?.(error, n);
      const backoff = Math.min(options.baseMs * 2 ** (n - 1), 15_000) * (0.5 + Math.random() / 2);
      const minimum = Math.min(options.minimumDelayMs?.(error) ?? 0, LONGEST_PAUSE_MS);
      await options.clock.sleep(Math.max(backoff, minimum), options.signal);
    }
  }
}

/**
 * What `work` answers, or the signal's reason as soon as it aborts. For work that heeds a signal late: undici, for one,
 * not before its connection stands.
 */
export function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** A signal that aborts with its parent or after `ms` (reason: TimeoutError). */
export function deadline(signal: AbortSignal, ms: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}
