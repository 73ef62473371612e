import type { ApiRequest, Reply } from '../google/http.ts';
import type { GithubConfig } from '../protocol.ts';

/** Whose permission a write needs, by its path within the repository. */
const PERMISSIONS: readonly [RegExp, string][] = [
  [/^\/check-runs/, 'checks'],
  [/^\/git\//, 'contents'],
  [/^\/deployments/, 'deployments'],
  [/^\/issues(?:\/\d+)?$/, 'issues'],
  [/^\/issues\/.*comments/, 'pull-requests'],
];

/**
 * What a token or a rate may not do, before anything is looked at: a write without its permission, as an installation's
 * token is told; the first writes while a secondary rate limit lasts. Null where nothing stands against it.
 */
export function faultReply(
  request: ApiRequest,
  { repository, denied = [], secondaryLimit }: GithubConfig,
  limited: { count: number },
): Reply | null {
  if (request.method === 'GET') return null;
  const isRead = request.path === '/graphql' && !/^\s*mutation/.test(query(request));
  if (secondaryLimit && !isRead && limited.count < secondaryLimit.writes) {
    limited.count += 1;
    return {
      status: 403,
      headers: { 'retry-after': String(secondaryLimit.retryAfterS) },
      body: {
        message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
        documentation_url: 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api',
      },
    };
  }
  const path = request.path.replace(new RegExp(`^/repos/${repository}`, 'i'), '');
  const needed = PERMISSIONS.find(([pattern]) => pattern.test(path))?.[1];
  return needed && denied.includes(needed)
    ? { status: 403, body: { message: 'Resource not accessible by integration', status: '403' } }
    : null;
}

function query({ body }: ApiRequest): string {
  try {
    return String((JSON.parse(body.toString()) as { query?: unknown }).query ?? '');
  } catch {
    return '';
  }
}
