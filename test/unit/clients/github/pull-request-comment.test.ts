import { afterEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../../../lab/github/server.ts';
import type { ApiRequest, Inject, Reply } from '../../../../lab/google/http.ts';
import type { GithubConfig, GithubRecord } from '../../../../lab/protocol.ts';
import { createGithub, type GithubOptions } from '../../../../src/clients/github/pull-request-comment.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { renderMarker } from '../../../../src/lib/marker.ts';

const ME = 'github-actions[bot]';
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** GitHub with a client; `fault` may answer in its place. Waits take no time and are noted. */
async function aGithub(
  fault: Inject = () => undefined,
  options: Partial<GithubOptions> = {},
  faults: Partial<GithubConfig> = {},
) {
  const config = { token: 'good', login: ME, repository: 'o/r', pullRequests: [7], ...faults };
  const lab = await startGithub(config, fault);
  closing.push(() => lab.close());
  const waits: number[] = [];
  const github = createGithub({
    token: 'good',
    repository: 'o/r',
    apiUrl: lab.apiUrl,
    wait: async (ms) => void waits.push(ms),
    ...options,
  });
  const record = async () => (await (await fetch(`${lab.controlUrl}/record`)).json()) as GithubRecord;
  return {
    github,
    waits,
    comments: async () => (await record()).comments,
    calls: async () => (await record()).requests.map(({ method, path }) => `${method} ${path}`),
    async add(body: string, author = ME, minimized = false): Promise<number> {
      const answer = await fetch(`${lab.controlUrl}/comments`, {
        method: 'POST',
        body: JSON.stringify({ pullRequest: 7, author, body, minimized }),
      });
      return ((await answer.json()) as { id: number }).id;
    },
  };
}

function body(text: string, number = 5, attempt = 1, id = 'gate'): string {
  return `${renderMarker({ id, run: '1', attempt, number, state: 'final' })}\n${text}`;
}

function write(text: string, number = 5, attempt = 1) {
  return { pullRequest: 7, id: 'gate', body: body(text, number, attempt), order: { number, attempt } };
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Failure);
  return error as Failure;
}

const isCreate = (request: ApiRequest) => request.method === 'POST' && request.path.endsWith('/comments');

describe('one comment per id', () => {
  it('is created once, edited after, and left alone when nothing changed', async () => {
    const { github, comments, calls } = await aGithub();
    expect(await github.upsertComment(write('first'))).toMatchObject({ action: 'created' });
    expect(await github.upsertComment(write('second'))).toMatchObject({ action: 'updated' });
    const result = await github.upsertComment(write('second'));
    expect(result.action).toBe('unchanged');
    const [comment, ...others] = await comments();
    expect(others).toEqual([]);
    expect(comment).toMatchObject({ pullRequest: 7, body: body('second'), edits: 1 });
    expect(result.url).toBe(`https://github.com/o/r/pull/7#issuecomment-${comment!.id}`);
    expect((await calls()).filter((call) => call.startsWith('PATCH'))).toHaveLength(1);
  });

  it('is found behind more than a page of other talk', async () => {
    const { github, comments, add } = await aGithub();
    for (let i = 0; i < 130; i += 1) await add(`talk ${i}`, 'octocat');
    const own = await add(body('old', 4));
    expect(await github.upsertComment(write('new'))).toMatchObject({ action: 'updated' });
    expect((await comments()).find(({ id }) => id === own)?.body).toBe(body('new'));
    expect(await comments()).toHaveLength(131);
  });

  it("is not a stranger's copy, a minimised one, a quotation or another id's", async () => {
    const { github, comments, add } = await aGithub();
    await add(body('copied', 99), 'mallory');
    await add(body('hidden', 1), ME, true);
    await add(`> ${body('quoted', 99)}`);
    await add(body('other leg', 99, 1, 'gate-2'));
    expect(await github.upsertComment(write('mine'))).toMatchObject({ action: 'created' });
    expect(await comments()).toHaveLength(5);
    expect(await github.findComment({ pullRequest: 7, id: 'gate' })).toMatchObject({ body: body('mine') });
    expect(await github.findComment({ pullRequest: 7, id: 'none' })).toBeNull();
  });
});

