import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LAB, type Lab, startLab } from '../../src/lab/lab.ts';
import { SCENARIOS } from '../../src/lab/scenarios.ts';
import { OUTPUT_NAMES } from '../../src/report/outputs.ts';
import { fakeRunner, type Job } from './fake-runner.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');
const MINUTES = 60_000;

let lab: Lab;
let job: Job;

async function start(scenario: string, inputs: Record<string, string> = {}): Promise<void> {
  lab = await startLab({
    scenario: SCENARIOS[scenario]!,
    timeScale: 20,
    seed: 7,
    entry: { module: CLI, args: ['lab-process'] },
  });
  job = fakeRunner({
    env: lab.env,
    event: {
      name: 'pull_request',
      payload: { pull_request: { number: LAB.pullRequest, head: { sha: 'c0ffee1'.padEnd(40, '0') } } },
    },
    inputs: {
      // What action.yml fills in and what a workflow gives.
      'project-id': LAB.project,
      location: LAB.location,
      cluster: LAB.cluster,
      'workload-identity-provider': LAB.provider,
      'github-token': lab.githubToken,
      'poll-interval': '250ms',
      'pair-duration': '2s',
      pairs: '4-8',
      ...inputs,
    },
  });
}

async function record() {
  const { gcp, github, kube } = await lab.record();
  return {
    nodes: gcp.nodes[LAB.nodePool] ?? [],
    target: gcp.targetSize[LAB.nodePool] ?? 0,
    sizes: gcp.resizes.map(({ pool, nodeCount }) => `${pool}=${nodeCount}`),
    comments: github.comments,
    kube: kube.requests,
    gcp: gcp.requests,
  };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + MINUTES;
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error(`waited a minute for ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Everything a person or a later step could read. */
function everythingSaid(...logs: string[]): string {
  return [
    ...logs,
    job.summary('main'),
    job.summary('post'),
    JSON.stringify(job.outputs()),
    JSON.stringify(job.state()),
  ].join('\n');
}

afterEach(async () => {
  job?.close();
  await lab?.stop();
});

describe('the built action, started as the runner starts it', () => {
  describe('on a pull request whose stack is healthy', () => {
    beforeEach(() => start('pass'));

    it(
      'ends in a pass, a comment, every output, and no node left',
      async () => {
        const main = await job.main().done;
        expect(main.log).toContain('verdict     pass');
        expect(main.code).toBe(0);

        const outputs = job.outputs();
        expect(Object.keys(outputs).sort()).toEqual([...OUTPUT_NAMES].sort());
        expect(outputs).toMatchObject({ verdict: 'pass', passed: 'true', cause: '', 'success-rate': '1' });
        expect(Number(outputs['speedup-low'])).toBeGreaterThan(2.5);
        expect(Number(outputs.speedup)).toBeCloseTo(
          Number(outputs['throughput-all']) / Number(outputs['throughput-one']),
          0,
        );
        expect(JSON.parse(outputs.result!)).toMatchObject({ verdict: 'pass' });
        expect(outputs['comment-url']).toContain(`/pull/${LAB.pullRequest}#issuecomment-`);

        // Main never gives the nodes back.
        const between = await record();
        expect(between.nodes).toHaveLength(3);
        expect(between.comments).toHaveLength(1);
        expect(between.comments[0]!.body).toContain('✅ Pass');
        expect(between.comments[0]!.body).toContain('post step');

        const post = await job.post().done;
        expect(post.code).toBe(0);
        expect(post.log).toContain('back at its resting size of 0 nodes');

        const after = await record();
        expect(after.nodes).toEqual([]);
        expect(after.target).toBe(0);
        expect(after.sizes).toEqual([`${LAB.nodePool}=3`, `${LAB.nodePool}=0`]);
        // The same comment, now with the bill.
        expect(after.comments).toHaveLength(1);
        expect(after.comments[0]!.body).toMatch(/node pool `tpu-v6e-pool` is back at 0 nodes/);
        expect(after.comments[0]!.body).toMatch(/chip-minutes · \*\*≈ \$\d/);
        expect(after.comments[0]!.body.match(/<details/g)?.length).toBe(
          after.comments[0]!.body.match(/<\/details>/g)?.length,
        );

        const result = JSON.parse(readFileSync(join(job.temp, 'tpu-serving-gate', 'result.json'), 'utf8'));
        expect(result).toMatchObject({
          verdict: 'pass',
          plan: { service: 'qwen2-3b-pattern3', replicas: 3, gateway: 'opendatahub/inference-gateway' },
          environment: { modelId: 'Qwen/Qwen2.5-3B-Instruct', blockSizeTokens: 128, prefixCaching: true },
          release: { outcome: 'released', nodesLeft: 0 },
        });
        expect(result.checks.map(({ outcome }: { outcome: string }) => outcome)).toEqual(Array(8).fill('pass'));
        const raw = readFileSync(join(job.temp, 'tpu-serving-gate', 'requests.jsonl'), 'utf8')
          .trim()
          .split('\n');
        expect(raw.length).toBe(result.benchmark.arms.one.requests + result.benchmark.arms.all.requests);

        // What was applied is gone, and so is the one-replica arm.
        const paths = after.kube.map(({ method, path }) => `${method} ${path.split('?')[0]}`);
        const removed = paths.filter((path) => path.startsWith('DELETE'));
        expect(removed.some((path) => path.endsWith('/llminferenceservices/qwen2-3b-pattern3'))).toBe(true);
        expect(removed.some((path) => path.endsWith('/llminferenceservices/qwen2-3b-pattern1'))).toBe(true);
        expect(removed.filter((path) => path.includes('tpu-gate-one-')).length).toBeGreaterThanOrEqual(3);
        expect(after.kube.filter(({ status }) => status >= 500)).toEqual([]);

        const said = everythingSaid(main.log, post.log, after.comments[0]!.body);
        for (const secret of [lab.githubToken, lab.gcp.oidcRequestToken]) {
          expect(said.replaceAll(`::add-mask::${secret}`, '')).not.toContain(secret);
        }
        expect(said.replaceAll(/::add-mask::\S+/g, '')).not.toMatch(/ya29\.|-----BEGIN|eyJ[A-Za-z0-9_-]{20,}\.eyJ/);
      },
      3 * MINUTES,
    );

    it(
      'gives the nodes back after main was killed right after the resize',
      async () => {
        const main = job.main();
        await until('the resize', async () => (await record()).sizes.length === 1);
        main.child.kill('SIGKILL');
        expect((await main.done).signal).toBe('SIGKILL');

        const post = await job.post().done;
        expect(post.code).toBe(0);
        const after = await record();
        expect(after.nodes).toEqual([]);
        expect(after.target).toBe(0);
        expect(after.sizes.at(-1)).toBe(`${LAB.nodePool}=0`);
        expect(after.comments).toHaveLength(1);
        expect(after.comments[0]!.body).toContain('killed before it had a result');
        expect(job.summary('post')).toContain('killed before it had a result');
      },
      3 * MINUTES,
    );

    it(
      'stops within the runner’s 7.5 s when it is cancelled, and post gives the nodes back',
      async () => {
        const main = job.main();
        await until('the nodes', async () => (await record()).nodes.length === 3);
        const asked = Date.now();
        main.child.kill('SIGINT');
        const ended = await main.done;
        // SIGTERM follows after 7.5 s; a main that obeys the first signal never sees it.
        expect(Date.now() - asked).toBeLessThan(7_500);
        expect(ended.code).toBe(1);
        expect(job.outputs()).toMatchObject({ verdict: 'error', passed: 'false', cause: 'unknown.interrupted' });
        expect((await record()).sizes).toEqual([`${LAB.nodePool}=3`]);

        expect((await job.post().done).code).toBe(0);
        const after = await record();
        expect(after.nodes).toEqual([]);
        expect(after.comments).toHaveLength(1);
        expect(after.comments[0]!.body).toContain('interrupted');
      },
      3 * MINUTES,
    );
  });

  it(
    'is red and blames the cloud when the zone has no capacity',
    async () => {
      await start('stockout');
      const main = await job.main().done;
      expect(main.code).toBe(1);
      expect(job.outputs()).toMatchObject({ verdict: 'error', cause: 'gke.stockout', blame: 'cloud', stage: 'lease' });
      expect(main.log).toMatch(/^::error title=error: .*::.*no TPU capacity/m);
      expect((await job.post().done).code).toBe(0);
      const after = await record();
      expect(after.target).toBe(0);
      expect(after.comments[0]!.body).toContain('no TPU capacity');
    },
    3 * MINUTES,
  );

  it('refuses bad inputs all at once, before any call, with every output set', async () => {
    await start('pass', { nodes: 'three', 'target-speedup': '2.8-2.5', runbok: 'false' });
    const main = await job.main().done;
    expect(main.code).toBe(1);
    for (const text of ['"nodes" is "three"', '"target-speedup" is "2.8-2.5"', 'did you mean "runbook"']) {
      expect(main.log).toContain(text);
    }
    expect(Object.keys(job.outputs()).sort()).toEqual([...OUTPUT_NAMES].sort());
    expect(job.outputs().verdict).toBe('error');
    const post = await job.post().done;
    expect(post.code).toBe(0);
    expect(post.log).toContain('nothing to give back');
    const { gcp, kube, comments } = await record();
    expect([...gcp, ...kube, ...comments]).toEqual([]);
  });
});
