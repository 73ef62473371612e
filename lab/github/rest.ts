import { type ApiRequest, jsonObject, type Reply } from '../google/http.ts';
import type { GithubConfig, GithubRepository } from '../protocol.ts';
import { type CheckRun, checkRunsApi } from './check-runs.ts';
import { commandApi, type Reactions, type Statuses } from './commands.ts';
import type { Comment, Comments } from './comments.ts';
import { type Deployment, deploymentsApi } from './deployments.ts';
import { type GitData, gitApi } from './git-data.ts';
import { type Tracker, trackerApi } from './issues.ts';
import { notPlayed } from './not-played.ts';
import { commentJson, pullRequestJson, repositoryJson, userJson } from './rest-json.ts';
import { setupApi } from './setup.ts';

export interface GithubState {
  config: GithubConfig;
  repository: GithubRepository;
  comments: Comments;
  tracker: Tracker;
  git: GitData;
  deployments: Deployment[];
  reactions: Reactions;
  statuses: Statuses;
  checkRuns: CheckRun[];
  apiUrl: string;
  /** The commit that every head has in common with its base. */
  mergeBase: string;
}

/** Counted in characters, not bytes; one more answers 422. */
const MAX_BODY = 65_536;
const DEFAULT_PAGE = 30;
const MAX_PAGE = 100;

/** The REST calls that a commenting action makes. Shapes from docs.github.com/rest; anything else is a 404 that names the lab. */
export function restApi(request: ApiRequest, state: GithubState): Reply {
  const { config, apiUrl } = state;
  if (request.method === 'GET' && request.path === '/rate_limit') return rateLimit();
  if (request.method === 'GET' && request.path === '/user') {
    // A workflow's own token is an installation's: it is nobody at /user.
    return config.login.endsWith('[bot]') ? notAccessible() : ok(userJson(config.login, apiUrl));
  }
  const repository = /^\/repos\/([^/]+\/[^/]+)(\/.*)?$/.exec(request.path);
  if (!repository) return notPlayed(request);
  if (repository[1]?.toLowerCase() !== config.repository.toLowerCase()) return notFound();
  const path = repository[2] ?? '';
  if (request.method === 'GET' && path === '') return ok(repositoryJson(config, apiUrl));

  const set = setupApi(request, path, state.repository, apiUrl);
  if (set) return set;
  const commanded = commandApi(request, path, state);
  if (commanded) return commanded;
  const tracked = trackerApi(request, path, state.tracker, config);
  if (tracked) return tracked;
  const checked = checkRunsApi(request, path, state);
  if (checked) return checked;
  const deployed = deploymentsApi(request, path, state.deployments);
  if (deployed) return deployed;
  const data = gitApi(request, path, state.git, config.staleReads ?? 0);
  if (data) return data;
  const pull = numberIn(/^\/pulls\/(\d+)$/, path);
  if (request.method === 'GET' && pull !== undefined) {
    return config.pullRequests.includes(pull) ? ok(pullRequestJson(pull, config, apiUrl)) : notFound();
  }
  const issue = numberIn(/^\/issues\/(\d+)\/comments$/, path);
  const known =
    config.pullRequests.includes(issue ?? -1) || state.tracker.issues.some(({ number }) => number === issue);
  if (issue !== undefined) return known ? onIssue(request, issue, state) : notFound();
  const number = numberIn(/^\/issues\/comments\/(\d+)$/, path);
  if (number === undefined) return notPlayed(request);
  const comment = state.comments.get(number);
  return comment ? onComment(request, comment, state) : notFound();
}

function onIssue(request: ApiRequest, pullRequest: number, state: GithubState): Reply {
  if (request.method === 'GET') return list(request, pullRequest, state);
  if (request.method !== 'POST') return notPlayed(request);
  const body = bodyOf(request);
  if (typeof body !== 'string') return body;
  const comment = state.comments.add({ pullRequest, author: state.config.login, body, minimized: false });
  const json = commentJson(comment, state.config, state.apiUrl);
  return { status: 201, body: json, headers: { location: json.url } };
}

function onComment(request: ApiRequest, comment: Comment, state: GithubState): Reply {
  if (request.method === 'DELETE') {
    state.comments.remove(comment);
    return { status: 204 };
  }
  if (request.method === 'PATCH') {
    const body = bodyOf(request);
    if (typeof body !== 'string') return body;
    state.comments.edit(comment, body);
  } else if (request.method !== 'GET') return notPlayed(request);
  return ok(commentJson(comment, state.config, state.apiUrl));
}

function list(request: ApiRequest, pullRequest: number, { config, comments, apiUrl }: GithubState): Reply {
  const since = request.query.get('since');
  const all = comments.of(pullRequest).filter((comment) => since === null || comment.updatedAt >= since);
  const size = Math.min(positive(request.query.get('per_page')) ?? DEFAULT_PAGE, MAX_PAGE);
  const page = positive(request.query.get('page')) ?? 1;
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (number: number, rel: string) => {
    const url = new URL(request.path, apiUrl);
    for (const [name, value] of request.query) url.searchParams.set(name, value);
    url.searchParams.set('page', String(number));
    return `<${url.href}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
    ...(page > 1 ? [link(1, 'first')] : []),
  ];
  return {
    status: 200,
    body: all.slice((page - 1) * size, page * size).map((comment) => commentJson(comment, config, apiUrl)),
    headers: links.length > 0 ? { link: links.join(', ') } : {},
  };
}

/** The new comment's text, or the refusal. */
function bodyOf(request: ApiRequest): string | Reply {
  const json = jsonObject(request.body);
  if (!json) return { status: 400, body: problem('Problems parsing JSON', 400) };
  if (typeof json.body !== 'string') {
    return { status: 422, body: problem('Invalid request.\n\n"body" wasn\'t supplied.', 422) };
  }
  if (json.body.trim() === '') return invalid('Body cannot be blank');
  if ([...json.body].length > MAX_BODY) return invalid(`Body is too long (maximum is ${MAX_BODY} characters)`);
  return json.body;
}

function invalid(message: string): Reply {
  const errors = [{ resource: 'IssueComment', code: 'unprocessable', field: 'data', message }];
  return { status: 422, body: { ...problem('Validation Failed', 422), errors } };
}

export function badCredentials(tokenGiven: boolean): Reply {
  return { status: 401, body: problem(tokenGiven ? 'Bad credentials' : 'Requires authentication', 401) };
}

function notAccessible(): Reply {
  return { status: 403, body: problem('Resource not accessible by integration', 403) };
}

function notFound(): Reply {
  return { status: 404, body: problem('Not Found', 404) };
}

function problem(message: string, status: number): Record<string, unknown> {
  return { message, documentation_url: 'https://docs.github.com/rest', status: String(status) };
}

function rateLimit(): Reply {
  const rate = { limit: 1_000, used: 0, remaining: 1_000, reset: Math.floor(Date.now() / 1_000) + 3_600 };
  return ok({ resources: { core: rate, graphql: rate }, rate });
}

function ok(body: unknown): Reply {
  return { status: 200, body };
}

function numberIn(pattern: RegExp, path: string): number | undefined {
  const digits = pattern.exec(path)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function positive(text: string | null): number | undefined {
  const number = Number(text ?? Number.NaN);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
