import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LAB, type Lab, startLab } from '../../src/lab/lab.ts';
import { SCENARIOS } from '../../src/lab/scenarios.ts';
import type { Report } from '../../src/report/model.ts';
import { OUTPUT_NAMES } from '../../src/report/outputs.ts';
import { fakeRunner, type Job, type StepResult } from './fake-runner.ts';

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

async function stop(): Promise<void> {
  job?.close();
  await lab?.stop();
}

/** The rendered text without the non-breaking spaces that hold a number and its unit together. */
function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ');
}

describe('the built action on a healthy stack: main, then post', () => {
  let main: StepResult;
  let post: StepResult;
  let between: Awaited<ReturnType<typeof record>>;
  let after: Awaited<ReturnType<typeof record>>;
  let result: Report;
  let comment: string;

  beforeAll(async () => {
    await start('pass');
    main = await job.main().done;
    between = await record();
    post = await job.post().done;
    after = await record();
    result = JSON.parse(readFileSync(join(job.temp, 'tpu-serving-gate', 'result.json'), 'utf8')) as Report;
    comment = plain(after.comments[0]?.body ?? '');
  }, 3 * MINUTES);
  afterAll(stop);

  it('passes', () => {
    expect(main.log).toContain('verdict     pass');
    expect([main.code, post.code]).toEqual([0, 0]);
    expect(result.verdict).toBe('pass');
  });

  it('sets every output', () => {
    const outputs = job.outputs();
    expect(Object.keys(outputs).sort()).toEqual([...OUTPUT_NAMES].sort());
    expect(outputs).toMatchObject({ verdict: 'pass', passed: 'true', cause: '', 'success-rate': '1' });
    expect(Number(outputs['speedup-low'])).toBeGreaterThan(2.5);
    expect(JSON.parse(outputs.result!)).toMatchObject({ verdict: 'pass' });
    // The bill so far: the nodes are still there.
    expect(Number(outputs['cost-usd'])).toBeGreaterThan(0);
    expect(outputs['comment-url']).toContain(`/pull/${LAB.pullRequest}#issuecomment-`);
  });

  it('leaves the nodes to post, which gives them back', () => {
    expect(between.nodes).toHaveLength(3);
    expect(between.sizes).toEqual([`${LAB.nodePool}=3`]);
    expect(post.log).toContain('back at its resting size of 0 nodes');
    expect(after.nodes).toEqual([]);
    expect(after.target).toBe(0);
    expect(after.sizes).toEqual([`${LAB.nodePool}=3`, `${LAB.nodePool}=0`]);
    expect(result.release).toMatchObject({ outcome: 'released', nodesLeft: 0 });
  });

  it('writes one comment: running, then the verdict, then the bill', () => {
    expect(between.comments).toHaveLength(1);
    expect(plain(between.comments[0]!.body)).toContain('✅ Pass');
    expect(plain(between.comments[0]!.body)).toContain('post step');
    expect(after.comments).toHaveLength(1);
    expect(after.comments[0]!.edits).toBeGreaterThanOrEqual(3);
    expect(comment).toContain('node pool `tpu-v6e-pool` is back at 0 nodes');
    expect(comment).toMatch(/chip-minutes · \*\*≈ \$\d/);
    expect(comment.match(/<details/g)?.length).toBe(comment.match(/<\/details>/g)?.length);
  });

  it('removes what it applied, and the one-replica arm', () => {
    const removed = after.kube.filter(({ method }) => method === 'DELETE').map(({ path }) => path.split('?')[0]!);
    expect(removed.some((path) => path.endsWith('/llminferenceservices/qwen2-3b-pattern1'))).toBe(true);
    expect(removed.some((path) => path.endsWith('/llminferenceservices/qwen2-3b-pattern3'))).toBe(true);
    expect(removed.filter((path) => path.includes('tpu-gate-one-')).length).toBeGreaterThanOrEqual(3);
    expect(after.kube.filter(({ status }) => status >= 500)).toEqual([]);
  });

  it('keeps every request of the pairs for others to judge', () => {
    const raw = readFileSync(join(job.temp, 'tpu-serving-gate', 'requests.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const { one, all } = result.benchmark!.arms;
    expect(raw).toHaveLength(one.requests + all.requests);
  });

  it('says no secret anywhere', () => {
    const said = everythingSaid(main.log, post.log, comment);
    for (const secret of [lab.githubToken, lab.gcp.oidcRequestToken]) {
      expect(said.replaceAll(`::add-mask::${secret}`, '')).not.toContain(secret);
    }
    expect(said.replaceAll(/::add-mask::\S+/g, '')).not.toMatch(/ya29\.|-----BEGIN|eyJ[A-Za-z0-9_-]{20,}\.eyJ/);
  });

  describe('success criteria of Pattern 3, functional', () => {
    it('all 3 vLLM pods Running and Ready, 2/2 containers', () => {
      const replicas = result.pods.filter(({ role }) => role === 'replica');
      expect(
        replicas.map(({ readyContainers, totalContainers, phase }) => [readyContainers, totalContainers, phase]),
      ).toEqual(Array(3).fill([2, 2, 'Running']));
    });
    it('EPP scheduler deployed with scorer weights configured', () => {
      expect(result.pods.filter(({ role, state }) => role === 'endpoint-picker' && state === 'Ready')).toHaveLength(1);
      expect(result.environment.scorers).toContainEqual({ name: 'prefix-cache-scorer', weight: 3 });
    });
    it('HTTPRoute and InferencePool created by KServe and accepted by the gateway', () => {
      expect(result.plan.gateway).toBe('opendatahub/inference-gateway');
      expect(result.environment.inferencePoolGroup).toBe('inference.networking.x-k8s.io');
    });
    it('the four NetworkPolicies applied', () => {
      for (const policy of ['gateway-to-vllm', 'gateway-to-epp', 'vllm-egress', 'istio']) {
        expect(main.log).toContain(`applied NetworkPolicy allow-${policy}-pattern3`);
      }
    });
    it.each(['health', 'models', 'completion', 'chat', 'replicas'])('check "%s" passes', (id) => {
      expect(result.checks.find((check) => check.id === id)?.outcome).toBe('pass');
    });
  });

  describe('success criteria of Pattern 3, performance', () => {
    it('prefix-cache routing: a shared prefix stays on one replica, by the replicas’ own counters', () => {
      expect(result.checks.find(({ id }) => id === 'prefix-affinity')?.outcome).toBe('pass');
      expect(result.routing!.sharedPrefix.perPod.map(({ requests }) => requests).sort()).toEqual([0, 0, 10]);
      expect(result.checks.find(({ id }) => id === 'cache-hits')?.outcome).toBe('pass');
    });
    it('load distribution: unique prompts are balanced over the replicas', () => {
      expect(result.checks.find(({ id }) => id === 'unique-spread')?.outcome).toBe('pass');
      expect(result.routing!.unique.sent).toBeGreaterThan(300);
    });
    it('throughput: the lower limit of the speed-up exceeds 2.5', () => {
      expect(result.benchmark!.speedup!.low).toBeGreaterThan(2.5);
      expect(result.benchmark!.vetoes).toEqual([]);
    });
    it('scaling efficiency is the speed-up over three replicas', () => {
      expect(result.benchmark!.efficiency!.value).toBeCloseTo(result.benchmark!.speedup!.value / 3, 10);
    });
    it('success rate: 100 % under load, in both arms', () => {
      expect([result.benchmark!.arms.one.successRate, result.benchmark!.arms.all.successRate]).toEqual([1, 1]);
    });
    it('the runbook’s own 20 and 100 requests stand beside the recorded figures', () => {
      expect(result.runbook).toMatchObject({
        serial: { requests: 20, completed: 20, recordedOneReplica: 1.89 },
        parallel: { requests: 100, completed: 100, concurrency: 10, recordedOneReplica: 7.5 },
      });
    });
  });

  describe('success criteria of Pattern 3, security', () => {
    it('vLLM is reached over TLS with KServe’s certificates', () => {
      expect(after.kube.some(({ path }) => /\/pods\/https:[^/]+:8000\/proxy\/metrics/.test(path))).toBe(true);
    });
  });
});

describe('the built action, when things go wrong', () => {
  afterEach(stop);

  it(
    'gives the nodes back after main was killed right after the resize',
    async () => {
      await start('pass');
      // As google-github-actions/auth leaves it: a credential file, and the project in the environment.
      const file = join(job.temp, 'gha-creds.json');
      writeFileSync(file, lab.externalAccountFile);
      job.env.GOOGLE_APPLICATION_CREDENTIALS = file;
      job.env.GOOGLE_CLOUD_PROJECT = LAB.project;
      delete job.inputs['workload-identity-provider'];
      delete job.inputs['project-id'];
      const main = job.main();
      await until('the resize', async () => (await record()).sizes.length === 1);
      main.child.kill('SIGKILL');
      expect((await main.done).signal).toBe('SIGKILL');

      const post = await job.post().done;
      expect(post.code).toBe(0);
      const { nodes, target, sizes, comments } = await record();
      expect(nodes).toEqual([]);
      expect(target).toBe(0);
      expect(sizes.at(-1)).toBe(`${LAB.nodePool}=0`);
      expect(comments).toHaveLength(1);
      expect(plain(comments[0]!.body)).toContain('killed before it had a result');
      expect(plain(job.summary('post'))).toContain('killed before it had a result');
    },
    3 * MINUTES,
  );

  it(
    'stops within the runner’s 7.5 s when it is cancelled, and post gives the nodes back',
    async () => {
      await start('pass');
      const main = job.main();
      await until('the nodes', async () => (await record()).nodes.length === 3);
      const asked = Date.now();
      main.child.kill('SIGINT');
      const ended = await main.done;
      // SIGTERM follows after 7.5 s; a main that obeys the first signal never sees it.
      expect(Date.now() - asked).toBeLessThan(7_500);
      expect(ended.code).toBe(1);
      expect(job.outputs()).toMatchObject({ verdict: 'error', passed: 'false' });
      expect((await record()).sizes).toEqual([`${LAB.nodePool}=3`]);

      expect((await job.post().done).code).toBe(0);
      const { nodes, comments } = await record();
      expect(nodes).toEqual([]);
      expect(comments).toHaveLength(1);
      expect(comments[0]!.body).toContain('interrupted');
    },
    3 * MINUTES,
  );

  it(
    'is red and blames the cloud when the zone has no capacity',
    async () => {
      await start('stockout');
      delete job.inputs['workload-identity-provider'];
      job.inputs['credentials-json'] = lab.serviceAccountKey;
      const main = await job.main().done;
      expect(main.code).toBe(1);
      expect(job.outputs()).toMatchObject({ verdict: 'error', cause: 'gke.stockout', blame: 'cloud', stage: 'lease' });
      expect(main.log).toMatch(/^::error title=error%3A .*::.*no TPU capacity/m);
      expect((await job.post().done).code).toBe(0);
      const { target, comments } = await record();
      expect(target).toBe(0);
      expect(plain(comments[0]!.body)).toContain('no TPU capacity');
      const key = JSON.parse(lab.serviceAccountKey).private_key as string;
      const secretLine = key.split('\n')[3]!;
      expect(everythingSaid(main.log).replaceAll(/::add-mask::.*/g, '')).not.toContain(secretLine);
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
