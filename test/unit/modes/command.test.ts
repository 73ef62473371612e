import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../../lab/github/server.ts';
import type { Reply } from '../../../lab/google/http.ts';
import type { GithubConfig, GithubRecord } from '../../../lab/protocol.ts';
import type { ActionsIo } from '../../../src/clients/runner/actions.ts';
import { answerCommand } from '../../../src/modes/command.ts';

const HEAD = 'c0ffee1'.padEnd(40, '0');
const CONFIG: GithubConfig = {
  token: 'ghs_lab',
  login: 'github-actions[bot]',
  repository: 'o/r',
  pullRequests: [7],
  permissions: { reader: 'read', owner: 'admin' },
};

let github: Awaited<ReturnType<typeof startGithub>>;
let folder = '';
/** What GitHub replies in place of some call. */
let reply: (path: string) => Reply | undefined;

async function lab(config: Partial<GithubConfig> = {}) {
  github = await startGithub({ ...CONFIG, ...config }, async ({ path }) => reply(path));
}

beforeEach(() => {
  reply = () => undefined;
  folder = mkdtempSync(join(tmpdir(), 'command-'));
});
afterEach(async () => {
  await github.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Given {
  body?: string;
  author?: string;
  payload?: Record<string, unknown>;
  event?: string;
  inputs?: Record<string, string>;
}

/** Runs the step for a comment. Returns its exit code, outputs and log, and what GitHub has seen. */
async function run({
  body = '/measure',
  author = 'octocat',
  payload = {},
  event = 'issue_comment',
  inputs = {},
}: Given) {
  const path = join(folder, 'event.json');
  const comment = { id: 3_100_000_009, body, user: { login: author } };
  writeFileSync(
    path,
    JSON.stringify({ action: 'created', comment, issue: { number: 7, pull_request: {} }, ...payload }),
  );
  const env = {
    GITHUB_EVENT_NAME: event,
    GITHUB_EVENT_PATH: path,
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_API_URL: github.apiUrl,
    GITHUB_RUN_ID: '183',
  };
  const given: Record<string, string> = { mode: 'command', 'github-token': 'ghs_lab', ...inputs };
  const outputs: Record<string, string> = {};
  const log: string[] = [];
  const say = (text: string) => void log.push(text);
  const io = {
    inputs: { get: (name: string) => given[name], given: Object.keys(given), env },
    ...{ info: say, notice: say, warning: say, error: say, mask: () => {} },
    setOutput: (name: string, value: string) => {
      outputs[name] = value;
    },
  } as unknown as ActionsIo;
  const code = await answerCommand(io, env, new AbortController().signal);
  const record = (await (await fetch(`${github.controlUrl}/record`)).json()) as GithubRecord;
  const { 'head-sha': head, 'base-sha': base, 'command-options': options } = outputs;
  return { code, taken: { head, base, options }, outputs, log: log.join('\n'), ...record };
}

const NOTHING = { head: '', base: '', options: '' };
const said = ({ comments }: GithubRecord) => comments.map(({ body }) => body);
const reactions = (record: GithubRecord) => record.reactions.map(({ content }) => content);

describe('a command of somebody who may write', () => {
  it('is taken: the commit is read once, the comment has eyes, the commit waits', async () => {
    await lab();
    const taken = await run({ body: '/measure base-replicas=all pairs=6-9' });
    expect(taken.code).toBe(0);
    expect(taken.taken).toEqual({
      head: HEAD,
      base: expect.stringMatching(/^[0-9a-f]{40}$/),
      options: '{"base-replicas":"all","pairs":"6-9"}',
    });
    expect(taken.requests.filter(({ path }) => path === '/repos/o/r/pulls/7')).toHaveLength(1);
    expect(taken.reactions).toEqual([{ comment: 3_100_000_009, content: 'eyes' }]);
    expect(taken.statuses).toEqual([
      {
        sha: HEAD,
        state: 'pending',
        context: 'tpu-serving-gate/measure',
        description: 'Waits for a reviewer, then for the nodes.',
        targetUrl: 'https://github.com/o/r/actions/runs/183',
      },
    ]);
    expect(said(taken)).toEqual([]);
  });

  it('is taken of an admin too, and where the token may not set a status', async () => {
    await lab();
    reply = (path) =>
      path.includes('/statuses/')
        ? { status: 403, body: { message: 'Resource not accessible by integration' } }
        : undefined;
    const taken = await run({ author: 'owner' });
    expect(taken.taken).toMatchObject({ head: HEAD, options: '{}' });
    expect(taken.log).toContain('statuses: write');
  });

  it('is refused in one sentence for an option that it does not have', async () => {
    await lab();
    const refused = await run({ body: '/measure manifests=@everyone' });
    expect([refused.code, refused.taken]).toEqual([0, NOTHING]);
    expect(said(refused)).toEqual([expect.stringMatching(/^`\/measure` takes `base-replicas`, [^.]*\.$/)]);
    expect(reactions(refused)).toEqual(['confused']);
    expect(refused.statuses).toEqual([]);
  });

  it('is refused on a pull request from a fork', async () => {
    await lab({ forks: { 7: 'stranger/r' } });
    const refused = await run({});
    expect([refused.taken, refused.statuses]).toEqual([NOTHING, []]);
    expect(said(refused)).toEqual([expect.stringContaining('from a fork is not measured')]);
  });
});

describe('a comment that starts nothing', () => {
  it.each(['reader', 'stranger'])('is a command of %s', async (author) => {
    await lab();
    const refused = await run({ author, payload: {} });
    expect([refused.code, refused.taken]).toEqual([0, NOTHING]);
    expect(said(refused)).toEqual(['`/measure` needs write access to this repository.']);
    expect(refused.requests.map(({ path }) => path)).not.toContain('/repos/o/r/pulls/7');
  });

  it('is one by somebody whom the payload calls an owner, but the API does not', async () => {
    await lab();
    const comment = { id: 1, body: '/measure', user: { login: 'stranger' }, author_association: 'OWNER' };
    expect((await run({ payload: { comment } })).taken).toEqual(NOTHING);
  });

  it('is one whose author cannot be looked up: that is no permission', async () => {
    await lab();
    reply = (path) => (path.includes('/collaborators/') ? { status: 404, body: { message: 'Not Found' } } : undefined);
    expect((await run({})).taken).toEqual(NOTHING);
    reply = (path) => (path.includes('/collaborators/') ? { status: 403, body: { message: 'Forbidden' } } : undefined);
    const failed = await run({});
    expect([failed.code, failed.taken]).toEqual([1, NOTHING]);
  });

  it('is no command, and is left alone', async () => {
    await lab();
    const left = await run({ body: '/measurements are in the folder' });
    expect([left.code, left.taken, said(left), reactions(left), left.requests]).toEqual([0, NOTHING, [], [], []]);
  });

  it.each<[string, Given]>([
    ['an issue', { payload: { issue: { number: 7 } } }],
    ['an edit', { payload: { action: 'edited' } }],
    ['another event', { event: 'pull_request' }],
    ['a comment without an author', { payload: { comment: { id: 1, body: '/measure', user: null } } }],
  ])('is %s, which the mode refuses', async (_, given) => {
    await lab();
    const refused = await run(given);
    expect([refused.code, refused.requests]).toEqual([1, []]);
    expect(refused.log).toContain('Mode "command" is for a comment on a pull request');
  });
});

describe('the end of a command', () => {
  it.each([
    ['pass', 'success', '+1', 'Pass. See the comment.'],
    ['fail', 'failure', '-1', 'Fail. See the comment.'],
    ['inconclusive', 'error', 'confused', 'Inconclusive. See the comment.'],
    ['success', 'error', 'confused', 'Not measured: the pull request has moved on.'],
    ['failure', 'error', 'confused', 'Not measured: the job failed, or its reviewers refused it.'],
    ['cancelled', 'error', 'confused', 'Not measured: the run was cancelled.'],
    ['anything else', 'error', 'confused', 'Not measured.'],
  ])('%s', async (verdict, state, reaction, description) => {
    await lab();
    const ended = await run({ inputs: { 'command-verdict': verdict, 'head-sha': HEAD } });
    expect(ended.code).toBe(0);
    expect(ended.statuses).toMatchObject([{ sha: HEAD, state, description }]);
    expect(reactions(ended)).toEqual([reaction]);
  });

  it('needs the whole commit', async () => {
    await lab();
    expect((await run({ inputs: { 'command-verdict': 'pass' } })).code).toBe(1);
    const cut = await run({ inputs: { 'command-verdict': 'pass', 'head-sha': 'c0ffee1' } });
    expect([cut.code, cut.requests]).toEqual([1, []]);
  });
});
