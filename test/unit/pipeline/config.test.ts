import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../../lab/github/server.ts';
import type { Inject } from '../../../lab/google/http.ts';
import type { ActionsIo } from '../../../src/clients/runner/actions.ts';
import { findConfig, restoredIo } from '../../../src/pipeline/config.ts';

const FILE = '.github/tpu-serving-gate.yml';

let folder: string;
let github: Awaited<ReturnType<typeof startGithub>>;
let inject: Inject;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  mkdirSync(join(folder, '.git'));
  mkdirSync(join(folder, '.github'));
  inject = () => undefined;
  github = await startGithub(
    { token: 'ghs_token', login: 'github-actions[bot]', repository: 'octo/serving', pullRequests: [7] },
    (request) => inject(request),
  );
});
afterEach(async () => {
  await github.close();
  rmSync(folder, { recursive: true, force: true });
});

const checkedOut = (text: string) => writeFileSync(join(folder, FILE), text);
const merged = (text: string) =>
  fetch(`${github.controlUrl}/repository`, { method: 'PATCH', body: JSON.stringify({ files: { [FILE]: text } }) });
const COMMIT = 'c0ffee1'.padEnd(40, '0');
const find = (event: string | undefined, token = 'ghs_token', more: Record<string, string> = {}) => {
  writeFileSync(join(folder, 'event.json'), JSON.stringify({ repository: { default_branch: 'main' } }));
  return findConfig(
    {
      get: (name) => (name === 'github-token' ? token : undefined),
      given: [],
      env: {
        ...{ GITHUB_EVENT_NAME: event, GITHUB_API_URL: github.apiUrl, GITHUB_REPOSITORY: 'octo/serving' },
        ...{ GITHUB_EVENT_PATH: join(folder, 'event.json'), GITHUB_REF: 'refs/heads/main', GITHUB_SHA: COMMIT },
        ...more,
      },
    },
    folder,
  );
};
const head = (text: string) => writeFileSync(join(folder, '.git', 'HEAD'), `${text}\n`);
const calls = async () => {
  const { requests } = (await (await fetch(`${github.controlUrl}/record`)).json()) as { requests: unknown[] };
  return requests.length;
};

describe.each([undefined, 'push', 'schedule', 'workflow_dispatch'])('on %s of the default branch', (event) => {
  it('the file of the checkout counts, without a call', async () => {
    head(COMMIT);
    checkedOut('max-cost: 30\n');
    expect(await find(event)).toMatchObject({ values: { 'max-cost': '30' }, note: `${FILE} gives max-cost.` });
    expect(await calls()).toBe(0);
  });
});

describe.each(['pull_request', 'pull_request_target', 'issue_comment', 'merge_group', 'workflow_run'])(
  'on %s',
  (event) => {
    it('what the checkout changes does not count', async () => {
      await merged('max-cost: 30\nallowed-registries: ghcr.io/ours\n');
      checkedOut('max-cost: none\nallowed-registries: docker.io\n');
      expect(await find(event)).toEqual({
        values: { 'max-cost': '30', 'allowed-registries': 'ghcr.io/ours' },
        note: `${FILE} of the default branch gives max-cost, allowed-registries. This change of it counts once it is merged.`,
      });
    });

    it('a file that the checkout has removed counts', async () => {
      await merged('max-cost: 30\n');
      expect(await find(event)).toMatchObject({ values: { 'max-cost': '30' } });
    });

    it('a file that only the checkout has does not count', async () => {
      checkedOut('max-cost: none\n');
      expect(await find(event)).toMatchObject({ values: {} });
    });
  },
);

