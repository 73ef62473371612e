import type { KserveVersion } from '../../lab/cluster/kserve-versions.ts';
import { LAB, type Lab, startLab } from '../../lab/lab.ts';
import type { GcpRecord } from '../../lab/protocol.ts';
import { SCENARIOS, type Scenario } from '../../lab/scenarios/scenarios.ts';
import { CLI } from '../cli.ts';
import { fakeRunner, type Job } from './fake-runner.ts';

export const MINUTES = 60_000;
export const UNMEASURED_SCALE = 100;
export const MEASURED_SCALE = 20;

/** One job of a pull request on GitHub's runner, whose cluster is the lab. */
export interface E2e {
  lab: Lab;
  job: Job;
  /** A job of another run on the same pool, on a machine of its own. */
  otherJob(run: number, change: Record<string, string>): Job;
  record(): Promise<Recorded>;
  /** Of the record, what Google Cloud knows of the node pool: cheap enough to be asked for again and again. */
  pool(): Promise<Pick<Recorded, 'nodes' | 'target' | 'sizes'>>;
  /** Everything a person or a later step could read. */
  everythingSaid(...logs: string[]): string;
  stop(): Promise<void>;
}

export interface Recorded {
  nodes: string[];
  target: number;
  /** `pool=size` of every accepted resize, in order. */
  sizes: string[];
  comments: { body: string; edits: number }[];
  issues: { title: string; body: string; edits: number }[];
  kube: { method: string; path: string; status: number }[];
  gcp: { method: string; path: string }[];
  registry: { method: string; path: string; registry: string; credentials: boolean }[];
}

/** `inferenceScale` as high as the lab can follow, and lower for those that measure: the lab shares this machine. */
export async function startE2e(
  scenario: string | Scenario,
  inputs: Record<string, string> = {},
  inferenceScale = UNMEASURED_SCALE,
  kserve?: KserveVersion,
): Promise<E2e> {
  const lab = await startLab({
    scenario: typeof scenario === 'string' ? SCENARIOS[scenario]! : scenario,
    ...(kserve ? { kserve } : {}),
    timeScale: UNMEASURED_SCALE,
    inferenceScale,
    isOneProcess: inferenceScale === UNMEASURED_SCALE,
    isReused: true,
    seed: 7,
    entry: { module: CLI, args: ['lab-process'] },
  });
  const newJob = (change: Record<string, string>, env: Record<string, string> = {}) =>
    fakeRunner({
      env: { ...lab.env, ...env },
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
        // Load costs both cores while it lasts, so that runs whose figures nobody reads have little of it.
        ...(inferenceScale === UNMEASURED_SCALE
          ? { 'pair-duration': '1s', pairs: '3-3', 'latency-duration': '1s', concurrency: '2' }
          : { 'pair-duration': '2s', pairs: '4-8', 'latency-duration': '3s' }),
        'goodput-slo': 'off',
        ...inputs,
        ...change,
      },
    });
  const job = newJob({});
  const jobs = [job];
  return {
    lab,
    job,
    async pool() {
      return poolOf((await (await fetch(`${lab.gcp.controlUrl}/record`)).json()) as GcpRecord);
    },
    async record() {
      const { gcp, github, kube } = await lab.record();
      return {
        ...poolOf(gcp),
        comments: github.comments,
        issues: github.issues,
        kube: kube.requests,
        gcp: gcp.requests,
        registry: gcp.registry.requests,
      };
    },
    everythingSaid: (...logs) =>
      [
        ...logs,
        job.summary('main'),
        job.summary('post'),
        JSON.stringify(job.outputs()),
        JSON.stringify(job.state()),
      ].join('\n'),
    otherJob(run, change) {
      const other = newJob(change, { GITHUB_RUN_ID: String(run), GITHUB_RUN_NUMBER: '413' });
      jobs.push(other);
      return other;
    },
    async stop() {
      for (const each of jobs) each.close();
      await lab.stop();
    },
  };
}

function poolOf({ nodes, targetSize, resizes }: GcpRecord): Pick<Recorded, 'nodes' | 'target' | 'sizes'> {
  return {
    nodes: nodes[LAB.nodePool] ?? [],
    target: targetSize[LAB.nodePool] ?? 0,
    sizes: resizes.map(({ pool, nodeCount }) => `${pool}=${nodeCount}`),
  };
}

export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + MINUTES;
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error(`waited a minute for ${what}`);
    await new Promise((done) => setTimeout(done, 150));
  }
}

/** The rendered text without the non-breaking spaces that hold a number and its unit together. */
export function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ');
}
