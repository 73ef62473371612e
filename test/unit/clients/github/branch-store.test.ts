import { afterEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../../../lab/github/server.ts';
import type { Inject } from '../../../../lab/google/http.ts';
import type { GithubRecord } from '../../../../lab/protocol.ts';
import { branchStore } from '../../../../src/clients/github/branch-store.ts';

type Github = Awaited<ReturnType<typeof startGithub>>;

let github: Github;
afterEach(() => github.close());

async function start(inject?: Inject, staleReads = 0): Promise<Github> {
  const config = { token: 'good', login: 'github-actions[bot]', repository: 'o/r', pullRequests: [], staleReads };
  github = await startGithub(config, inject);
  return github;
}

function aStore(waits: number[] = [], token = 'good') {
  return branchStore({
    token,
    repository: 'o/r',
    branch: 'tpu-bench-data',
    apiUrl: github.apiUrl,
    signal: new AbortController().signal,
    wait: async (ms) => {
      waits.push(ms);
    },
  });
}

const record = async (): Promise<GithubRecord> => (await fetch(`${github.controlUrl}/record`)).json() as never;

async function read(path: string): Promise<string | null> {
  return (await aStore().read(path.slice(0, path.lastIndexOf('/')))).get(path) ?? null;
}

const line = (text: string) => new Map([['v1/a/2026-11.jsonl', (before: string) => `${before}${text}\n`]]);

const problem = (status: number, message: string) => ({ status, body: { message } });

describe('a branch as a store', () => {
  it('is made by the first write, holds what is written, and leaves other files alone', async () => {
    await start();
    const store = aStore();
    expect(await read('v1/a/2026-11.jsonl')).toBeNull();
    expect([...(await store.read('v1/a')).keys()]).toEqual([]);
    await store.update(line('one é'), 'one');
    await store.update(new Map([['v1/b/2026-11.jsonl', () => 'x'.repeat(500)]]), 'other');
    await store.update(line('two'), 'two');
    expect(await read('v1/a/2026-11.jsonl')).toBe('one é\ntwo\n');
    expect(await read('v1/b/2026-11.jsonl')).toBe('x'.repeat(500));
    expect([...(await store.read('v1/a')).keys()]).toEqual(['v1/a/2026-11.jsonl']);
    expect((await record()).branches['tpu-bench-data']?.['.gitattributes']).toBe('*.jsonl merge=union\n');
  });

  it('is not written when nothing changes', async () => {
    await start();
    const store = aStore();
    await store.update(line('one'), 'one');
    const before = (await record()).requests.filter(({ method }) => method !== 'GET').length;
    await store.update(new Map([['v1/a/2026-11.jsonl', (text) => text]]), 'again');
    expect((await record()).requests.filter(({ method }) => method !== 'GET')).toHaveLength(before);
  });

  it.each([
    [5, 0],
    [3, 2],
  ])('loses no line of %i writers at once, with %i answers from the past after each write', async (writers, stale) => {
    await start(undefined, stale);
    const texts = ['a', 'b', 'c', 'd', 'e'].slice(0, writers);
    await Promise.all(texts.map((text) => aStore().update(line(text), text)));
    const kept = (await record()).branches['tpu-bench-data']?.['v1/a/2026-11.jsonl'] ?? '';
    expect(kept.trim().split('\n').sort()).toEqual(texts);
  });

  it('is tried again after what passes, and never forces', async () => {
    const faults = [problem(502, 'Bad Gateway'), problem(409, 'Conflict'), problem(422, 'Cannot lock ref')];
    const forced: unknown[] = [];
    await start(({ method, path, body }) => {
      if (method === 'PATCH') forced.push(JSON.parse(body).force);
      return method !== 'GET' && path.includes('/git/refs') ? faults.shift() : undefined;
    });
    const waits: number[] = [];
    await aStore(waits).update(line('one'), 'one');
    await aStore(waits).update(line('two'), 'two');
    expect(waits).toHaveLength(3);
    expect(forced).toEqual([false]);
    expect(await read('v1/a/2026-11.jsonl')).toBe('one\ntwo\n');
  });

  it('gives up after eight rounds, each of which began anew', async () => {
    await start(({ method, path }) =>
      method === 'PATCH' && path.includes('/git/refs') ? problem(422, 'Update is not a fast forward') : undefined,
    );
    await aStore().update(line('one'), 'one');
    const waits: number[] = [];
    await expect(aStore(waits).update(line('two'), 'two')).rejects.toMatchObject({ code: 'github-rejected' });
    expect(waits).toHaveLength(7);
    expect(waits.every((ms, round) => ms >= 250 * 2 ** round && ms <= 750 * 2 ** round)).toBe(true);
    const asked = (await record()).requests.filter(
      ({ method, path }) => method === 'GET' && path.includes('/git/ref/'),
    );
    expect(asked).toHaveLength(1 + 8);
  });

  it('says which line a job lacks', async () => {
    await start(({ method }) =>
      method === 'POST' ? problem(403, 'Resource not accessible by integration') : undefined,
    );
    await expect(aStore().update(line('one'), 'one')).rejects.toMatchObject({
      code: 'github-permission',
      message: 'The token may not be used for writing branch tpu-bench-data in o/r (403).',
      hint: expect.stringContaining('contents: write'),
    });
  });
});
