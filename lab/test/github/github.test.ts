import { getOctokit } from '@actions/github';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../github/server.ts';
import type { Inject } from '../../google/http.ts';
import type { GithubRecord } from '../../protocol.ts';

const CONFIG = {
  token: 'ghs_lab',
  login: 'github-actions[bot]',
  repository: 'example-org/llm-serving',
  pullRequests: [7, 8],
};
const REPO = { owner: 'example-org', repo: 'llm-serving' };
const PAGE = `query($owner: String!, $name: String!, $number: Int!, $first: Int = 100, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      comments(first: $first, after: $after) {
        nodes { id databaseId body isMinimized viewerDidAuthor author { login } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`;
const VARIABLES = { owner: REPO.owner, name: REPO.repo, number: 7 };

let github: Awaited<ReturnType<typeof startGithub>>;
beforeEach(async () => {
  github = await startGithub(CONFIG);
});
afterEach(() => github.close());

const octokit = (token = CONFIG.token) => getOctokit(token, { baseUrl: github.apiUrl, log: SILENT });
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const record = async () => (await (await fetch(`${github.controlUrl}/record`)).json()) as GithubRecord;

function stranger(comment: { pullRequest: number; author: string; body: string; minimized?: boolean }) {
  return fetch(`${github.controlUrl}/comments`, { method: 'POST', body: JSON.stringify(comment) });
}

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape
const ask = async (query: string, variables: Record<string, unknown>): Promise<any> =>
  (await octokit().request('POST /graphql', { query, variables })).data;

describe('comments over REST, through @actions/github', () => {
  it('creates, reads, edits and deletes', async () => {
    const { issues } = octokit().rest;
    const created = await issues.createComment({ ...REPO, issue_number: 7, body: 'running' });
    expect(created.status).toBe(201);
    expect(created.data.user?.login).toBe('github-actions[bot]');
    const id = { ...REPO, comment_id: created.data.id };
    expect((await issues.updateComment({ ...id, body: '✅ pass 2.68×' })).data.body).toBe('✅ pass 2.68×');
    expect((await issues.getComment(id)).data.html_url).toContain(`/pull/7#issuecomment-${created.data.id}`);
    expect((await record()).comments).toEqual([
      { id: created.data.id, pullRequest: 7, author: 'github-actions[bot]', body: '✅ pass 2.68×', edits: 1 },
    ]);
    expect((await issues.deleteComment(id)).status).toBe(204);
    expect((await record()).comments).toEqual([]);
  });

  it('lists page by page with Link headers', async () => {
    for (let number = 1; number <= 7; number += 1) {
      await stranger({ pullRequest: 7, author: 'octocat', body: `comment ${number}` });
    }
    await stranger({ pullRequest: 8, author: 'octocat', body: 'elsewhere' });
    const client = octokit();
    const first = await client.rest.issues.listComments({ ...REPO, issue_number: 7, per_page: 3 });
    expect(first.headers.link).toMatch(/page=2>; rel="next".*page=3>; rel="last"/);
    const all = await client.paginate(client.rest.issues.listComments, { ...REPO, issue_number: 7, per_page: 3 });
    expect(all.map((comment) => comment.body)).toEqual([1, 2, 3, 4, 5, 6, 7].map((number) => `comment ${number}`));
  });

  it('refuses a body over 65,536 characters, and an empty one', async () => {
    const { issues } = octokit().rest;
    const write = (body: string) => issues.createComment({ ...REPO, issue_number: 7, body });
    expect((await write('é'.repeat(65_536))).status).toBe(201);
    await expect(write('é'.repeat(65_537))).rejects.toThrow('Body is too long (maximum is 65536 characters)');
    await expect(write(' ')).rejects.toMatchObject({ status: 422 });
  });

  it('knows its pull requests and its repository, and nothing else', async () => {
    const { rest } = octokit();
    expect((await rest.pulls.get({ ...REPO, pull_number: 7 })).data).toMatchObject({ number: 7, state: 'open' });
    expect((await rest.repos.get(REPO)).data.full_name).toBe(CONFIG.repository);
    expect((await rest.rateLimit.get()).data.rate.remaining).toBeGreaterThan(0);
    await expect(rest.pulls.get({ ...REPO, pull_number: 99 })).rejects.toMatchObject({ status: 404 });
    await expect(rest.repos.get({ ...REPO, repo: 'other' })).rejects.toMatchObject({ status: 404 });
    await expect(rest.issues.getComment({ ...REPO, comment_id: 1 })).rejects.toMatchObject({ status: 404 });
    await expect(rest.issues.get({ ...REPO, issue_number: 5 })).rejects.toThrow(/^Not Found/);
    await expect(octokit('ghs_wrong').rest.repos.get(REPO)).rejects.toThrow('Bad credentials');
  });

  it.each([
    ['GET', '/repos/example-org/llm-serving/pulls/7/files'],
    ['DELETE', '/repos/example-org/llm-serving/pulls/7'],
    ['PUT', '/repos/example-org/llm-serving/issues/7/comments'],
    ['PUT', '/repos/example-org/llm-serving/deployments'],
    ['DELETE', '/repos/example-org/llm-serving/git/refs/heads/main'],
    ['GET', '/repos/example-org/llm-serving/actions/secrets'],
    ['GET', '/orgs/example-org'],
    ['POST', '/user/repos'],
  ])('names itself where it does not play a call: %s %s', async (method, path) => {
    await expect(octokit().request(`${method} ${path}`)).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining(`The lab does not play ${method} ${path}.`),
    });
  });

  it('has no user behind a workflow’s token, but one behind a personal token', async () => {
    await expect(octokit().rest.users.getAuthenticated()).rejects.toThrow('Resource not accessible by integration');
    await github.close();
    github = await startGithub({ ...CONFIG, login: 'octocat' });
    expect((await octokit().rest.users.getAuthenticated()).data.login).toBe('octocat');
  });

  it('lets a fault answer first', async () => {
    await github.close();
    const inject: Inject = ({ method }) =>
      method === 'POST' ? { status: 403, body: { message: 'Resource not accessible by integration' } } : undefined;
    github = await startGithub(CONFIG, inject);
    await expect(octokit().rest.issues.createComment({ ...REPO, issue_number: 7, body: 'x' })).rejects.toMatchObject({
      status: 403,
    });
    expect((await record()).requests).toMatchObject([{ method: 'POST', status: 403 }]);
  });
});

