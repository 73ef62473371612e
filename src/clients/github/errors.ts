import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, Failure } from '../../lib/failure.ts';

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

/**
 * Calls until it succeeds, at most five times: again after a 5xx, 429, rate limit or network error, with back-off or
 * after as long as GitHub asks. Everything else, and an abort, is thrown as it is.
 */
export async function withRetries<T>(call: (signal: AbortSignal) => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(requestSignal(options.signal));
    } catch (error) {
      const pause = options.signal?.aborted ? undefined : pauseBeforeRetry(error, attempt);
      if (pause === undefined || attempt === ATTEMPTS) throw error;
      await options.wait(pause, options.signal);
    }
  }
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

/** Calls `doing` something with a permission. `once`: after an unclear answer a second try could double it. */
export type Calling = <T>(doing: string, call: (signal: AbortSignal) => Promise<T>, once?: 'once') => Promise<T>;

/** Calls with retries, or once; throws a Failure that names the permission that is missing. */
export function callingWith({ repository, signal, wait }: GithubAccess, permission: string): Calling {
  return async (doing, call, once) => {
    try {
      return await (once ? call(requestSignal(signal)) : withRetries(call, { signal, wait }));
    } catch (error) {
      signal.throwIfAborted();
      throw githubFailure(error, doing, repository, permission);
    }
  };
}

export function requestSignal(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

/** Milliseconds to wait, or undefined when trying again is no use. */
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

export function statusOf(error: unknown): number | undefined {
  if (!isRecord(error)) return undefined;
  if (typeof error.status === 'number') return error.status;
  const types = graphqlTypes(error);
  if (types.length === 0) return undefined;
  if (types.includes('RATE_LIMITED')) return 429;
  if (types.includes('NOT_FOUND')) return 404;
  return types.some((type) => type === 'FORBIDDEN' || type === 'INSUFFICIENT_SCOPES') ? 403 : 400;
}

/**
 * Any error of a GitHub call as a Failure that says what to change; `permission` is the line that a job needs for the
 * call. What is published never decides the verdict.
 */
export function githubFailure(
  error: unknown,
  doing: string,
  repository: string,
  permission = 'pull-requests: write',
): Failure {
  if (error instanceof Failure) return error;
  const base = { stage: 'report', cause: error } as const;
  const status = statusOf(error);
  if (isRateLimit(error)) {
    return new Failure({
      ...base,
      code: 'github-rate-limit',
      message: `GitHub's rate limit stopped ${doing} in ${repository}.`,
      hint: 'The result stands in the job summary; the next run updates the comment.',
    });
  }
  if (status === 401) {
    return new Failure({
      ...base,
      code: 'github-token',
      blame: 'config',
      message: `GitHub refused the token for ${doing} in ${repository} (401).`,
      hint: 'Leave the input `github-token` at its default, or pass a token that has not expired.',
    });
  }
  if (status === 403 || status === 404) {
    return new Failure({
      ...base,
      code: 'github-permission',
      blame: 'config',
      message: `The token may not be used for ${doing} in ${repository} (${status}).`,
      hint:
        `Add these two lines to the job:\npermissions:\n  ${permission}\n` +
        'A pull request from a fork gets a read-only token whatever is written there.',
    });
  }
  return new Failure({
    ...base,
    code: status === 422 ? 'github-rejected' : 'github-unavailable',
    message: `GitHub did not accept ${doing} in ${repository}: ${errorText(error)}`,
    hint: 'The result stands in the job summary.',
  });
}

function isRateLimit(error: unknown): boolean {
  const status = statusOf(error);
  if (status === 429) return true;
  if (status !== 403) return false;
  const message = error instanceof Error ? error.message : '';
  return (
    headerOf(error, 'retry-after') !== undefined ||
    headerOf(error, 'x-ratelimit-remaining') === '0' ||
    /secondary rate limit|abuse detection/i.test(message)
  );
}

function headerOf(error: unknown, name: string): string | undefined {
  if (!isRecord(error)) return undefined;
  const headers = isRecord(error.response) ? error.response.headers : error.headers;
  const value = isRecord(headers) ? headers[name] : undefined;
  return value === undefined ? undefined : String(value);
}

function graphqlTypes(error: Record<string, unknown>): string[] {
  if (!Array.isArray(error.errors)) return [];
  return error.errors.filter(isRecord).map((one) => String(one.type ?? ''));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
