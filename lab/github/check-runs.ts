import { type ApiRequest, jsonObject, type Reply } from '../google/http.ts';
import type { GithubConfig, GithubRecord } from '../protocol.ts';
import { notPlayed } from './not-played.ts';

export type CheckRun = GithubRecord['checkRuns'][number];

interface CheckState {
  config: GithubConfig;
  checkRuns: CheckRun[];
  apiUrl: string;
}

const CONCLUSIONS = ['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'stale', 'timed_out'];
const LEVELS = ['notice', 'warning', 'failure'];
/** Characters of a summary, and annotations of one call. */
const MOST = { summary: 65_535, annotations: 50 };

/**
 * GitHub's check runs, as docs.github.com/rest/checks/runs has them: null for any other path. Only the token
 * of an app writes them. An update adds its annotations to those that are there.
 */
export function checkRunsApi(request: ApiRequest, path: string, state: CheckState): Reply | null {
  const { checkRuns, config } = state;
  const ref = /^\/commits\/([^/]+)\/check-runs$/.exec(path)?.[1];
  if (request.method === 'GET' && ref !== undefined) {
    const name = request.query.get('check_name');
    const found = checkRuns.filter((run) => run.headSha === ref && (name === null || run.name === name));
    return { status: 200, body: { total_count: found.length, check_runs: found.map((run) => json(run, state)) } };
  }
  const [, id] = /^\/check-runs(?:\/(\d+))?$/.exec(path) ?? [];
  if (!path.startsWith('/check-runs') || (path !== '/check-runs' && id === undefined)) return null;
  if (!config.login.endsWith('[bot]')) return problem(403, 'You must authenticate via a GitHub App.');
  const given = jsonObject(request.body);
  if (!given) return problem(400, 'Problems parsing JSON');
  const wrong = refusal(given);
  if (wrong) return problem(422, wrong);
  if (request.method === 'POST' && id === undefined) return create(given, state);
  const run = checkRuns.find((each) => String(each.id) === id);
  if (request.method !== 'PATCH') return notPlayed(request);
  if (!run) return problem(404, 'Not Found');
  write(run, given);
  run.edits += 1;
  return { status: 200, body: json(run, state) };
}

function create(given: Record<string, unknown>, state: CheckState): Reply {
  const { name, head_sha: sha, external_id: externalId = '' } = given;
  if (typeof name !== 'string' || typeof sha !== 'string') {
    return problem(422, 'Invalid request.\n\n"name", "head_sha" weren\'t supplied.');
  }
  const run: CheckRun = {
    ...{ id: 730_000_000 + state.checkRuns.length, name, headSha: sha, externalId: String(externalId) },
    ...{ status: 'queued', conclusion: null, detailsUrl: '', title: '', summary: '', annotations: [], edits: 0 },
  };
  write(run, given);
  state.checkRuns.push(run);
  return { status: 201, body: json(run, state) };
}

type Output = { title?: unknown; summary?: unknown; annotations?: Record<string, unknown>[] };

function refusal({ conclusion, output }: Record<string, unknown>): string | null {
  if (conclusion !== undefined && !CONCLUSIONS.includes(String(conclusion))) {
    return `Invalid request.\n\n"${String(conclusion)}" is not a member of [${CONCLUSIONS.join(', ')}].`;
  }
  const { title, summary, annotations = [] } = (output ?? {}) as Output;
  if (output !== undefined && (typeof title !== 'string' || typeof summary !== 'string')) {
    return 'Invalid request.\n\n"title", "summary" weren\'t supplied.';
  }
  if (String(summary ?? '').length > MOST.summary) return 'Only 65535 characters are allowed; "summary" is too long.';
  if (annotations.length > MOST.annotations) return `No more than ${MOST.annotations} items are allowed.`;
  const isWhole = annotations.every(
    (each) =>
      typeof each.path === 'string' &&
      Number.isInteger(each.start_line) &&
      Number.isInteger(each.end_line) &&
      LEVELS.includes(String(each.annotation_level)) &&
      typeof each.message === 'string',
  );
  return isWhole ? null : "Invalid request.\n\nFor 'properties/annotations', a field wasn't supplied.";
}

function write(run: CheckRun, { status, conclusion, details_url: url, output }: Record<string, unknown>): void {
  const { title, summary, annotations = [] } = (output ?? {}) as Output;
  if (status !== undefined) run.status = String(status);
  if (conclusion !== undefined) Object.assign(run, { conclusion: String(conclusion), status: 'completed' });
  if (url !== undefined) run.detailsUrl = String(url);
  if (output !== undefined) Object.assign(run, { title, summary });
  run.annotations.push(
    ...annotations.map((each) => ({
      ...{ path: String(each.path), startLine: Number(each.start_line), endLine: Number(each.end_line) },
      ...{ level: String(each.annotation_level), title: String(each.title ?? ''), message: String(each.message) },
    })),
  );
}

function json({ id, name, headSha, externalId, status, conclusion }: CheckRun, { config, apiUrl }: CheckState) {
  return {
    ...{ id, name, status, conclusion, head_sha: headSha, external_id: externalId },
    url: `${apiUrl}/repos/${config.repository}/check-runs/${id}`,
    html_url: `https://github.com/${config.repository}/runs/${id}`,
  };
}

function problem(status: number, message: string): Reply {
  return {
    status,
    body: { message, documentation_url: 'https://docs.github.com/rest/checks/runs', status: String(status) },
  };
}
