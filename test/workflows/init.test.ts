import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LAB, type Lab } from '../../lab/lab.ts';
import { CONFIG_FILE } from '../../src/inputs/config-rules.ts';
import { credentials } from '../e2e/setup-lab.ts';
import { type ActRun, type Repository, startRepository } from './act.ts';
import { commentOn, nodesOf, openPull, pull, why } from './pull.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');
const GATE = 'acme/tpu-serving-gate@v1.2.3';

let folder: string;
let repository: Repository;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'init-'));
});
afterEach(async () => {
  await repository?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `init` in an empty checkout, with answers as flags for what the checkout itself does not have. */
async function write(checkout: string, lab: Lab): Promise<void> {
  const args = [CLI, 'init', '--yes', '--repository', LAB.repository, '--gate', GATE];
  await promisify(execFile)(process.execPath, args, { cwd: checkout, env: credentials(lab, folder) });
}

/** A repository that has what `init` has written, and nothing else. `merged`: also on its default branch. */
async function initialized(scenario: string, { merged = true } = {}): Promise<void> {
  repository = await startRepository(scenario, 100, { gate: GATE, write });
  if (!merged) return;
  const files = { [CONFIG_FILE]: repository.checkedOut(CONFIG_FILE) };
  await fetch(`${repository.lab.github.controlUrl}/repository`, { method: 'PATCH', body: JSON.stringify({ files }) });
}

/** The jobs of the called workflow by their own names, without the one that calls it. */
function jobsOf({ jobs }: ActRun): Record<string, boolean> {
  const called = Object.entries(jobs).map(([name, ok]): [string, boolean] => [name.split('/').at(-1) ?? '', ok]);
  return Object.fromEntries(called.filter(([name]) => name !== 'gate'));
}

const nodes = () => nodesOf(repository);
const github = async () => (await repository.lab.record()).github;
/** Service accounts that jobs have signed in as. */
async function accounts(): Promise<Set<string>> {
  const { gcp } = await repository.lab.record();
  const account = /serviceAccounts\/([^/:]+):generateAccessToken/;
  return new Set(gcp.requests.flatMap(({ path }) => account.exec(path)?.[1] ?? []));
}

describe('what init writes', () => {
  it.each([
    ['in the pull request that adds it', false],
    ['once it is merged', true],
  ])('checks a push %s, by the identity that only reads, and leases nothing', async (_, merged) => {
    await initialized('pass', { merged });
    const run = await repository.run('tpu-pull-request.yml', pull('opened'));
    expect(jobsOf(run), why(run)).toEqual({ preflight: true });
    expect(run.code, why(run)).toBe(0);
    expect(run.log).toMatch(/Nothing was leased, deployed or measured/);
    expect(run.log).toContain(`${CONFIG_FILE} of ${merged ? 'the default branch' : 'this pull request'} gives cluster`);
    expect(await nodes()).toEqual({ left: [], sizes: [] });
    expect(await accounts()).toEqual(new Set([LAB.preflightEmail]));
  });

  it('measures by night, and a night without capacity has its line and its page', async () => {
    await initialized('stockout');
    const run = await repository.run('tpu-nightly.yml', { name: 'schedule' });
    expect(jobsOf(run), why(run)).toEqual({ measure: false, history: true });
    const [text] = Object.entries((await github()).branches['tpu-bench-data'] ?? {})
      .filter(([name]) => name.endsWith('.jsonl'))
      .map(([, content]) => content);
    expect(JSON.parse(text ?? '')).toMatchObject({ verdict: 'error', cause: 'gke.stockout' });
    expect(repository.stored('page-1', 'index.html')).toContain('nothing was measured');
    expect((await nodes()).left).toEqual([]);
    expect(await accounts()).toEqual(new Set([LAB.serviceAccountEmail]));
  });

  it('measures for a comment, which ends with its cause on the commit', async () => {
    await initialized('stockout');
    const head = await openPull(repository);
    const run = await repository.run('tpu-measure.yml', commentOn('/measure'));
    expect(jobsOf(run), why(run)).toEqual({ command: true, measure: false, conclude: true });
    expect((await nodes()).left).toEqual([]);
    const { statuses } = await github();
    expect(statuses.map(({ sha, state }) => [sha, state])).toEqual([
      [head, 'pending'],
      [head, 'error'],
    ]);
    const result: unknown = JSON.parse(repository.stored('gate-1', 'result.json') ?? '{}');
    expect(result).toMatchObject({ verdict: 'error', diagnosis: { cause: 'gke.stockout' } });
  });

  it('deploys the stack of the repository, which the sweeper leaves alone, and ends it', async () => {
    await initialized('pass');
    const deployed = await dispatch('deploy');
    expect(jobsOf(deployed), why(deployed)).toMatchObject({ deploy: true });
    expect((await nodes()).left).toHaveLength(3);
    const swept = await repository.run('tpu-sweep.yml', { name: 'schedule' });
    expect(jobsOf(swept), why(swept)).toEqual({ sweep: true });
    expect((await nodes()).left).toHaveLength(3);
    const ended = await dispatch('cleanup');
    expect(jobsOf(ended), why(ended)).toMatchObject({ deploy: true });
    expect((await nodes()).left).toEqual([]);
  });

  it('rolls back to one replica of Pattern 1, although its file of inputs names the stack that failed', async () => {
    await initialized('random-routing');
    const run = await dispatch('deploy');
    expect(jobsOf(run), why(run)).toMatchObject({ deploy: false, rollback: true });
    expect(await nodes()).toMatchObject({ sizes: [3, 0, 1], left: { length: 1 } });
    const url = (await github()).deployments.at(-1)?.statuses.at(-1)?.environmentUrl;
    expect(url).toContain('pattern1');
  });
});

const dispatch = (mode: string) => repository.run('tpu-deploy.yml', { name: 'workflow_dispatch', inputs: { mode } });
