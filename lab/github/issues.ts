import { type ApiRequest, jsonObject, type Reply } from '../google/http.ts';
import { userJson } from './rest-json.ts';

export interface Issue {
  number: number;
  title: string;
  body: string;
  edits: number;
  state: 'open' | 'closed';
  stateReason: string | null;
  closedAt: string | null;
}

export interface Run {
  status: 'in_progress' | 'completed';
  updatedAt: string;
  /** Where it comes from; a schedule of the default branch unless given. */
  event?: string;
  headBranch?: string;
  headSha?: string;
  /** `owner/name`; null for one that is gone. */
  headRepository?: string | null;
}

/** Issues and workflow runs of the repository, as far as a sweeper meets them. */
export interface Tracker {
  issues: Issue[];
  /** By `id/attempt`. */
  runs: Map<string, Run>;
}

export function createTracker(): Tracker {
  return { issues: [], runs: new Map() };
}

/** Null for any other path. */
export function trackerApi(
  request: ApiRequest,
  path: string,
  { issues, runs }: Tracker,
  { repository, login }: { repository: string; login: string },
): Reply | null {
  const attempt = /^\/actions\/runs\/(\d+)\/attempts\/(\d+)$/.exec(path);
  if (attempt && request.method === 'GET') {
    const run = runs.get(`${attempt[1]}/${attempt[2]}`);
    if (!run) return { status: 404, body: { message: 'Not Found', status: '404' } };
    const conclusion = run.status === 'completed' ? 'failure' : null;
    const body = { id: Number(attempt[1]), run_attempt: Number(attempt[2]), status: run.status, conclusion };
    const { event = 'schedule', headBranch = 'main', headSha = 'c0ffee1'.padEnd(40, '0') } = run;
    const { headRepository = repository } = run;
    const origin = {
      event,
      head_branch: headBranch,
      head_sha: headSha,
      head_repository: headRepository === null ? null : { full_name: headRepository },
    };
    return { status: 200, body: { ...body, ...origin, updated_at: run.updatedAt } };
  }
  const json = (issue: Issue) => ({
    number: issue.number,
    title: issue.title,
    body: issue.body,
    state: issue.state,
    state_reason: issue.stateReason,
    closed_at: issue.closedAt,
    user: userJson(login, ''),
    html_url: `https://github.com/${repository}/issues/${issue.number}`,
  });
  if (path === '/issues' && request.method === 'GET') {
    const page = Number(request.query.get('page') ?? 1);
    const size = Number(request.query.get('per_page') ?? 30);
    const state = request.query.get('state') ?? 'open';
    return {
      status: 200,
      body: issues
        .filter((issue) => state === 'all' || issue.state === state)
        .reverse()
        .slice((page - 1) * size, page * size)
        .map(json),
    };
  }
  const given = jsonObject(request.body) as {
    title?: string;
    body?: string;
    state?: 'open' | 'closed';
    state_reason?: string;
  } | null;
  if (path === '/issues' && request.method === 'POST') {
    if (typeof given?.title !== 'string') return { status: 422, body: { message: 'Validation Failed', status: '422' } };
    const issue: Issue = {
      number: 100 + issues.length,
      title: given.title,
      body: given.body ?? '',
      edits: 0,
      state: 'open',
      stateReason: null,
      closedAt: null,
    };
    issues.push(issue);
    return { status: 201, body: json(issue) };
  }
  const number = /^\/issues\/(\d+)$/.exec(path)?.[1];
  const issue = issues.find((one) => String(one.number) === number);
  if (number === undefined || !['GET', 'PATCH'].includes(request.method)) return null;
  if (!issue) return { status: 404, body: { message: 'Not Found', status: '404' } };
  if (request.method === 'PATCH') {
    if (typeof given?.body === 'string') issue.body = given.body;
    if (typeof given?.title === 'string') issue.title = given.title;
    if (given?.state && given.state !== issue.state) {
      issue.state = given.state;
      issue.closedAt = given.state === 'closed' ? new Date().toISOString() : null;
      issue.stateReason = given.state_reason ?? (given.state === 'closed' ? 'completed' : 'reopened');
    }
    issue.edits += 1;
  }
  return { status: 200, body: json(issue) };
}