describe('on workflow_dispatch', () => {
  beforeEach(async () => {
    await merged('max-cost: 30\n');
    checkedOut('max-cost: none\n');
  });

  it('of another branch, what that branch changes does not count', async () => {
    head(COMMIT);
    const found = await find('workflow_dispatch', 'ghs_token', { GITHUB_REF: 'refs/heads/gate/pr-7' });
    expect(found).toMatchObject({ values: { 'max-cost': '30' } });
  });

  it.each([
    ['another commit', 'deadbee'.padEnd(40, '0')],
    ['a branch of another commit', 'ref: refs/heads/theirs'],
    ['what cannot be read', 'ref: ../../x'],
  ])('of the default branch that has checked out %s, that does not count', async (_, text) => {
    head(text);
    expect(await find('workflow_dispatch')).toMatchObject({ values: { 'max-cost': '30' } });
  });

  it.each(['loose', 'packed'])(
    'of the default branch by its name, with a %s ref, the checkout counts',
    async (kind) => {
      head('ref: refs/heads/main');
      mkdirSync(join(folder, '.git', 'refs', 'heads'), { recursive: true });
      if (kind === 'loose') writeFileSync(join(folder, '.git', 'refs', 'heads', 'main'), `${COMMIT}\n`);
      else writeFileSync(join(folder, '.git', 'packed-refs'), `# pack-refs with: peeled\n${COMMIT} refs/heads/main\n`);
      expect(await find('workflow_dispatch')).toMatchObject({ values: { 'max-cost': 'none' } });
    },
  );
});

describe('on a pull request', () => {
  it('that adds the first file, the file gives where the run is, and nothing else', async () => {
    checkedOut('cluster: mine\nnode-pool: v6e\nmax-cost: none\n');
    expect(await find('pull_request')).toEqual({
      values: { cluster: 'mine', 'node-pool': 'v6e' },
      note: `${FILE} of this pull request gives cluster, node-pool. The rest counts once it is merged.`,
    });
    for (const event of ['pull_request_target', 'issue_comment']) {
      expect(await find(event)).toMatchObject({ values: {} });
    }
    await merged('cluster: ours\n');
    expect(await find('pull_request')).toMatchObject({ values: { cluster: 'ours' } });
  });

  it('a file that would break the default branch is refused before it is merged', async () => {
    checkedOut('nods: 3\n');
    expect(await find('pull_request')).toEqual({
      problems: [`${FILE} has "nods", which is not an input; did you mean "nodes"?`],
    });
  });

  it('a file that cannot be read is not an empty one', async () => {
    await merged('max-cost: 30\n');
    inject = () => ({ status: 403, body: { message: 'Resource not accessible by integration', status: '403' } });
    expect(await find('pull_request')).toEqual({
      problems: [expect.stringMatching(/of the default branch cannot be read: .*contents: read/)],
    });
    expect(await find('pull_request', '')).toEqual({ problems: [expect.stringMatching(/without "github-token"/)] });
  });

  it('a job without a checkout has no file', async () => {
    rmSync(join(folder, '.git'), { recursive: true });
    await merged('max-cost: 30\n');
    expect(await find('pull_request')).toEqual({ values: {}, note: null });
    expect(await calls()).toBe(0);
  });
});

it.each<[string, () => void]>([
  ['a link', () => symlinkSync('/etc/hostname', join(folder, FILE))],
  ['a folder', () => mkdirSync(join(folder, FILE))],
  ['larger than it can be', () => checkedOut(`# ${'x'.repeat(70_000)}\n`)],
])('a file that is %s is refused', async (_, make) => {
  make();
  expect(await find(undefined)).toEqual({ problems: [expect.stringContaining('must be a plain file')] });
});

describe('the post step', () => {
  const restored = async (state: Record<string, string>) => {
    const inputs = {
      get: (name: string) => ({ 'max-nodes': '8' })[name],
      given: [],
      env: { GITHUB_WORKSPACE: folder },
    };
    const io = { inputs, info: () => {}, saveState: () => {}, getState: (name: string) => state[name] ?? '' };
    return (await restoredIo(io as unknown as ActionsIo)).inputs;
  };

  it('has the inputs of the main step, whatever the checkout has become', async () => {
    checkedOut('lease-namespace: theirs\n');
    const inputs = await restored({ lease: 'none', config: '{"lease-namespace":"ours","max-nodes":"4"}' });
    expect([inputs.get('lease-namespace'), inputs.get('max-nodes')]).toEqual(['ours', '4']);
    expect((await restored({ lease: 'none' })).get('lease-namespace')).toBeUndefined();
  });

  it('looks for the file where its state was lost, and goes on without one', async () => {
    checkedOut('lease-namespace: ours\n');
    expect((await restored({})).get('lease-namespace')).toBe('ours');
    checkedOut('leese-namespace: ours\n');
    expect((await restored({})).get('max-nodes')).toBe('8');
    expect((await restored({ lease: 'none', config: '{' })).get('max-nodes')).toBe('8');
  });
});