describe('comments over GraphQL', () => {
  it('tells our comments from a stranger’s, page by page', async () => {
    await stranger({ pullRequest: 7, author: 'mallory', body: 'pasted marker' });
    await octokit().rest.issues.createComment({ ...REPO, issue_number: 7, body: 'ours' });
    await stranger({ pullRequest: 7, author: CONFIG.login, body: 'old', minimized: true });
    // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
    const nodes: any[] = [];
    let after: string | null = null;
    do {
      // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
      const page: any = await octokit().graphql(PAGE, { ...VARIABLES, first: 2, after });
      const { comments } = page.repository.pullRequest;
      nodes.push(...comments.nodes);
      after = comments.pageInfo.hasNextPage ? comments.pageInfo.endCursor : null;
    } while (after !== null);
    expect(nodes).toMatchObject([
      { body: 'pasted marker', viewerDidAuthor: false, author: { login: 'mallory' }, isMinimized: false },
      { body: 'ours', viewerDidAuthor: true, author: { login: 'github-actions' }, isMinimized: false },
      { body: 'old', viewerDidAuthor: true, isMinimized: true },
    ]);
    const { data } = await octokit().rest.issues.getComment({ ...REPO, comment_id: nodes[1].databaseId });
    expect(data.node_id).toBe(nodes[1].id);
  });

  it('takes literals, aliases and __typename, and answers what was asked', async () => {
    const query = `{ here: repository(owner: "example-org", name: "llm-serving") { # one
      __typename, pullRequest(number: 7) { number comments(first: 1) { totalCount nodes { id } } } } viewer { login } }`;
    expect(await ask(query, {})).toEqual({
      data: {
        here: { __typename: 'Repository', pullRequest: { number: 7, comments: { totalCount: 0, nodes: [] } } },
        viewer: { login: 'github-actions' },
      },
    });
  });

  it.each([
    [
      'a field that does not exist',
      PAGE.replace('isMinimized', 'minimised'),
      {},
      "Field 'minimised' doesn't exist on type 'IssueComment' (of the part that the lab plays)",
    ],
    [
      'another repository',
      PAGE,
      { name: 'other' },
      "Could not resolve to a Repository with the name 'example-org/other'.",
    ],
    ['another pull request', PAGE, { number: 99 }, 'Could not resolve to a PullRequest with the number of 99.'],
    ['a page over 100', PAGE, { first: 101 }, 'exceeds the `first` limit of 100 records'],
    ['a variable left out', PAGE, { owner: undefined }, 'Variable $owner'],
    ['half a query', 'query {', {}, 'Syntax Error: Expected Name, found <EOF>.'],
    ['a mutation', 'mutation { x }', {}, "Field 'x' doesn't exist on type 'Mutation' (of the part that the lab plays)"],
    ['a fragment', '{ ...rest } fragment rest on Query { viewer { login } }', {}, 'documents of one operation only'],
    ['an inline fragment', '{ ... on Query { viewer { login } } }', {}, 'neither fragments nor directives'],
  ])('answers errors for %s', async (_name, query, variables, message) => {
    const { errors } = await ask(query, { ...VARIABLES, ...variables });
    expect(errors[0].message).toContain(message);
  });

  it('refuses a bad token with 401', async () => {
    await expect(octokit('ghs_wrong').graphql(PAGE, VARIABLES)).rejects.toMatchObject({ status: 401 });
  });
});

describe('the head of a pull request', () => {
  it('moves when somebody pushes', async () => {
    const head = async () => (await octokit().rest.pulls.get({ ...REPO, pull_number: 7 })).data.head.sha;
    const before = await head();
    const pushed = 'deadbee'.padEnd(40, '1');
    await fetch(`${github.controlUrl}/pulls/7`, { method: 'PUT', body: JSON.stringify({ head: pushed }) });
    expect([before, await head()]).toEqual(['c0ffee1'.padEnd(40, '0'), pushed]);
  });
});
