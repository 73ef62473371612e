import { type ApiRequest, jsonObject, type Reply } from '../google/http.ts';
import type { GithubConfig, GithubRecord } from '../protocol.ts';
import { userJson } from './rest-json.ts';

export type Reactions = GithubRecord['reactions'];
export type Statuses = GithubRecord['statuses'];

interface CommandState {
  config: GithubConfig;
  reactions: Reactions;
  statuses: Statuses;
  apiUrl: string;
  /** The commit that every head has in common with its base. */
  mergeBase: string;
}

const REACTIONS = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes'];
const STATES = ['error', 'failure', 'pending', 'success'];
/** The same, where nobody sets another. */
export const MERGE_BASE = '0c1f2a7d1d1a0f7f5c4dd6a1cf5ad9f8e1a4b3c2';

/** What a command in a comment needs: permissions, comparisons, reactions, statuses. Undefined for any other call. */
export function commandApi(request: ApiRequest, path: string, state: CommandState): Reply | undefined {
  const { method } = request;
  const login = /^\/collaborators\/([^/]+)\/permission$/.exec(path)?.[1];
  if (method === 'GET' && login !== undefined) return permission(decodeURIComponent(login), state);
  if (method === 'GET' && /^\/compare\/[^/]+\.\.\.[^/]+$/.test(path)) {
    return { status: 200, body: { status: 'ahead', merge_base_commit: { sha: state.mergeBase } } };
  }
  const comment = /^\/issues\/comments\/(\d+)\/reactions$/.exec(path)?.[1];
  if (method === 'POST' && comment !== undefined) return react(Number(comment), request, state);
  const sha = /^\/statuses\/([0-9a-f]{40})$/.exec(path)?.[1];
  return method === 'POST' && sha !== undefined ? setStatus(sha, request, state) : undefined;
}

/** Nobody in particular may read a public repository; that it is private makes it `none`. */
function permission(login: string, { config, apiUrl }: CommandState): Reply {
  const known = { octocat: 'write', ...config.permissions }[login] ?? 'none';
  return { status: 200, body: { permission: known, role_name: known, user: userJson(login, apiUrl) } };
}

/** 201 for a new reaction, 200 for one that is there. */
function react(comment: number, request: ApiRequest, { config, reactions, apiUrl }: CommandState): Reply {
  const content = jsonObject(request.body)?.content;
  if (typeof content !== 'string' || !REACTIONS.includes(content)) return invalid('Reaction');
  const at = reactions.findIndex((each) => each.comment === comment && each.content === content);
  if (at < 0) reactions.push({ comment, content });
  const id = 410_000_000 + (at < 0 ? reactions.length - 1 : at);
  return { status: at < 0 ? 201 : 200, body: { id, content, user: userJson(config.login, apiUrl) } };
}

function setStatus(sha: string, request: ApiRequest, { statuses }: CommandState): Reply {
  const { state, context = 'default', description = '', target_url: url = '' } = jsonObject(request.body) ?? {};
  if (typeof state !== 'string' || !STATES.includes(state)) return invalid('Status');
  if (typeof description !== 'string' || description.length > 140) return invalid('Status');
  statuses.push({ sha, state, context: String(context), description, targetUrl: String(url) });
  return { status: 201, body: { id: 520_000_000 + statuses.length, state, context, description } };
}

function invalid(resource: string): Reply {
  const errors = [{ resource, code: 'invalid', field: 'content' }];
  return { status: 422, body: { message: 'Validation Failed', errors, status: '422' } };
}