describe('writers at the same time', () => {
  it.each([
    [6, 1],
    [5, 2],
  ])('an older run leaves the result of run %d attempt %d', async (number, attempt) => {
    const { github, comments, add } = await aGithub();
    await add(body('newer', number, attempt));
    expect(await github.upsertComment(write('older', 5, 1))).toMatchObject({ action: 'superseded' });
    expect(await comments()).toMatchObject([{ body: body('newer', number, attempt), edits: 0 }]);
  });

  it('created together: the lower id takes the text, the own duplicate goes', async () => {
    let other = 0;
    const { github, comments, add } = await aGithub(async (request) => {
      if (isCreate(request) && other === 0) other = await add(body('from the other', 4));
      return undefined;
    });
    expect(await github.upsertComment(write('mine'))).toMatchObject({ action: 'updated' });
    expect(await comments()).toMatchObject([{ id: other, body: body('mine') }]);
  });

  it('created together with a newer run: its comment stays as it is', async () => {
    let other = 0;
    const { github, comments, add } = await aGithub(async (request) => {
      if (isCreate(request) && other === 0) other = await add(body('newer', 6));
      return undefined;
    });
    expect(await github.upsertComment(write('mine'))).toMatchObject({ action: 'superseded' });
    expect(await comments()).toMatchObject([{ id: other, body: body('newer', 6), edits: 0 }]);
  });

  it('keeps two comments rather than none when the survivor vanishes', async () => {
    let other = 0;
    const { github, comments, add } = await aGithub(async (request) => {
      if (isCreate(request) && other === 0) other = await add(body('from the other', 4));
      return request.path.endsWith(`/comments/${other}`) ? { status: 404, body: { message: 'Not Found' } } : undefined;
    });
    expect(await github.upsertComment(write('mine'))).toMatchObject({ action: 'created' });
    expect((await comments()).map(({ body }) => body)).toContain(body('mine'));
  });

  it('eight at once end with one comment, the newest', async () => {
    const { github, comments } = await aGithub();
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((number) => github.upsertComment(write(`run ${number}`, number))));
    await github.upsertComment(write('run 9', 9));
    expect(await comments()).toMatchObject([{ body: body('run 9', 9) }]);
  });

  it('a comment deleted by hand is written again', async () => {
    let vanish = true;
    const { github, comments, add } = await aGithub((request) => {
      if (request.method !== 'PATCH' || !vanish) return undefined;
      vanish = false;
      return { status: 404, body: { message: 'Not Found' } };
    });
    await add(body('old', 4));
    expect(await github.upsertComment(write('new'))).toMatchObject({ action: 'updated' });
    expect(await comments()).toMatchObject([{ body: body('new') }]);
  });
});

describe('lists from the past', () => {
  it.each([1, 2, 3])('for %d reads after each write end with one comment, the newest', async (staleReads) => {
    const { github, comments } = await aGithub(undefined, {}, { staleReads });
    // As a run writes: at the lease, at ready, at the benchmark, when main ends, in post; then the next run.
    for (const text of ['lease', 'ready', 'benchmark', 'main', 'post']) await github.upsertComment(write(text));
    for (const text of ['next main', 'next post']) await github.upsertComment(write(text, 6));
    const left = await comments();
    expect(left.map(({ body: text }) => text)).toEqual([body('next post', 6)]);
  });

  it('of eight writers at once heal with the next write', async () => {
    const { github, comments } = await aGithub(undefined, {}, { staleReads: 1 });
    await Promise.all(Array.from({ length: 8 }, (_, index) => github.upsertComment(write(`run ${index}`, 10 + index))));
    for (let n = 0; n < 3; n += 1) await github.upsertComment(write(`healed ${n}`, 30));
    expect((await comments()).map(({ body: text }) => text)).toEqual([body('healed 2', 30)]);
  });
});

describe('a token and a rate', () => {
  it('that may not comment says which lines to add', async () => {
    const { github } = await aGithub(undefined, {}, { denied: ['pull-requests'] });
    const failure = await failureOf(github.upsertComment(write('text')));
    expect(failure).toMatchObject({ code: 'github-permission', hint: expect.stringContaining('pull-requests: write') });
  });

  it('that is limited for a while is waited for as long as GitHub asks', async () => {
    const { github, waits, comments } = await aGithub(undefined, {}, { secondaryLimit: { writes: 2, retryAfterS: 7 } });
    expect(await github.upsertComment(write('text'))).toMatchObject({ action: 'created' });
    expect(waits).toEqual([7_000, 7_000]);
    expect(await comments()).toHaveLength(1);
  });
});

