import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGithub } from '../../../../lab/github/server.ts';
import type { Reply } from '../../../../lab/google/http.ts';
import { branchStore } from '../../../../src/clients/github/branch-store.ts';
import { commitSubject } from '../../../../src/clients/github/commit-subject.ts';
import { createGithubDeployments } from '../../../../src/clients/github/deployments.ts';
import { createGithubIssues } from '../../../../src/clients/github/issues.ts';
import { createGithub } from '../../../../src/clients/github/pull-request-comment.ts';
import { pullRequestHead } from '../../../../src/clients/github/pull-request-head.ts';
import type { Failure } from '../../../../src/lib/failure.ts';
import { GARBAGE, OWN_WORDS } from '../garbage.ts';

let github: Awaited<ReturnType<typeof startGithub>>;
let reply: (path: string) => Reply | undefined;
let asked = 0;
beforeAll(async () => {
  const config = { token: 'good', login: 'me[bot]', repository: 'o/r', pullRequests: [7] };
  github = await startGithub(config, ({ path }) => {
    const given = reply(path);
    if (given) asked += 1;
    return given;
  });
});
afterAll(() => github.close());

const access = () => ({
  token: 'good',
  repository: 'o/r',
  apiUrl: github.apiUrl,
  signal: new AbortController().signal,
  wait: async () => {},
});
const comments = () => createGithub(access());
const store = () => branchStore({ ...access(), branch: 'data' });
const line = new Map([['v1/a.jsonl', (before: string) => `${before}x\n`]]);
const comment = { pullRequest: 7, id: 'default', body: 'x', order: { number: 1, attempt: 1 } };
const status = { state: 'success' as const, description: '', logUrl: null, environmentUrl: null };

/** Every call with the path that is spoilt, and how often it is tried. */
const CALLS: Record<string, [noun: string, path: RegExp, tries: number, call: () => Promise<unknown>]> = {
  'who it is': ['a user', /^\/user$/, 5, () => createGithubIssues(access()).list()],
  'list of issues': ['a list of issues', /\/issues$/, 5, () => createGithubIssues(access()).list()],
  'new issue': ['an issue', /\/issues$/, 1, () => createGithubIssues(access()).create({ title: 'a', body: 'b' })],
  comments: ['a page of comments', /graphql$/, 5, () => comments().findComment(comment)],
  'new comment': ['a comment', /\/issues\/7\/comments$/, 4, () => comments().upsertComment(comment)],
  'pull request': ['a pull request', /\/pulls\/7$/, 5, () => pullRequestHead(access(), 7)],
  'subject of a commit': ['a commit', /\/git\/commits\//, 1, () => commitSubject(access(), 'a'.repeat(40))],
  deployment: [
    'a deployment',
    /\/deployments$/,
    1,
    () => createGithubDeployments(access()).create({ ref: 'a', environment: 'e', description: '' }),
  ],
  'deployment status': [
    'the status of a deployment',
    /\/statuses$/,
    5,
    () => createGithubDeployments(access()).setState(1, status),
  ],
  branch: ['a branch', /\/git\/ref\//, 5, () => store().read('v1')],
  'new tree': ['a tree', /\/git\/trees$/, 8, () => store().update(line, 'x')],
};

describe('an answer of GitHub that is not what was asked for', () => {
  it.each(Object.entries(CALLS))(
    'is an error with a name, and tried again where that does no harm: %s',
    async (_, one) => {
      const [noun, path, tries, call] = one;
      for (const [garbage, body] of Object.entries(GARBAGE)) {
        // No issue is an honest answer.
        if (noun === 'a list of issues' && garbage === 'a list') continue;
        asked = 0;
        reply = (at) => (path.test(at) ? { status: 200, raw: body } : undefined);
        const failure = await call().then(
          (value) => Promise.reject(new Error(`${garbage}: it returned ${JSON.stringify(value)}`)),
          (error: Failure) => error,
        );
        expect(failure, garbage).toMatchObject({ code: 'github-answer', blame: 'config', stage: 'report' });
        expect(failure.message, garbage).toContain(` in o/r: GitHub's API sent an answer that is not ${noun}: `);
        expect(failure.message, garbage).not.toMatch(OWN_WORDS);
        expect(failure.message, garbage).not.toContain('\n');
        expect(asked, garbage).toBe(tries);
      }
    },
    60_000,
  );

  it.each([
    ['a tree that was cut off', /\/git\/trees\/.*/, { sha: 'a'.repeat(40), tree: [], truncated: true }],
    ['a file that is no base64', /\/git\/blobs\/.*/, { content: '<html>', encoding: 'base64' }],
  ])('is no empty branch: %s', async (_, path, body) => {
    reply = () => undefined;
    await store().update(line, 'first');
    reply = (at) => (path.test(at) ? { status: 200, body } : undefined);
    await expect(store().update(line, 'second')).rejects.toMatchObject({ code: 'github-answer' });
    reply = () => undefined;
    expect([...(await store().read('v1')).values()]).toEqual(['x\n'.repeat(_.includes('base64') ? 2 : 1)]);
  });

  it('that goes on without end ends', async () => {
    const pageInfo = { hasNextPage: true, endCursor: 'again' };
    const data = { repository: { pullRequest: { comments: { nodes: [], pageInfo } } } };
    reply = (at) => (/graphql$/.test(at) ? { status: 200, body: { data } } : undefined);
    await expect(comments().findComment(comment)).rejects.toThrow('more than 100 pages');
  });
});
