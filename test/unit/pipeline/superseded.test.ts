import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../../lab/github/server.ts';
import type { Reply } from '../../../lab/google/http.ts';
import { checkHead } from '../../../src/pipeline/superseded.ts';
import type { ProgressEvent } from '../../../src/progress/events.ts';

const OLD = 'c0ffee1'.padEnd(40, '0');
const NEW = 'deadbee'.padEnd(40, '1');
const CONFIG = { token: 'ghs_lab', login: 'github-actions[bot]', repository: 'o/r', pullRequests: [7] };

let github: Awaited<ReturnType<typeof startGithub>>;
let folder = '';
/** What GitHub replies in place of the pull request. */
let reply: Reply | undefined;

beforeEach(async () => {
  reply = undefined;
  folder = mkdtempSync(join(tmpdir(), 'head-'));
  github = await startGithub(CONFIG, async () => reply);
});
afterEach(async () => {
  await github.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Checks the head for an event. Returns what was said and asked. */
async function check(payload: unknown, { token = 'ghs_lab', headSha = '' } = {}) {
  const path = join(folder, 'event.json');
  writeFileSync(path, JSON.stringify(payload));
  const said: ProgressEvent[] = [];
  const env = { GITHUB_EVENT_PATH: path, GITHUB_REPOSITORY: 'o/r', GITHUB_API_URL: github.apiUrl };
  const { signal } = new AbortController();
  const failure = await checkHead({
    inputs: { githubToken: token, headSha },
    env,
    signal,
    emit: (event) => said.push(event),
  }).catch((error: unknown) => error);
  const { requests } = (await (await fetch(`${github.controlUrl}/record`)).json()) as { requests: { path: string }[] };
  return { failure, said, asked: requests.map(({ path: asked }) => asked) };
}

const event = (sha: string) => ({ pull_request: { number: 7, head: { sha } } });

describe('the head of the pull request', () => {
  it('that is still the commit of the event lets the run go on', async () => {
    expect(await check(event(OLD))).toEqual({ failure: undefined, said: [], asked: ['/repos/o/r/pulls/7'] });
  });

  it('of a comment is the one that was read when the comment was taken up', async () => {
    const comment = { action: 'created', comment: { id: 1 }, issue: { number: 7, pull_request: {} } };
    expect(await check(comment, { headSha: OLD })).toMatchObject({ failure: undefined, asked: ['/repos/o/r/pulls/7'] });
    expect((await check(comment, { headSha: NEW })).failure).toMatchObject({ code: 'superseded' });
    // An issue has no head, and without the commit nothing is known of it.
    const issue = { ...comment, issue: { number: 7 } };
    expect((await check(issue, { headSha: NEW })).failure).toBeUndefined();
    expect((await check(comment)).failure).toBeUndefined();
  });

  it('that has moved ends it', async () => {
    await fetch(`${github.controlUrl}/pulls/7`, { method: 'PUT', body: JSON.stringify({ head: NEW }) });
    expect((await check(event(OLD))).failure).toMatchObject({
      code: 'superseded',
      message: expect.stringContaining('Pull request 7 has moved on from c0ffee1 to deadbee'),
    });
  });

  it.each<[string, Reply]>([
    ['no permission', { status: 403, body: { message: 'Resource not accessible by integration' } }],
    ['no such pull request', { status: 404, body: { message: 'Not Found' } }],
    ['an empty reply', { status: 200, body: {} }],
    ['a list', { status: 200, body: [] }],
    ['a null head', { status: 200, body: { head: null } }],
    ['another text', { status: 200, body: { head: { sha: 'main' } } }],
  ])('that cannot be read is not checked: %s', async (_, answer) => {
    reply = answer;
    const { failure, said } = await check(event(OLD));
    expect(failure).toBeUndefined();
    expect(said).toEqual([
      { type: 'warning', text: expect.stringMatching(/^whether pull request 7 has moved on was not checked: /) },
    ]);
  });

  it('is not asked for without a pull request in the event, or a token', async () => {
    expect((await check({ inputs: { 'pr-number': '7' } })).asked).toEqual([]);
    expect((await check(event(OLD), { token: '' })).asked).toEqual([]);
  });
});