describe('faults', () => {
  const answers = (...replies: (Reply | undefined)[]): Inject => {
    return () => replies.shift();
  };

  it('is waited out while it passes: 502, 429, a secondary limit', async () => {
    const limited = { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } };
    const { github, comments, waits } = await aGithub(
      answers(
        { status: 502 },
        { status: 429, headers: { 'retry-after': '3' } },
        { ...limited, headers: { 'retry-after': '2' } },
      ),
    );
    expect(await github.upsertComment(write('text'))).toMatchObject({ action: 'created' });
    expect(waits.slice(1)).toEqual([3_000, 2_000]);
    expect(await comments()).toHaveLength(1);
  });

  it('in an answer lost after the create doubles nothing', async () => {
    let lost = false;
    const { github, comments, add } = await aGithub(async (request) => {
      if (!isCreate(request) || lost) return undefined;
      lost = true;
      await add(body('text'));
      return { status: 502 };
    });
    expect(await github.upsertComment(write('text'))).toMatchObject({ action: 'unchanged' });
    expect(await comments()).toHaveLength(1);
  });

  it('that lasts ends as unavailable, after five tries', async () => {
    const { github, waits } = await aGithub(() => ({ status: 503 }));
    expect(await failureOf(github.upsertComment(write('text')))).toMatchObject({
      code: 'github-unavailable',
      stage: 'report',
    });
    expect(waits).toHaveLength(4);
  });

  it('of an hour is not waited for', async () => {
    const reset = String(Math.floor(Date.now() / 1_000) + 3_600);
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
    const { github, waits } = await aGithub(() => ({
      status: 403,
      body: { message: 'API rate limit exceeded' },
      headers,
    }));
    expect(await failureOf(github.upsertComment(write('text')))).toMatchObject({ code: 'github-rate-limit' });
    expect(waits).toEqual([]);
  });

  it.each([
    [
      'REST 403',
      (request: ApiRequest) =>
        isCreate(request) ? { status: 403, body: { message: 'Resource not accessible by integration' } } : undefined,
    ],
    [
      'REST 404',
      (request: ApiRequest) => (isCreate(request) ? { status: 404, body: { message: 'Not Found' } } : undefined),
    ],
    [
      'GraphQL FORBIDDEN',
      (): Reply => ({
        status: 200,
        body: {
          data: { repository: null },
          errors: [{ type: 'FORBIDDEN', message: 'Resource not accessible by integration' }],
        },
      }),
    ],
  ])('of permission (%s) names the lines to add', async (_, fault) => {
    const { github, waits } = await aGithub(fault);
    const failure = await failureOf(github.upsertComment(write('text')));
    expect(failure).toMatchObject({ code: 'github-permission', stage: 'report', blame: 'config' });
    expect(failure.message).toContain('writing a comment on #7 in o/r');
    expect(failure.hint).toContain('permissions:\n  pull-requests: write');
    expect(waits).toEqual([]);
  });

  it('of permission shows also when a listed comment cannot be edited', async () => {
    const { github, add } = await aGithub((request) =>
      request.method === 'PATCH' ? { status: 404, body: { message: 'Not Found' } } : undefined,
    );
    await add(body('old', 4));
    expect(await failureOf(github.upsertComment(write('new')))).toMatchObject({ code: 'github-permission' });
  });

  it('of a pull request that does not exist reads as permission too', async () => {
    const { github } = await aGithub();
    const failure = await failureOf(github.upsertComment({ ...write('text'), pullRequest: 8 }));
    expect(failure.code).toBe('github-permission');
  });

  it('of a bad token says so', async () => {
    const { github } = await aGithub(undefined, { token: 'bad' });
    expect(await failureOf(github.upsertComment(write('text')))).toMatchObject({
      code: 'github-token',
      blame: 'config',
    });
  });

  it('of too long a body is not tried again', async () => {
    const { github, waits } = await aGithub();
    const failure = await failureOf(github.upsertComment(write('x'.repeat(70_000))));
    expect(failure.code).toBe('github-rejected');
    expect(waits).toEqual([]);
  });

  it('ends at once when the run is aborted', async () => {
    const controller = new AbortController();
    const { github } = await aGithub(
      () => {
        controller.abort();
        return { status: 503 };
      },
      { signal: controller.signal },
    );
    await expect(github.upsertComment(write('text'))).rejects.toMatchObject({ name: 'AbortError' });
  });
});
