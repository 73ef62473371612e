import { errorText, Failure } from '../../lib/failure.ts';
import { isBadAnswer } from './answers.ts';
import { githubRow, notAccepted, SSO } from './refusals.ts';

/** The status of an answer, also of GraphQL's; undefined for an error of the network. */
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
 * Null for a 404, of the call itself or as the cause of its Failure. GitHub also returns it for what the token may not
 * see, which the caller tells apart.
 */
export async function unlessMissing<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (statusOf(error) === 404 || (error instanceof Error && statusOf(error.cause) === 404)) return null;
    throw error;
  }
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
  if (isBadAnswer(error)) return badAnswer(error, `${upperFirst(doing)} in ${repository}`);
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
  const place = { repository, permission };
  const refusal = {
    status: status ?? null,
    reasons: [...(headerOf(error, 'x-github-sso') === undefined ? [] : [SSO]), ...typesOf(error)],
    text: errorText(error),
  };
  const row = githubRow(refusal);
  if (row) {
    const { code, says, remedy } = row;
    return new Failure({
      ...{ ...base, code },
      message: says(doing, place, refusal),
      hint: remedy(refusal, place),
    });
  }
  const refused = status !== undefined && status < 500;
  return new Failure({
    ...base,
    code: refused ? 'github-refused' : 'github-unavailable',
    message: notAccepted(doing, place, refusal),
    hint: 'The result stands in the job summary.',
  });
}

/** The same failure with what was being done. */
function badAnswer({ stage, code, message, hint, blame, evidence }: Failure, doing: string): Failure {
  return new Failure({ stage, code, message: `${doing}: ${message}`, ...(hint ? { hint } : {}), blame, evidence });
}

const upperFirst = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

/** Runs work on a repository; an abort is thrown as it is, every other error as a Failure by `githubFailure`. */
export async function guarded<T>(
  target: { repository: string; signal: AbortSignal | undefined; permission?: string },
  doing: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    target.signal?.throwIfAborted();
    throw githubFailure(error, doing, target.repository, target.permission);
  }
}

/** Whether GitHub refused a call for want of patience and not of permission. */
export function isRateLimit(error: unknown): boolean {
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

/** A header of the answer, by its name in lower case. */
export function headerOf(error: unknown, name: string): string | undefined {
  if (!isRecord(error)) return undefined;
  const headers = isRecord(error.response) ? error.response.headers : error.headers;
  const value = isRecord(headers) ? headers[name] : undefined;
  return value === undefined ? undefined : String(value);
}

function typesOf(error: unknown): string[] {
  return isRecord(error) ? graphqlTypes(error) : [];
}

function graphqlTypes(error: Record<string, unknown>): string[] {
  if (!Array.isArray(error.errors)) return [];
  return error.errors.filter(isRecord).map((one) => String(one.type ?? ''));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
