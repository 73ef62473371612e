import { setTimeout as sleep } from 'node:timers/promises';
import type { Wanted } from '../../lib/decode.ts';
import { decoded } from './answers.ts';
import { guarded, headerOf, isRateLimit, statusOf } from './errors.ts';

/** Waits in milliseconds; rejects when the signal aborts. */
export type Wait = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

export const timerWait: Wait = (ms, signal) => sleep(ms, undefined, signal ? { signal } : {});

/** GitHub asks for patience of up to an hour; a step that ends soon gives up beyond this. */
const LONGEST_WAIT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 30_000;
const ATTEMPTS = 5;

export interface RetryOptions {
  signal: AbortSignal | undefined;
  wait: Wait;
}

export interface RoundOptions extends RetryOptions {
  /** Rounds at most. */
  most: number;
  /** Milliseconds to wait after an error of a round, 0 for at once; undefined when another round is useless. */
  pauseMs: (error: unknown, round: number) => number | undefined;
}

/**
 * Reads what is there, then acts on it, in rounds: an error of the act begins another round with a fresh reading. What
 * `prepare` throws, an abort, and the error of the last round are thrown as they are.
 */
export async function inRounds<T>(prepare: () => Promise<() => Promise<T>>, options: RoundOptions): Promise<T> {
  const { signal, wait, most, pauseMs } = options;
  for (let round = 1; ; round += 1) {
    const act = await prepare();
    try {
      return await act();
    } catch (error) {
      const pause = signal?.aborted ? undefined : pauseMs(error, round);
      if (pause === undefined || round === most) throw error;
      if (pause > 0) await wait(pause, signal);
    }
  }
}

/**
 * Calls until it succeeds, at most five times: again after a 5xx, 429, rate limit or network error, with back-off or
 * after as long as GitHub asks. Everything else, and an abort, is thrown as it is.
 */
export function withRetries<T>(call: (signal: AbortSignal) => Promise<T>, options: RetryOptions): Promise<T> {
  const act = () => call(requestSignal(options.signal));
  return inRounds(async () => act, { ...options, most: ATTEMPTS, pauseMs: pauseBeforeRetry });
}

/** Like `withRetries`, with the data decoded as what is wanted; any other data counts as a fault that may pass. */
export function asking<T>(
  wanted: Wanted<T>,
  call: (signal: AbortSignal) => Promise<{ data: unknown }>,
  options: RetryOptions,
): Promise<T> {
  return withRetries(async (signal) => decoded(wanted, (await call(signal)).data), options);
}

/** The signal of one request: the given one, and a limit of time. */
export function requestSignal(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

/** Milliseconds to wait, or undefined when trying again is useless. A bad answer has no status, like an error of the network. */
export function pauseBeforeRetry(error: unknown, attempt: number): number | undefined {
  const status = statusOf(error);
  const limited = isRateLimit(error);
  if (status !== undefined && status < 500 && !limited) return undefined;
  const asked = Number(headerOf(error, 'retry-after') ?? Number.NaN) * 1_000;
  if (Number.isFinite(asked)) return asked <= LONGEST_WAIT_MS ? asked : undefined;
  if (limited && headerOf(error, 'x-ratelimit-remaining') === '0') {
    const reset = Number(headerOf(error, 'x-ratelimit-reset') ?? Number.NaN) * 1_000 - Date.now();
    return reset <= LONGEST_WAIT_MS ? Math.max(1_000, reset) : undefined;
  }
  return 1_000 * 2 ** (attempt - 1) * (0.5 + Math.random());
}

/** What a client of one repository is made with. */
export interface GithubAccess {
  token: string;
  /** `owner/name` */
  repository: string;
  /** Base of the REST API, as in GITHUB_API_URL. */
  apiUrl: string | undefined;
  signal: AbortSignal;
  wait: Wait;
}

/** Calls `doing` something with a permission and decodes what comes. `once`: after an unclear answer a second try could double it. */
export type Calling = <T>(
  doing: string,
  wanted: Wanted<T>,
  call: (signal: AbortSignal) => Promise<{ data: unknown }>,
  once?: 'once',
) => Promise<T>;

/** Calls with retries, or once; throws a Failure that names the permission that is missing. */
export function callingWith({ repository, signal, wait }: GithubAccess, permission: string): Calling {
  return (doing, wanted, call, once) =>
    guarded({ repository, signal, permission }, doing, async () =>
      once ? decoded(wanted, (await call(requestSignal(signal))).data) : asking(wanted, call, { signal, wait }),
    );
}
