import { type ApiRequest, bearer, type Inject, jsonObject, listen, noFault, type Reply } from '../google/http.ts';
import type { GithubConfig, GithubPorts, GithubRecord, GithubRepository } from '../protocol.ts';
import { refuseCalls } from '../refused-calls.ts';
import type { CheckRun } from './check-runs.ts';
import { MERGE_BASE, type Reactions, type Statuses } from './commands.ts';
import { createComments } from './comments.ts';
import type { Deployment } from './deployments.ts';
import { faultReply } from './faults.ts';
import { branchesOf, createGitData } from './git-data.ts';
import { graphqlApi } from './graphql.ts';
import { createTracker, type Run } from './issues.ts';
import { badCredentials, type GithubState, restApi } from './rest.ts';

/**
 * GitHub's API for one repository and one token: REST and GraphQL on one loopback listener, the record and a way to
 * add a stranger's comment on a second. `inject` sees each request first.
 */
export async function startGithub(
  config: GithubConfig,
  inject: Inject = noFault,
): Promise<GithubPorts & { close(): Promise<void> }> {
  const comments = createComments(config.staleReads);
  const tracker = createTracker();
  const git = createGitData();
  const deployments: Deployment[] = [];
  const reactions: Reactions = [];
  const statuses: Statuses = [];
  const checkRuns: CheckRun[] = [];
  const heads: Record<number, string> = { ...config.heads };
  let mergeBase = MERGE_BASE;
  const repository: GithubRepository = {
    files: {},
    environments: {},
    variables: {},
    labels: [],
    protectedBranches: [],
  };
  const limited = { count: 0 };
  const refuse = refuseCalls(config.refused ?? []);
  const requests: GithubRecord['requests'] = [];

  const answer = (request: ApiRequest): Reply => {
    const token = bearer(request);
    if (token !== config.token) return badCredentials(token !== undefined);
    const fault = refuse(request.method, request.path) ?? faultReply(request, config, limited);
    if (fault) return fault;
    const stores = { comments, tracker, git, deployments, reactions, statuses, checkRuns };
    const state: GithubState = { config: { ...config, heads }, repository, ...stores, apiUrl: api.url, mergeBase };
    return request.path === '/graphql' && request.method === 'POST'
      ? graphqlApi(request, state)
      : restApi(request, state);
  };

  const api = await listen(async (request) => {
    const reply = (await inject(request)) ?? answer(request);
    requests.push({ at: Date.now(), method: request.method, path: request.path, status: reply.status });
    return { ...reply, headers: { ...RATE_LIMIT, ...reply.headers } };
  });

  const control = await listen((request) => {
    const call = `${request.method} ${request.path}`;
    if (call === 'GET /record') {
      const record: GithubRecord = {
        requests,
        issues: tracker.issues,
        deployments,
        reactions,
        statuses,
        checkRuns,
        branches: branchesOf(git),
        comments: comments
          .all()
          .map(({ id, pullRequest, author, body, edits }) => ({ id, pullRequest, author, body, edits })),
      };
      return { status: 200, body: record };
    }
    const given = jsonObject(request.body);
    const run = /^PUT \/runs\/(\d+\/\d+)$/.exec(call)?.[1];
    if (run) {
      tracker.runs.set(run, given as unknown as Run);
      return { status: 204 };
    }
    const pull = /^PUT \/pulls\/(\d+)$/.exec(call)?.[1];
    if (pull) {
      if (typeof given?.head !== 'string') return { status: 400, body: { message: 'expected {head, mergeBase?}' } };
      heads[Number(pull)] = given.head;
      if (typeof given.mergeBase === 'string') mergeBase = given.mergeBase;
      return { status: 204 };
    }
    if (call === 'PATCH /repository') {
      Object.assign(repository, given);
      return { status: 204 };
    }
    if (call !== 'POST /comments') return { status: 404 };
    const { pullRequest, author, body, minimized } = given ?? {};
    if (typeof pullRequest !== 'number' || typeof author !== 'string' || typeof body !== 'string') {
      return { status: 400, body: { message: 'expected {pullRequest, author, body, minimized?}' } };
    }
    const { id } = comments.add({ pullRequest, author, body, minimized: minimized === true });
    return { status: 201, body: { id } };
  });

  return {
    apiUrl: api.url,
    graphqlUrl: `${api.url}/graphql`,
    controlUrl: control.url,
    async close() {
      await Promise.all([api.close(), control.close()]);
    },
  };
}

const RATE_LIMIT = {
  'x-ratelimit-limit': '1000',
  'x-ratelimit-remaining': '1000',
  'x-ratelimit-used': '0',
  'x-ratelimit-resource': 'core',
};
